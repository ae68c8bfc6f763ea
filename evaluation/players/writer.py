"""A perfect LLM for text: it reads the world's vocabulary without a mistake, and knows nothing but what it is told.

It answers the engine's own prompts: sorts passages, writes descriptions, rewrites captions. What it gets wrong, any
LLM would.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from evaluation.judge.claims import UNIT, Read, read_caption
from evaluation.worlds.language import PLACES, Claim, place_in, sentence
from patchmatters.backends.scripted import ScriptedChat
from patchmatters.models import Question
from patchmatters.prompts import instruction
from patchmatters.scene import Box

_CELLS = {phrase: cell for cell, phrase in PLACES.items()}
_REGION = re.compile(r"- (.+?), box \[([\d., ]+)\]: (.*)")
_PHRASE = re.compile("|".join(sorted(PLACES.values(), key=len, reverse=True)))


@dataclass(frozen=True)
class Line:
    """A sentence as understood: its text, its claim with its place, or the background's colour."""

    text: str
    claim: Claim | None = None
    background: str = ""


def perfect_writer() -> ScriptedChat:
    """The writer as a chat model that sees no images."""
    return ScriptedChat(_reply, name="perfect writer", sees_images=False)


def lines_of(text: str) -> list[Line]:
    return [_line(one) for one in read_caption(text)]


def _line(read: Read) -> Line:
    claim = read.claim
    if claim is not None:
        found = _PHRASE.findall(read.said.lower())
        claim = replace(claim, place=found[-1] if found else "")
    return Line(f"{read.said}.", claim, read.background)


def _reply(question: Question) -> str:
    return _ANSWERS[question.prefix](question)


# --- understanding ----------------------------------------------------------------------------------------------


def near(one: str, other: str) -> bool:
    """Whether two places may be the same: equal or neighbouring cells, or one unknown."""
    if not one or not other:
        return True
    (row, column), (other_row, other_column) = _CELLS[one], _CELLS[other]
    return abs(row - other_row) <= 1 and abs(column - other_column) <= 1


def same_thing(one: Claim, other: Claim) -> bool:
    """Whether two claims mean the same thing, right or wrong: its place, and its kind or its colour."""
    if not near(one.place, other.place):
        return False
    if one.kind == other.kind and one.colour == other.colour:
        return True
    return one.place == other.place != "" and (one.kind == other.kind or one.colour == other.colour)


def clash(one: Claim, other: Claim) -> bool:
    """Whether two claims about the same thing exclude each other."""
    return (
        one.kind != other.kind
        or one.colour != other.colour
        or bool(one.dot and other.dot and one.dot != other.dot)
        or one.count != other.count
        or bool(one.size and other.size and one.size != other.size)
    )


def as_detailed(one: Claim, other: Claim) -> bool:
    return (one.dot, one.striped, one.size) == (other.dot, other.striped, other.size)


def fuller(one: Claim, other: Claim) -> Claim:
    """What both say together of a thing; the first is believed."""
    return replace(
        one,
        dot=one.dot or other.dot,
        striped=one.striped or other.striped,
        size=one.size or other.size,
        place=one.place or other.place,
    )


# --- the four tasks ---------------------------------------------------------------------------------------------


def _compare(question: Question) -> str:
    """Sort the passages. Passages of different patches name places in their own patch: those are not compared."""
    across = "compare region" in question.name
    said = [
        (number, _placeless(line) if across else line)
        for number, text in re.findall(r"^(\d+)\. (.*)$", question.text, re.M)
        for line in lines_of(text)
    ]
    same, unique, rivals = [], [], []
    waiting = list(said)
    while waiting:
        number, line = waiting.pop(0)
        alike = [one for one in waiting if one[0] != number and _alike(line, one[1])]
        against = [one for one in waiting if one[0] != number and _against(line, one[1])]
        waiting = [one for one in waiting if one not in alike and one not in against]
        if against:
            group = [(number, line), *alike, *against]
            rivals.append([{"statement": one.text, "passage": int(where)} for where, one in group])
        elif alike:
            same.append({"statement": line.text, "passages": sorted({int(number), *(int(n) for n, _ in alike)})})
        else:
            unique.append({"statement": line.text, "passage": int(number)})
    return json.dumps({"same": same, "contradictory": rivals, "unique": unique})


def _placeless(line: Line) -> Line:
    return line if line.claim is None else replace(line, claim=replace(line.claim, place=""))


def _alike(one: Line, other: Line) -> bool:
    if one.claim is None or other.claim is None:
        return bool(one.background) and one.background == other.background
    agree = same_thing(one.claim, other.claim) and not clash(one.claim, other.claim)
    return agree and as_detailed(one.claim, other.claim)


def _against(one: Line, other: Line) -> bool:
    if one.claim is None or other.claim is None:
        return bool(one.background and other.background) and one.background != other.background
    return same_thing(one.claim, other.claim) and clash(one.claim, other.claim)


def _merge(question: Question) -> str:
    """The reliable statements, each thing once, with all that is said of it."""
    reliable = question.text.split("\n\nPassages:\n")[0]
    lines = [line for text in re.findall(r"^- (.*)$", reliable, re.M) for line in lines_of(text)]
    return _text(united(lines))


def united(lines: Sequence[Line]) -> list[Line]:
    """Each thing once; of what excludes each other the first."""
    kept: list[Line] = []
    for line in lines:
        twin = next((i for i, one in enumerate(kept) if _means_same(one, line)), None)
        if twin is None:
            kept.append(line)
            continue
        one, other = kept[twin].claim, line.claim
        if one is not None and other is not None and not clash(one, other):
            kept[twin] = Line("", fuller(one, other))
    return kept


def _means_same(one: Line, other: Line) -> bool:
    if one.claim is None or other.claim is None:
        return bool(one.background and other.background)
    return same_thing(one.claim, other.claim)


def _text(lines: Sequence[Line]) -> str:
    return " ".join(sentence(line.claim) if line.claim else line.text for line in lines)


def _compose(question: Question) -> str:
    """The caption with what the regions say: their places turned into places of the picture, nothing twice."""
    caption, _, listed = question.text.partition("\n\nRegions:\n")
    regions = [
        _in_picture(line, place, Box(*(float(value) for value in numbers.split(","))))
        for place, numbers, text in _REGION.findall(listed)
        for line in lines_of(text)
    ]
    return _text(united([*regions, *lines_of(caption.removeprefix("Caption: "))]))


def _in_picture(line: Line, region_place: str, box: Box) -> Line:
    claim = line.claim
    if claim is None:
        return line
    if not claim.place:
        return replace(line, claim=replace(claim, place=region_place if region_place in _CELLS else ""))
    row, column = _CELLS[claim.place]
    point = (box.left + (column + 0.5) / 3 * box.width, box.top + (row + 0.5) / 3 * box.height)
    return replace(line, claim=replace(claim, place=place_in(point, UNIT)))


def _merge_semantic(question: Question) -> str:
    """The caption with the details of the near view, whose places are its own."""
    caption, _, close = question.text.partition("\n\nMain objects from near: ")
    lines = lines_of(caption.removeprefix("Caption: "))
    return _text(united([*lines, *(_placeless(line) for line in lines_of(close))]))


_ANSWERS: Mapping[str, Callable[[Question], str]] = {
    instruction("compare"): _compare,
    instruction("merge"): _merge,
    instruction("compose"): _compose,
    instruction("merge_semantic"): _merge_semantic,
}
