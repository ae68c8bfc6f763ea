"""Reading a statement: which thing has which value of which attribute, and which things are said to be absent.

A chunker of rules, not a parser: it knows determiners, the words of `vocabulary` and the order of English words
("a red bus", "the bus is red", "a man in a hat, sitting"). A value without a clear noun hangs on none, because a value
on the wrong noun raises a false alarm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache

from .grammar import (
    ALIGNED_ONLY,
    ALSO_NOUNS,
    CONJUNCTIONS,
    DEPICTIONS,
    EVERYWHERE,
    KINDS,
    OTHERS,
    PLACE_WORDS,
    PLACES,
    QUALITIES,
    SENTENCE_ENDS,
    SHOWING,
    SKY,
    STOPS,
    THROUGH,
    WEATHER_WORDS,
)
from .morphology import lemma
from .sentences import words_and_stops
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
_MOST_FACTS = 16  # about one thing on one scale; a sensible statement has one or two
_MOST_DIGITS = 4  # a longer number is a name, not a count


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

    `tokens` are its words with phrases joined, without punctuation, `lemmas` their base forms, `vocabulary` each of
    those once, `things` the noun that the value at a token's place belongs to. `facts` are by (thing, scale). `present`
    and `absent` are the things that are named or denied, with their kinds. `sides` are the groups, by scale, of side
    words that say which thing is meant ("the man on the left"). `subject` is the thing that the statement is about,
    narrowed down by its kinds, "" where that is unclear, and `head` its noun in base form; `about_frame` says that it
    is the picture itself.
    """

    tokens: tuple[str, ...]
    lemmas: tuple[str, ...]
    vocabulary: frozenset[str]
    things: Mapping[int, str]
    facts: Mapping[tuple[str, str], tuple[Fact, ...]]
    fact_keys: frozenset[tuple[str, str]]
    present: Mapping[str, Set[frozenset[str]]]
    absent: Mapping[str, Set[frozenset[str]]]
    sides: Mapping[str, frozenset[str]]
    subject: str
    subject_kinds: frozenset[str]
    head: str
    about_frame: bool


def read(statement: str) -> Reading:
    """Read a statement; the result is cached. Never raises, whatever the text."""
    return _read(statement[:LONGEST])


@lru_cache(maxsize=_CACHED)
def _read(statement: str) -> Reading:
    return _Reader(join_phrases(words_and_stops(statement))).reading()


def join_phrases(words: list[str]) -> list[str]:
    """Words with the phrases of the vocabulary joined by underscores: "turned", "on" -> "turned_on"."""
    starts = [place for place, word in enumerate(words) if word in PHRASES and _phrase_at(words, place)]
    if not starts:
        return words
    joined: list[str] = []
    end = 0
    for start in starts:
        if start >= end:
            phrase = _phrase_at(words, start)
            joined += words[end:start]
            joined.append("_".join(phrase))
            end = start + len(phrase)
    return joined + words[end:]


def _phrase_at(words: list[str], place: int) -> tuple[str, ...]:
    """The longest phrase that begins at a place, () where there is none."""
    following = words[place + 1] if place + 1 < len(words) else ""
    for phrase in PHRASES[words[place]].get(following, ()):
        if tuple(words[place : place + len(phrase)]) == phrase:
            return phrase
    return ()


@lru_cache(maxsize=8192)
def values_of(word: str) -> tuple[Value | Quantity, ...]:
    """The values that a word gives, by its own form or its base form; also a number in digits."""
    if word.isdecimal():
        return (Quantity(int(word), int(word)),) if len(word) <= _MOST_DIGITS else ()
    found: tuple[Value | Quantity, ...] = VALUES.get(word, ())
    if word in QUANTITIES:
        found = (*found, QUANTITIES[word])
    if not found and (base := lemma(word)) != word:
        found = VALUES.get(base, ())
    return found


# --- reading ----------------------------------------------------------------------------------------------------


