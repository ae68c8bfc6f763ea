"""Reading a statement: which thing has which value of which attribute, and which things are said to be absent.

A chunker of rules, not a parser: it knows determiners, the words of `vocabulary` and the order of English words
("a red bus", "the bus is red", "a man in a hat, sitting"). A value without a clear noun hangs on none, because a value
on the wrong noun raises a false alarm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from .morphology import lemma, word_set
from .sentences import FUNCTION_WORDS, words_and_stops
from .vocabulary import (
    ANIMATE,
    CONCEPTS,
    FRAME_NOUNS,
    LIGHT_OBJECTS,
    NEGATORS,
    PHRASES,
    QUANTITIES,
    VALUES,
    Quantity,
    Value,
)

LONGEST = 20_000  # characters of a statement that are read; what is longer is a text, not a statement
_CACHED = 4096  # statements; an image of 5 patches has some 200
_MOST_EXACT = 10_000  # a larger number in digits is a name, not a count


@dataclass(frozen=True, slots=True)
class Fact:
    """A thing has (or, negated, has not) a value.

    `noun` is the word for it, `thing` what it is compared as ("man" as "person"); `kinds` narrow that down: a *traffic*
    light, a person *male*.
    """

    noun: str
    thing: str
    kinds: frozenset[str]
    value: Value | Quantity
    word: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a statement.

    `tokens` are its words with phrases joined, without punctuation, `lemmas` their base forms, `things` the noun that
    the value at a token's place belongs to. `facts` are by (thing, scale). `present` and `absent` are the things that
    are named or denied, with their kinds. `sides` are the groups, by scale, of side words that say which thing is meant ("the
    man on the left"). `subject` is the thing that the statement is about, narrowed down by its kinds, "" where that is unclear; `about_frame` says that it is the picture itself.
    """

    tokens: tuple[str, ...]
    lemmas: tuple[str, ...]
    things: Mapping[int, str]
    facts: Mapping[tuple[str, str], tuple[Fact, ...]]
    fact_keys: frozenset[tuple[str, str]]
    present: Mapping[str, frozenset[str]]
    absent: Mapping[str, frozenset[str]]
    sides: Mapping[str, frozenset[str]]
    subject: str
    subject_kinds: frozenset[str]
    about_frame: bool


def read(statement: str) -> Reading:
    """Read a statement; the result is cached. Never raises, whatever the text."""
    return _read(statement[:LONGEST])


@lru_cache(maxsize=_CACHED)
def _read(statement: str) -> Reading:
    return _Reader(join_phrases(words_and_stops(statement))).reading()


def join_phrases(words: list[str]) -> list[str]:
    """Words with the phrases of the vocabulary joined by underscores: "turned", "on" -> "turned_on"."""
    pairs = [*pairwise(words), ("", "")]
    if PHRASES.keys().isdisjoint(pairs):
        return words
    joined: list[str] = []
    place = 0
    while place < len(words):
        phrase = next((one for one in PHRASES.get(pairs[place], ()) if _stands_at(one, words, place)), None)
        joined.append("_".join(phrase) if phrase else words[place])
        place += len(phrase) if phrase else 1
    return joined


def _stands_at(phrase: tuple[str, ...], words: list[str], place: int) -> bool:
    return tuple(words[place : place + len(phrase)]) == phrase


@lru_cache(maxsize=8192)
def values_of(word: str) -> tuple[Value | Quantity, ...]:
    """The values that a word gives, by its own form or its base form; also a number in digits."""
    if word.isdecimal() and len(word) < 6:
        return (Quantity(int(word), int(word)),) if int(word) <= _MOST_EXACT else ()
    found: tuple[Value | Quantity, ...] = VALUES.get(word, ())
    if word in QUANTITIES:
        found = (*found, QUANTITIES[word])
    if not found and (base := lemma(word)) != word:
        found = VALUES.get(base, ())
    return found


# --- kinds of words ---------------------------------------------------------------------------------------------

