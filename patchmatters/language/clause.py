"""The clause of a sentence: where its finite verb stands, and which noun phrase opens it.

Tables and a few rules of order, no parser: an act in -s after a noun is a verb, after "the", "with" or "white" it is a
plural ("white lines"); a bare act is one only after many ("the trees fill"). Of words that are nouns at least as often
("lights", "line") what follows decides: only a verb has "the" after it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from .grammar import ALSO_NOUNS, COPULAS, DETERMINERS, PLACES, PREPOSITIONS, VERBS
from .morphology import lemma, word_set
from .sentences import words_and_stops
from .vocabulary import QUANTITIES, VALUES

ACTS = word_set(
    """
    stand sit lie hang hold lean rest wear look walk run stretch extend lead cover fill surround line cross peek stick
    rise reach touch overlook face carry read say point glow shine reflect cast drape adorn dot frame form flow fall
    grow bloom tower loom dominate occupy support connect separate divide block obscure hide reveal gaze stare watch
    smile laugh clap play sing speak talk eat drink ride drive push pull jump fly float swim sleep kneel crouch bend
    span curve wrap fade merge pass begin end start top cap hug flank meet join share bear give make take keep show use
    protrude emerge descend ascend drip spill pour gather crowd dance pose perform wait turn follow climb lift rear
    contain include feature display depict have seem appear remain consist provide add create
    """
)
_MORE_ACTS = word_set(
    """
    let raise enter contrast decorate project grip shelter hover perch lurk curl weave cling clutch grasp clasp place
    shimmer glisten gleam glitter sparkle flicker burn enclose encircle engulf cascade swirl sway dangle prepare serve
    stir write draw throw catch chase browse sip lick chew bite sniff bark howl yawn blink wink grin frown nod kiss
    embrace greet converse discuss listen observe inspect examine work repair fix build wash wipe sweep dig collect
    move approach depart arrive soar glide swoop sail cruise boast lack belong nestle huddle scatter strew resemble
    echo bring allow help protect expose lend shed emit radiate bounce indicate suggest imply spell identify advertise
    spread open close complete enhance highlight emphasize attach sprout taper blend overlap overhang accentuate
    complement illuminate brighten stream peer sink dip dress tuck get go come leave need want try lay set become
    happen occur grip mount recede intersect converge diverge wind tie rub pat hit focus focuse kick crash strike
    graze roam wander stroll march jog race speed gallop trot leap dive splash skate ski surf pedal steer tow haul drag
    unload sell buy buzz whirl spin rotate tilt slope slant tumble dissolve vanish disappear reappear loop zigzag snake
    wave bow crane illustrate represent portray capture present convey evoke depend rely continue
    cease stop act function
    """
)
# Nouns at least as often as verbs.
_ALSO_NOUNS = word_set(
    """
    line light plant frame sign step hand face spot roll paper post drink park shade block side top cap cover back mark
    stack pack paint board wave shadow beam edge rim coat crowd cluster bench point dot display form span cross pass
    support share end start play dance pose feature view show bend curve tower rear work sail sink dress loop tie
    snake bow crane close open set lay stream dive race speed slope spread leave look watch ride drive fall rest run
    stick walk turn use bloom tie function act kick slant stop cap sip bite nod kiss grip project contrast shelter
    """
)
# ... but in -s after a noun rather verbs ("a cat rests", "a sign points"), or plurals.
_VERBS_IN_S = word_set(
    "point rest run watch look stick walk turn fall contrast project shelter grip use feature display show work play "
    "support form curve bend stop spread sink dive open close lay set"
)
# Finite wherever they stand, but after "to".
_FINITE = (COPULAS - {"being", "been", "having"}) | word_set(
    "is are was were am be has have had can could may might must will would should does do did sat stood lay wore ran "
    "took held_up seems appears looks"
)
_SUBORDINATORS = word_set(
    "which that who whom whose where while when as if though although because since until unless whether than so "
    "as_if as_though whereas"
)
_MANY = word_set(
    "two three four five six seven eight nine ten eleven twelve several many few various multiple numerous both people "
    "men women children they we most countless"
)
_SINGLES = word_set("a an one this that each every another someone somebody everyone nobody")
# An object or a way follows a verb; "in", "on", "at", "of", "with" follow nouns as well.
_OBJECTS = DETERMINERS | QUANTITIES.keys() | word_set("it them him her someone somebody")
_WAYS = word_set(
    "across over through into onto from toward towards along down up past behind beside above below around out off"
)
_MOTIONS = word_set("across over through into onto toward towards past along down up")
_NO_VERBS = word_set(
    "visible close parallel halfway high low far deep partly just back out right left built set hung seen cut made "
    "shown drawn spread thrown stuck laid bent worn torn held lit strewn woven grown taken and or with without in on at"
    " of to"
)
_CLOSING = frozenset(",;:.!?()")
_BEGINNINGS = frozenset(("", *_CLOSING)) - {",", ")"}  # what stands before the first word of a clause
_QUOTED = re.compile(r"[\"\u201c][^\"\u201c\u201d]{0,200}[\"\u201d]")


@dataclass(frozen=True, slots=True)
class Clause:
    """What was found of a sentence: its words and stops, the place of its finite verb (-1: none), its opening phrase.

    `head` is the place of the noun that the opening noun phrase ends with, -1 where no noun opens the sentence.
    """

    words: tuple[str, ...]
    verb: int
    head: int


def clause_of(sentence: str) -> Clause:
    """Where the finite verb of a sentence is, outside relative and other clauses that hang on it."""
    return _clause(sentence[:_LONGEST])


_LONGEST = 2000  # characters; what has no verb until then gets none


@lru_cache(maxsize=4096)
def _clause(sentence: str) -> Clause:
    said = tuple(words_and_stops(_QUOTED.sub(" name ", sentence)))
    return Clause(said, _verb(said), _head(said))


def is_plural(word: str) -> bool:
    """Whether a word is a noun in the plural, as far as its form tells."""
    return word in ("people", "men", "women", "children") or (word.endswith("s") and lemma(word) != word)


def describes(word: str) -> bool:
    """Whether a word before a noun only describes it: "white", "two", "very", "parked"."""
    if word in VALUES or word in QUANTITIES or word.isdigit():
        return word not in ALSO_NOUNS and word not in PLACES
    return len(word) > 4 and (word.endswith("ly") or (word.endswith(("ed", "ing")) and lemma(word) != word))


def _verb(said: tuple[str, ...]) -> int:
    """The place of the first finite verb of the main clause, -1 for none."""
    hanging = spent = False  # within a clause that hangs on the main one; and past its verb
    for place, word in enumerate(said):
        before = said[place - 1] if place else ""
        if word in _CLOSING:
            hanging = False
        elif word in _SUBORDINATORS and (place or word in ("while", "when", "as", "if", "although", "because")):
            hanging, spent = True, False
        elif _is_finite(said, place):
            if not hanging or (spent and before not in ("and", "or", "but")):
                return place
            spent = True
    return -1


def _is_finite(said: tuple[str, ...], place: int) -> bool:
    word = said[place]
    before, after = said[place - 1] if place else "", said[place + 1] if place + 1 < len(said) else ""
    if word in _FINITE:
        return before != "to"
    if before in PREPOSITIONS or before in DETERMINERS or before in _BEGINNINGS:
        return False
    if describes(before) and not _stands_as_noun(before):
        return False
    if word.endswith("s") and lemma(word) != word:
        return _is_third_person(said, place, after)
    return _is_bare_act(said, place, after)


def _stands_as_noun(word: str) -> bool:
    """Whether a word that describes may be what acts: "two stand", "a man sitting holds", "the number 7 hangs"."""
    return word.endswith("ing") or word in _MANY or word.isdigit()


def _is_third_person(said: tuple[str, ...], place: int, after: str) -> bool:
    base = lemma(said[place])
    if said[place - 1] in QUANTITIES:
        return False
    if base in ACTS or base in _MORE_ACTS:
        return base not in _ALSO_NOUNS or base in _VERBS_IN_S or after in _OBJECTS or after in _MOTIONS
    if said[place] in VERBS or after in DETERMINERS:
        return True
    return after in _MOTIONS and said[0] in _ONE and not _IN_COMPANY.intersection(said[:place])


_ONE = _SINGLES | {"the"}
_IN_COMPANY = frozenset(("with", "of", "and"))


def _is_bare_act(said: tuple[str, ...], place: int, after: str) -> bool:
    word, before = said[place], said[place - 1]
    if word in ACTS or word in _MORE_ACTS or word in VERBS:
        sure = word not in _ALSO_NOUNS or after in _OBJECTS or is_plural(before)
        return sure and not word.endswith(("ed", "ing")) and _are_many(said[:place])
    unknown = not (word in _NO_VERBS or word in _WAYS or word in _CLOSING or word.endswith(("ed", "ing", "ly", "s")))
    return unknown and is_plural(before) and after in _WAYS and word not in PREPOSITIONS


def _are_many(before: tuple[str, ...]) -> bool:
    """Whether the subject among these words may be many: "six bells of bronze", "a man and a dog"."""
    if before[0] in PREPOSITIONS and "," in before[:-1]:  # "On the roof, six bells hang"
        before = before[before.index(",") + 1 :]
    head = _head(before)
    return (
        is_plural(before[-1])
        or before[-1] in _MANY
        or (head >= 0 and is_plural(before[head]))
        or not _MANY.isdisjoint(before[: max(head, 0) + 1])
        or "and" in before
    )


_GROUPS = word_set("pair couple trio duo crowd dozen")


def _head(said: tuple[str, ...]) -> int:
    """The place of the noun that the opening noun phrase ends with; -1 where the sentence opens otherwise."""
    head = -1
    for place, word in enumerate(said):
        if word in DETERMINERS or word in _SINGLES or (word in QUANTITIES and word not in _GROUPS):
            if head >= 0:
                break
        elif word in (",", "and", "or"):
            if head >= 0 or not place or not describes(said[place - 1]):
                break
        elif word in _CLOSING or word in PREPOSITIONS or word in _SUBORDINATORS or word in COPULAS or word in _FINITE:
            break
        elif word not in _GROUPS and describes(word) and (head >= 0 or word.endswith("ly")):
            if word.endswith("ly") and head < 0:
                continue
            break
        elif word in _GROUPS or not describes(word):
            if head >= 0 and _is_finite(said, place):
                break
            head = place
    return head