def _kind(word: str) -> str:
    """Which handler of `_Reader` takes a word."""
    known = KINDS.get(word)
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
        self.tokens = tuple([word for word in words if word not in STOPS])
        self.facts: dict[tuple[str, str], list[Fact]] = defaultdict(list)
        self.things: dict[int, str] = {}
        self.present: dict[str, set[frozenset[str]]] = defaultdict(set)
        self.absent: dict[str, set[frozenset[str]]] = defaultdict(set)
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
        lemmas = tuple(map(lemma, self.tokens))
        return Reading(
            tokens=self.tokens,
            lemmas=lemmas,
            vocabulary=frozenset(lemmas),
            things=self.things,
            facts={key: tuple(dict.fromkeys(facts))[:_MOST_FACTS] for key, facts in self.facts.items()},
            fact_keys=frozenset(self.facts),
            present=self.present,
            absent=self.absent,
            sides=self.sides,
            subject=self.first.thing if self.first else "",
            subject_kinds=self.first.kinds if self.first else frozenset(),
            head=self.first.noun if self.first else "",
            about_frame=self.first.is_frame if self.first else self._opens_with_frame(),
        )

    def _opens_with_frame(self) -> bool:
        opening = [word for word in self.tokens[:8] if _kind(word) in ("noun", "value")]
        return any(lemma(word) in FRAME_NOUNS for word in opening[:2])

    # --- a noun phrase ends

    def _close(self) -> _Noun | None:
        """End the noun phrase under way and hang its values; the noun, or None where there was none."""
        phrase = self.phrase
        if not (phrase.nouns or phrase.values or phrase.determined or phrase.denied or phrase.other):
            return None
        self.phrase = _Phrase([], [])
        if not phrase.nouns and (phrase.determined or self.hanging or self.main is None):
            _take_last_value_for_noun(phrase)
        if not phrase.nouns:
            self._stray(phrase.values)
            return None
        if self.hanging and lemma(phrase.nouns[-1]) in PLACES:
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
                _add(self.absent[noun.thing], noun.kinds)
            return
        if not noun.is_frame:
            _add(self.present[noun.thing], noun.kinds)
        if phrase.other:
            return
        for word, place in phrase.values:
            acting = not phrase.determined and _is_pose(word) and place < len(self.tokens) - 1
            self._hang(word, place, animate if animate and acting else noun)
        if noun.noun in QUALITIES and (owner := self.subject or self.main) and owner is not noun:
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
            if value.scale not in ALIGNED_ONLY:
                thing, kinds = _owner(value, word, noun)
                fact = Fact(noun.noun, thing, kinds, value, word, self.negated and self.predicate)
                self.facts[thing, value.scale].append(fact)

    # --- one method for each kind of word

    def _on_stop(self, word: str, place: int) -> None:
        if word == "," and self._lists_values() and not (self.hanging and self.phrase.values[-1][0] in ALSO_NOUNS):
            return
        self._close()
        self.negated = self.relative = self.hanging = self.object = False
        if word in SENTENCE_ENDS:
            self.antecedent = self.main or self.antecedent
            self._begin_sentence()

    def _on_determiner(self, word: str, place: int) -> None:
        self._close()
        self.phrase = _Phrase([], [], determined=True, denied=self.previous in NEGATORS, other=word in OTHERS)
        self.predicate = self.predicate and self.hanging  # "is on the left" still speaks of the subject

    def _on_negator(self, word: str, place: int) -> None:
        if word in ("not", "never", "hardly", "no_longer"):
            self.negated = True
            return
        self._close()
        self.hanging = self.hanging or word == "without"
        nobody = ["person"] if word in ("nobody", "no_one") else []
        self.phrase = _Phrase([], nobody, determined=True, denied=True)

    def _on_copula(self, word: str, place: int) -> None:
        self._close()
        if self.there:
            self.there = False
            return
        fresh = self.previous in STOPS or self.previous in CONJUNCTIONS
        subject = self.last if self.relative else (self.main if fresh else self.host) or self.main
        self.subject = None if subject and subject.denied else subject
        self.predicate, self.relative, self.hanging, self.object = True, False, False, False

    def _on_there(self, word: str, place: int) -> None:
        self._close()
        self.there = True

    def _on_relative(self, word: str, place: int) -> None:
        self._close()
        self.relative, self.predicate, self.hanging = True, False, False

    def _may_be_complete(self) -> bool:
        """Whether the last value may be the noun itself: "the man on the left | sits"."""
        return self.phrase.determined and bool(self.phrase.values) and self.phrase.values[-1][0] in ALSO_NOUNS

    def _lists_values(self) -> bool:
        """Whether the noun is still to come: "a large, ..." and "a red and ..."."""
        return bool(self.phrase.values) and not self.phrase.nouns

    def _on_conjunction(self, word: str, place: int) -> None:
        if word in ("and", "or") and self._lists_values():
            return
        closed = self._close()
        if word in ("or", "nor") and closed and closed.denied:
            self.phrase.denied = True  # "without a hat or glasses"
        self.hanging = self.object = False
        if word not in ("and", "or"):
            self.predicate = self.negated = False

    def _on_preposition(self, word: str, place: int) -> None:
        closed = self._close()
        self.through = word == "of" and closed is not None and closed is self.host and closed.noun in THROUGH
        self.hanging = True

    def _on_pronoun(self, word: str, place: int) -> None:
        self._close()
        self.main = self.main or self.antecedent
        self.host = self.main

    def _on_value(self, word: str, place: int) -> None:
        if self.phrase.nouns and word in ALSO_NOUNS:
            self.phrase.nouns.append(word)
        elif self.phrase.nouns or (_is_pose(word) and self._may_be_complete()):
            closed = self._close()
            owner = self.animate if _is_pose(word) and self.animate else closed
            if owner:
                self._hang(word, place, owner)
            self.object = True
        elif self.predicate and not self.phrase.determined and not self.hanging:
            if self.subject:
                self._hang(word, place, self.subject)
        else:
            self.phrase.other = self.phrase.other or word in OTHERS
            self.phrase.values.append((word, place))

    def _on_verb(self, word: str, place: int) -> None:
        self._close()
        self.predicate = self.hanging = False
        self.object = True
        if lemma(word) in SHOWING and self.main and self.main.noun in DEPICTIONS:
            if self.first is self.main:
                self.first = None
            self.main = self.host = None
            self.object = False

    def _on_participle(self, word: str, place: int) -> None:
        if not self.phrase.determined or self.phrase.nouns:
            self._on_verb(word, place)

    def _on_aside(self, word: str, place: int) -> None:
        if word in OTHERS:
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