_STOPS = frozenset(",;:.!?()\u3001\u3002")
_SENTENCE_ENDS = frozenset(".!?\u3002")
_DETERMINERS = word_set(
    "a an the this that these those his her its their my our your some any each every another whose"
)
_COPULAS = word_set(
    """
    is are was were be been being am appear appears appeared seem seems seemed looks remains remain feels becomes stays
    made_of made_out_of
    """
)
_RELATIVES = word_set("which who that")
_PRONOUNS = word_set("it they he she")
_CONJUNCTIONS = word_set("and or but while whereas as when where with_ because although though so yet if than then")
_PREPOSITIONS = word_set(
    """
    of in on at to from by for with without within into onto upon about against between among through during before
    after over under across along around toward towards off out up down near via per like behind beside above below
    beneath underneath inside outside next in_front_of on_top_of next_to atop in_back_of amid amidst despite including
    out_of looking_at facing away_from such_as
    """
)
# Finite verbs of captions; a word in -ing or -ed after a noun is taken for a verb anyhow.
_VERBS = word_set(
    """
    has have had having shows show features feature displays display depicts captures capture includes include contains
    adds add creates create gives give provides provide suggests suggest indicates indicate implies evoke evokes casts
    consists leads lead reads says makes make stretches stretch surrounds surround lines fills covers cover reveals
    wears wear rests faces extends emphasize
    emphasizes enhances enhance contributes contribute conveys convey paints highlights appears allows allow serves
    serve can could may might must will would should does do did supports complements dominates overlooks
    """
)
# Words of the vocabulary that may also be the noun itself: "a light", "the left", "a glass of water".
_ALSO_NOUNS = word_set(
    """
    light glass metal wood stone brick concrete leather paper cardboard rubber rock granite marble grass dirt sand carpet
    tile fabric cloth cotton silk wool plastic steel iron gold silver bronze copper chrome orange peach rose cream rust
    square oval top bottom left right front back rear center centre middle edge corner edges corners border base
    foreground background backdrop interior exterior inside outside day daytime night nighttime morning afternoon
    evening noon dusk dawn sunset sunrise daylight sunlight sunshine city country spring summer winter fall autumn seat
    adult baby toy couple pair crowd dozen trio duo home business stripes dark
    medium north south east west lime olive mint bamboo pine oak denim slate charcoal chocolate lemon cherry plum bricks
    newborn senior juvenile salmon khaki whole half side
    """
)
_ASIDE = word_set("not also too very quite rather just only even still already again ever really more most much well")
_PLACES = word_set(
    "side corner part edge half area portion section end left right top bottom center centre middle front back rear "
    "foreground background hand third quarter"
)
# "the color of the bus", "a group of people": what is said of these is said of what follows "of".
_THROUGH = word_set(
    "color colour shade tone group bunch couple pair piece kind type row series variety number lot set crowd image "
    "photo photograph picture snapshot shot view scene close_up"
)
_QUALITIES = word_set("color shade tone hue size shape style design look appearance state position finish expression")
_SHOWING = word_set("show depict feature display present portray capture include contain reveal focus have illustrate")
_OTHERS = word_set("another other others one second former latter")

_SKY = word_set("sky weather day cloud condition afternoon morning")
# These speak of the weather even away from a word for the sky.
_WEATHER_WORDS = word_set("sunny overcast cloudy rainy snowy foggy cloudless stormy raining snowing")
_PLACE_WORDS = word_set("indoor indoors outdoor outdoors urban rural")
_EVERYWHERE = frozenset(("time of day", "season"))
_ALIGNED_ONLY = frozenset(
    ("side/over", "side/before", "side/containment", "side/vertically", "side/direction", "side/approach", "power/power",
     "side/distance", "pose/attention", "pose/gaze", "pose/transport", "pose/activity", "pose/grip", "number/share",
     "number/many", "state/completeness", "state/similarity", "number/order", "side/edge")
)  # fmt: skip


def _kinds_of_words() -> dict[str, str]:
    """Which handler of `_Reader` takes a function word; later lines win."""
    table: dict[str, str] = dict.fromkeys(FUNCTION_WORDS - QUANTITIES.keys(), "aside")
    for kind, members in (
        ("verb", _VERBS), ("preposition", _PREPOSITIONS), ("conjunction", _CONJUNCTIONS), ("relative", _RELATIVES),
        ("pronoun", _PRONOUNS), ("determiner", _DETERMINERS - {"that", "whose"}), ("copula", _COPULAS),
        ("negator", NEGATORS), ("aside", _ASIDE - {"not"}), ("stop", _STOPS),
    ):  # fmt: skip
        table.update(dict.fromkeys(members, kind))
    table["there"] = "there"
    return table


