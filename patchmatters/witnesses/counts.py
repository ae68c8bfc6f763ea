"""How many: the numbers that statements tell against the boxes of a sighting.

A number is wrong only where it is wrong with every box that may be there and with none of them. It is put right where
the number is certain, and else left out: that there are several is still true.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from ..language.morphology import word_set
from ..language.reading import Reading
from ..language.vocabulary import CARDINALS, Quantity
from ..scene import Box, Detection, Ruling, Testimony, union_of
from .sighting import Sighting, word_of

_UNCERTAIN = 0.7  # how sure a number is of which no box is
_NUMBERS = ("no", *CARDINALS[1:13])
_GROUPS = re.compile(r"\A(?:a|an) (?:[\w-]+ )*(?:of|few|couple)\Z")
_PLURAL_VERB = re.compile(r"\b(?:are|were|have)\b", re.IGNORECASE)
_SINGULAR_VERB = re.compile(r"\b(?:is|was|has)\b", re.IGNORECASE)
_SAYS_THERE_IS = re.compile(
    r"\A(?:there (?:is|are)\b|(?:the|this) (?:image|picture|photo|scene) (?:shows|contains|features|depicts)\b|"
    r"[\w-]+ [\w -]{1,40} (?:is|are) (?:visible|seen|present|shown)\.?\Z)",
    re.IGNORECASE,
)
_SMALL_IN_PICTURE = 0.1  # of the picture's shorter side: what is smaller, detectors miss now and then
_ALIKE = 1.5  # times the size of another up to which two boxes are of a size
_IN_BUNCHES = word_set("banana grape broccoli carrot flower plant")  # of these one box may be several
_APART = 0.2  # share of a box that may lie in its neighbour


def of_number(
    statement: str, reading: Reading, seen: Sighting, side: float, *, bare: bool, grouped: bool
) -> Iterator[Testimony]:
    """More than there may be is wrong; fewer only in a statement that says how many there are, and of no part.

    `grouped` says that `seen` are one group, perhaps one of which the crop shows a part: then a number that is not that
    of the group is wrong, and one that may not be is left out. `side` is the picture's shorter side, in pixels.
    """
    facts = reading.facts.get((seen.label.thing, "count"), ())
    told = [(fact.word, fact.value) for fact in facts if not fact.negated and isinstance(fact.value, Quantity)]
    wrong = [(word, said) for word, said in told if _is_wrong(said, statement, seen, bare=bare, grouped=grouped)]
    for word, said in wrong:
        certain = seen.counted and not (said.low > seen.most and _some_may_be_missed(seen, side))
        change = _with_number if certain else _without_number
        instead = change(statement, word, len(seen.sure))
        yield word_of("count", Ruling.CONTRADICTED, surety(seen), seen, instead=instead)
    right = seen.counted and any(said.low <= len(seen.sure) <= said.high for _, said in told)
    if right and len(seen.sure) > 1 and not wrong:
        yield word_of("count", Ruling.CONFIRMED, surety(seen), seen)


def _is_wrong(said: Quantity, statement: str, seen: Sighting, *, bare: bool, grouped: bool) -> bool:
    low, high = len(seen.sure), seen.most
    too_few = said.high < low and bare and (grouped or bool(_SAYS_THERE_IS.search(statement)))
    unsure = grouped and not seen.counted and said.low > 1 and said.high < high
    too_many = said.low > high and not (high and seen.label.thing in _IN_BUNCHES)
    return too_many or too_few or unsure


def surety(seen: Sighting) -> float:
    """How sure a number is: as sure as the least sure box that is counted, and never quite."""
    return round(min([one.score for one in seen.sure] or [_UNCERTAIN]), 3)


def _some_may_be_missed(seen: Sighting, side: float) -> bool:
    """Whether what was found is so small that a detector may have missed one of its kind."""
    return all(max(one.box.width, one.box.height) < _SMALL_IN_PICTURE * side for one in seen.possible)


# --- groups ----------------------------------------------------------------------------------------------------------


def borne_out(found: Sequence[Detection], sure: float) -> frozenset[Detection]:
    """Those of a picture that are surely there: with at least this score, or beside such a one of their label, as
    large, and hardly over it."""
    certain = [one for one in found if one.score >= sure]
    return frozenset(_grown(certain, [one for one in found if one.score < sure], _next_to))


def group_of(seen: Sighting, everywhere: Sighting, crop: Box) -> Sighting:
    """A group that the edge of the crop divides, with its members beyond the edge: a caption tells of all."""
    if seen.most < 2 or not _at_edge((*seen.possible, *seen.missed), crop):
        return seen
    others = [one for one in (*everywhere.possible, *everywhere.missed) if one not in (*seen.possible, *seen.missed)]
    group = _grown((*seen.possible, *seen.missed), others, _side_by_side)
    parts = (
        tuple(one for one in group if one in of) for of in (everywhere.sure, everywhere.possible, everywhere.missed)
    )
    return Sighting(seen.label, *parts)


def is_one_group(found: Sequence[Detection]) -> bool:
    """Whether all of several boxes lie side by side in one chain."""
    return len(found) > 1 and len(_grown(found[:1], found[1:], _side_by_side)) == len(found)


def _grown(
    group: Sequence[Detection], others: Sequence[Detection], beside: Callable[[Detection, Detection], bool]
) -> list[Detection]:
    """The group with what of the others lies beside a member of it, and beside those in turn."""
    grown, waiting = list(group), list(others)
    while near := [one for one in waiting if any(beside(one, other) for other in grown)]:
        grown += near
        waiting = [one for one in waiting if one not in near]
    return grown


def _at_edge(group: Sequence[Detection], crop: Box) -> bool:
    """Whether the next one of a group may lie beyond the crop: its reach leaves less room than one of its members."""
    around = union_of(one.box for one in group)
    room = min(around.left - crop.left, crop.right - around.right, around.top - crop.top, crop.bottom - around.bottom)
    return room < max(max(one.box.width, one.box.height) for one in group)


def _side_by_side(one: Detection, other: Detection) -> bool:
    """Whether two boxes of nearly one size lie next to each other, with less than half of their size between them."""
    small, large = sorted((max(one.box.width, one.box.height), max(other.box.width, other.box.height)))
    across = max(one.box.left, other.box.left) - min(one.box.right, other.box.right)
    down = max(one.box.top, other.box.top) - min(one.box.bottom, other.box.bottom)
    return large < _ALIKE * small and max(across, down) < small / 2


def _next_to(one: Detection, other: Detection) -> bool:
    return one.label == other.label and _side_by_side(one, other) and one.box.coverage_by(other.box) < _APART


# --- other words -----------------------------------------------------------------------------------------------------


def _with_number(statement: str, word: str, number: int) -> str:
    """The statement with another number, where the sentence needs no other change; "" elsewhere."""
    if not _is_plural(statement, word) or not 2 <= number < len(_NUMBERS):
        return ""
    return _replaced(statement, word, str(number) if word.isdecimal() else _NUMBERS[number])


def _without_number(statement: str, word: str, least: int) -> str:
    """The statement that only says that there are several; "" where that is not sure, or needs other words."""
    return _replaced(statement, word, "") if least > 1 and _is_plural(statement, word) else ""


def _is_plural(statement: str, word: str) -> bool:
    """Whether a plural noun follows the word, and its verb is a plural's: "two", "7", "a pair of dogs are"."""
    phrase = word.replace("_", " ")
    if _GROUPS.match(phrase) or phrase in ("several", "multiple", "many", "numerous"):
        return bool(_PLURAL_VERB.search(statement)) and not _SINGULAR_VERB.search(statement)
    return (word.isdecimal() and int(word) > 1) or (word in _NUMBERS and _NUMBERS.index(word) > 1)


def _replaced(statement: str, word: str, new: str) -> str:
    """The statement with one word for a number instead of another, or none; a capital stays where it begins."""
    phrase = rf"\b{re.escape(word.replace('_', ' '))}\b"
    changed = (
        re.sub(phrase, new, statement, count=1, flags=re.IGNORECASE)
        if new
        else re.sub(rf"{phrase}\s+(?:of (?:the |these |those )?)?", "", statement, count=1, flags=re.IGNORECASE)
    )
    return changed[:1].upper() + changed[1:] if statement[:1].isupper() else changed