def _add(known: set[frozenset[str]], kinds: frozenset[str]) -> None:
    if len(known) < _MOST_FACTS:
        known.add(kinds)


_NO_KINDS: frozenset[str] = frozenset()


def _take_last_value_for_noun(phrase: _Phrase) -> None:
    """In "a light" and "on the left" the value is the noun; words for a place stay values as well."""
    if phrase.values and phrase.values[-1][0] in ALSO_NOUNS:
        phrase.nouns.append(phrase.values[-1][0])
        if lemma(phrase.nouns[-1]) not in PLACES:
            phrase.values.pop()


@lru_cache(maxsize=8192)
def _handler(word: str) -> Callable[[_Reader, str, int], None]:
    return _HANDLERS[_kind(word)]


@lru_cache(maxsize=8192)
def _is_pose(word: str) -> bool:
    return any(value.attribute == "pose" for value in values_of(word))


def _noun_of(phrase: _Phrase) -> _Noun:
    head = lemma(phrase.nouns[-1])
    concept = CONCEPTS.get(head)
    if concept is None and len(phrase.nouns) == 1:
        return _Noun(head, head, _NO_KINDS, phrase.denied)
    thing, *kinds = concept or (head,)
    return _Noun(head, thing, frozenset((*kinds, *map(lemma, phrase.nouns[:-1]))), phrase.denied)


def _owner(value: Value | Quantity, word: str, noun: _Noun) -> tuple[str, frozenset[str]]:
    """The thing that a value is compared under: weather, time and place belong to the whole picture."""
    if value.attribute in EVERYWHERE or (value.attribute == "place" and word in PLACE_WORDS):
        return "", frozenset()
    if value.attribute == "weather" and (noun.noun in SKY or word in WEATHER_WORDS):
        return "sky", frozenset()
    return noun.thing, noun.kinds