_KINDS = _kinds_of_words()


def _kind(word: str) -> str:
    known = _KINDS.get(word)
    if known is not None:
        return known
    if values_of(word):
        return "value"
    if any(map(str.isdigit, word)):
        return "literal"
    if word.endswith("ly") and len(word) > 4:
        return "aside"
    if len(word) > 4 and word.endswith(("ing", "ed")) and lemma(word) != word:
        return "participle"
    return "noun"


# --- reading ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Noun:
    """A noun phrase: its noun in base form, its thing, what narrows it down, and whether it was denied."""

    noun: str
    thing: str
    kinds: frozenset[str]
    denied: bool = False

    @property
    def is_frame(self) -> bool:
        return self.noun in FRAME_NOUNS and not (self.noun == "light" and self.kinds & LIGHT_OBJECTS)


@dataclass(slots=True)
class _Phrase:
    """A noun phrase under way."""

    values: list[tuple[str, int]]
    nouns: list[str]
    determined: bool = False
    denied: bool = False
    other: bool = False


class _Reader:
    """Walks over the words once, keeping in mind the noun phrases that a later word may speak of.

    Of the sentence under way: `main` is its first noun that hangs on no preposition, `host` the latest such noun,
    `last` the latest noun of any kind, `animate` the latest person or animal, `subject` what a predicate speaks of.
    """

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.tokens = tuple(word for word in words if word not in _STOPS)
        self.facts: dict[tuple[str, str], list[Fact]] = defaultdict(list)
        self.things: dict[int, str] = {}
        self.present: dict[str, list[frozenset[str]]] = defaultdict(list)
        self.absent: dict[str, list[frozenset[str]]] = defaultdict(list)
        self.sides: dict[str, frozenset[str]] = {}
        self.first: _Noun | None = None
        self.antecedent: _Noun | None = None
        self.phrase = _Phrase([], [])
        self.previous = "."
        self._begin_sentence()

    def _begin_sentence(self) -> None:
        self.main: _Noun | None = None
        self.host: _Noun | None = None
        self.last: _Noun | None = None
        self.animate: _Noun | None = None
        self.subject: _Noun | None = None
        self.predicate = self.relative = self.negated = self.there = False
        self.hanging = self.through = self.object = False

    def reading(self) -> Reading:
        place = 0
        for word in self.words:
            handle = _handler(word)
            handle(self, word, place)
            self.previous = word
            place += handle is not _Reader._on_stop
        self._close()
        return Reading(
            tokens=self.tokens,
            lemmas=tuple(map(lemma, self.tokens)),
            things=self.things,
            facts={key: tuple(facts) for key, facts in self.facts.items()},
            fact_keys=frozenset(self.facts),
            present=self.present,
            absent=self.absent,
            sides=self.sides,
            subject=self.first.thing if self.first else "",
            subject_kinds=self.first.kinds if self.first else frozenset(),
            about_frame=self.first.is_frame if self.first else self._opens_with_frame(),
        )

    def _opens_with_frame(self) -> bool:
        opening = [word for word in self.tokens[:8] if _kind(word) in ("noun", "value")]
        return any(lemma(word) in FRAME_NOUNS for word in opening[:2])

    # --- a noun phrase ends

    def _close(self) -> _Noun | None:
        """End the noun phrase under way and hang its values; the noun, or None where there was none."""
        phrase, self.phrase = self.phrase, _Phrase([], [])
        if not phrase.nouns and (phrase.determined or self.hanging or self.main is None):
            _take_last_value_for_noun(phrase)
        if not phrase.nouns:
            self._stray(phrase.values)
            return None
        if self.hanging and lemma(phrase.nouns[-1]) in _PLACES:
            self.hanging = False
            self._stand_at(phrase.values)
            return None
        noun = _noun_of(phrase)
        self._settle(noun, phrase)
        return noun

    def _settle(self, noun: _Noun, phrase: _Phrase) -> None:
        """Give a noun phrase its part in the sentence and its values their noun."""
        animate = self.animate
        self._take_part(noun)
        if phrase.denied:
            plain = all(value.scale == "state/sight" for word, _ in phrase.values for value in values_of(word))
            if plain and not phrase.other:
                self.absent[noun.thing].append(noun.kinds)
            return
        if not noun.is_frame:
            self.present[noun.thing].append(noun.kinds)
        if phrase.other:
            return
        for word, place in phrase.values:
            acting = not phrase.determined and animate and _is_pose(word) and place < len(self.tokens) - 1
            self._hang(word, place, animate if acting else noun)
        if noun.noun in _QUALITIES and (owner := self.subject or self.main) and owner is not noun:
            for word, place in phrase.values:
                self._hang(word, place, owner)

    def _take_part(self, noun: _Noun) -> None:
        if self.through:
            if self.main is self.host:
                self.main = None
            if self.first is self.host:
                self.first = None
        self.last = noun
        if noun.noun in ANIMATE or noun.thing in ANIMATE:
            self.animate = noun
        if not (self.hanging or self.object) or self.through:
            self.host = noun
            self.main = self.main or noun
            self.first = self.first or noun
        self.hanging = self.through = self.object = False

    def _stray(self, values: list[tuple[str, int]]) -> None:
        """Values without a noun of their own: ", sitting", "parked on", "red and white"."""
        for word, place in values:
            owner = self.animate if _is_pose(word) and self.animate else self.last
            if owner and (_is_pose(word) or word.endswith(("ed", "ing", "en"))):
                self._hang(word, place, owner)

    def _stand_at(self, values: list[tuple[str, int]]) -> None:
        """A phrase such as "on the left side": where the subject is, or else which thing is meant."""
        for word, place in values:
            if self.predicate and self.subject:
                self._hang(word, place, self.subject)
                continue
            for value in values_of(word):
                if isinstance(value, Value) and value.attribute == "side":
                    self.sides[value.scale] = self.sides.get(value.scale, frozenset()) | value.groups

    def _hang(self, word: str, place: int, noun: _Noun) -> None:
        """Record that the noun has the values of a word."""
        self.things[place] = noun.noun
        for value in values_of(word):
            if value.scale not in _ALIGNED_ONLY:
                thing, kinds = _owner(value, word, noun)
                fact = Fact(noun.noun, thing, kinds, value, word, self.negated and self.predicate)
                self.facts[thing, value.scale].append(fact)

    # --- one method for each kind of word

    def _on_stop(self, word: str, place: int) -> None:
        if word == "," and self._lists_values() and not (self.hanging and self.phrase.values[-1][0] in _ALSO_NOUNS):
            return
        self._close()
        self.negated = self.relative = self.hanging = self.object = False
        if word in _SENTENCE_ENDS:
            self.antecedent = self.main or self.antecedent
            self._begin_sentence()

    def _on_determiner(self, word: str, place: int) -> None:
        self._close()
        self.phrase = _Phrase([], [], determined=True, denied=self.previous in NEGATORS, other=word in _OTHERS)
        self.predicate = False

    def _on_negator(self, word: str, place: int) -> None:
        if word in ("not", "never", "hardly", "no_longer"):
            self.negated = True
            return
        self._close()
        self.hanging = self.hanging or word == "without"
        self.phrase = _Phrase([], [], determined=True, denied=True)

    def _on_copula(self, word: str, place: int) -> None:
        self._close()
        if self.there:
            self.there = False
            return
        fresh = self.previous in _STOPS or self.previous in _CONJUNCTIONS
        subject = self.last if self.relative else (self.main if fresh else self.host) or self.main
        self.subject = None if subject and subject.denied else subject
        self.predicate, self.relative, self.hanging, self.object = True, False, False, False

    def _on_there(self, word: str, place: int) -> None:
        self._close()
        self.there = True

    def _on_relative(self, word: str, place: int) -> None:
        self._close()
        self.relative, self.predicate, self.hanging = True, False, False

    def _lists_values(self) -> bool:
        """Whether the noun is still to come: "a large, ..." and "a red and ..."."""
        return bool(self.phrase.values) and not self.phrase.nouns

    def _on_conjunction(self, word: str, place: int) -> None:
        if word in ("and", "or") and self._lists_values():
            return
        self._close()
        self.hanging = self.object = False
        if word not in ("and", "or"):
            self.predicate = self.negated = False

    def _on_preposition(self, word: str, place: int) -> None:
        closed = self._close()
        self.through = word == "of" and closed is not None and closed is self.host and closed.noun in _THROUGH
        self.hanging = True

    def _on_pronoun(self, word: str, place: int) -> None:
        self._close()
        self.main = self.main or self.antecedent
        self.host = self.main

    def _on_value(self, word: str, place: int) -> None:
        if self.phrase.nouns:
            if word in _ALSO_NOUNS:
                self.phrase.nouns.append(word)
                return
            closed = self._close()
            owner = self.animate if _is_pose(word) and self.animate else closed
            if owner:
                self._hang(word, place, owner)
            self.object = True
        elif self.predicate and not self.phrase.determined and not self.hanging:
            if self.subject:
                self._hang(word, place, self.subject)
        else:
            self.phrase.other = self.phrase.other or word in _OTHERS
            self.phrase.values.append((word, place))

    def _on_verb(self, word: str, place: int) -> None:
        self._close()
        self.predicate = self.hanging = False
        self.object = True
        if lemma(word) in _SHOWING and self.main and self.main.is_frame:
            self.main = self.host = None
            self.object = False
            self.first = None if self.first and self.first.is_frame else self.first

    def _on_participle(self, word: str, place: int) -> None:
        if not self.phrase.determined or self.phrase.nouns:
            self._on_verb(word, place)

    def _on_aside(self, word: str, place: int) -> None:
        if word in _OTHERS:
            self.phrase.other = True
        elif self.phrase.nouns:
            self._close()

    def _on_noun(self, word: str, place: int) -> None:
        self.predicate = False
        self.phrase.nouns.append(word)

    def _on_literal(self, word: str, place: int) -> None:
        """A number such as "10:45" or a name such as "a57" says nothing that is compared here."""


_HANDLERS: dict[str, Callable[[_Reader, str, int], None]] = {
    "stop": _Reader._on_stop, "determiner": _Reader._on_determiner, "negator": _Reader._on_negator,
    "copula": _Reader._on_copula, "there": _Reader._on_there, "relative": _Reader._on_relative,
    "conjunction": _Reader._on_conjunction, "preposition": _Reader._on_preposition, "pronoun": _Reader._on_pronoun,
    "value": _Reader._on_value, "verb": _Reader._on_verb, "participle": _Reader._on_participle,
    "aside": _Reader._on_aside, "noun": _Reader._on_noun, "literal": _Reader._on_literal,
}  # fmt: skip


def _take_last_value_for_noun(phrase: _Phrase) -> None:
    """In "a light" and "on the left" the value is the noun; words for a place stay values as well."""
    if phrase.values and phrase.values[-1][0] in _ALSO_NOUNS:
        phrase.nouns.append(phrase.values[-1][0])
        if lemma(phrase.nouns[-1]) not in _PLACES:
            phrase.values.pop()


@lru_cache(maxsize=8192)
def _handler(word: str) -> Callable[[_Reader, str, int], None]:
    return _HANDLERS[_kind(word)]


@lru_cache(maxsize=8192)
def _is_pose(word: str) -> bool:
    return any(value.attribute == "pose" for value in values_of(word))


def _noun_of(phrase: _Phrase) -> _Noun:
    head = lemma(phrase.nouns[-1])
    concept = CONCEPTS.get(head, (head,))
    return _Noun(head, concept[0], frozenset((*concept[1:], *map(lemma, phrase.nouns[:-1]))), phrase.denied)


def _owner(value: Value | Quantity, word: str, noun: _Noun) -> tuple[str, frozenset[str]]:
    """The thing that a value is compared under: weather, time and place belong to the whole picture."""
    if value.attribute in _EVERYWHERE or (value.attribute == "place" and word in _PLACE_WORDS):
        return "", frozenset()
    if value.attribute == "weather" and (noun.noun in _SKY or word in _WEATHER_WORDS):
        return "sky", frozenset()
    return noun.thing, noun.kinds
