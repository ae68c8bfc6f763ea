"""Places in words: where in the picture a box lies."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

from ..basics.remembered import remembered
from ..scene import Box
from . import chinese
from .chinese import is_chinese

_WIDE = 0.75  # a box over more than this share of a side has no place along it
_NEAR, _FAR = 0.4, 0.6  # a centre before or after these fractions is at that side
_PHRASES = {
    ("", ""): "",
    ("", "left"): "on the left",
    ("", "center"): "in the middle",
    ("", "right"): "on the right",
    ("top", ""): "at the top",
    ("middle", ""): "in the middle",
    ("bottom", ""): "at the bottom",
    ("top", "left"): "at the top left",
    ("top", "center"): "at the top center",
    ("top", "right"): "at the top right",
    ("middle", "left"): "at the middle left",
    ("middle", "center"): "in the center",
    ("middle", "right"): "at the middle right",
    ("bottom", "left"): "at the bottom left",
    ("bottom", "center"): "at the bottom center",
    ("bottom", "right"): "at the bottom right",
}
PLACES = frozenset(filter(None, _PHRASES.values()))
_SIDE = r"(?:top|bottom|upper|lower|left|right|middle|center|centre)"
# "on the left", "in the upper right corner of the image": only where no noun follows ("on the left shelf").
_SAID = re.compile(
    rf",?\s*\b(?:on|in|at|to|near|towards?) the (?:far )?({_SIDE}(?:[ -]{_SIDE})?)"
    r"(?: (?:side|corner|part|half|area|portion|section|edge))?"
    r"(?: of the (?:image|picture|photo|photograph|frame|scene|view))?(?=\s*(?:[.,;:!?]|\Z)),?",
    re.IGNORECASE,
)
_JOINS = re.compile(r"\b(?:and|but|or|while|where|whereas|as)\Z", re.IGNORECASE)
_ITEM = re.compile(r"\s*(?:an?|the|one|two|three|four|several|some)\b", re.IGNORECASE)
_DIRECTION = re.compile(r",?\s*(?:to|towards?)\b", re.IGNORECASE)
_OPPOSITES = (("left", "right"), ("top", "bottom"), ("top", "lower"), ("upper", "bottom"), ("upper", "lower"))


def place_of(box: Box, width: int, height: int) -> str:
    """ "at the top left", "on the right", ...; empty for a box over nearly the whole picture (in pixels)."""
    part = box.normalised(width, height)
    across = _along(part.left, part.right, ("left", "center", "right"))
    down = _along(part.top, part.bottom, ("top", "middle", "bottom"))
    return _PHRASES[down, across]


def places_of(boxes: Sequence[Box], width: int, height: int) -> str:
    """Where several boxes lie, one after the other: "at the top left and on the right". Empty for the whole picture."""
    phrases = list(dict.fromkeys(place_of(box, width, height) for box in boxes))
    if "" in phrases:
        return ""
    return " and ".join(filter(None, [", ".join(phrases[:-1]), phrases[-1]])) if phrases else ""


def _along(start: float, end: float, names: tuple[str, str, str]) -> str:
    """The name for an interval of the unit length, empty where it takes most of it."""
    if end - start > _WIDE:
        return ""
    centre = (start + end) / 2
    return names[0] if centre < _NEAR else names[2] if centre > _FAR else names[1]


@remembered(4096)
def without_place(text: str) -> str:
    """A sentence without the words for its place in the frame; what would be left empty stays as it is.

    Such a place is relative to what the speaker saw: in two crops, or in a crop and the whole, the same thing is told
    at different places.
    """
    if is_chinese(text):
        return chinese.opening_place(text)[1].lstrip("\uff0c")
    bare = " ".join(_SAID.sub(_comma, text).split())
    return bare if any(map(str.isalnum, bare)) else text


def _comma(place: re.Match[str]) -> str:
    """The comma after a place that ends an item of a list: "a cup on the left, a fork" -> "a cup, a fork"."""
    said, before = place.group(), place.string[: place.start()]
    ends_item = before and not _JOINS.search(before) and _ITEM.match(place.string, place.end())
    return "," if ends_item and said.endswith(",") and not said.startswith(",") else ""


def in_picture(text: str, box: Box, width: int, height: int) -> str:
    """A sentence about the part `box` (pixels) of a picture, with its own words for a place told in the picture's.

    "A lamp stands on the left." of the right half becomes "A lamp stands in the middle." A sentence without a place, or
    with several, stays as it is: the caller then says where the part lies.
    """
    if is_chinese(text):
        said, rest = chinese.opening_place(text)
        phrase = _place_within(said, box, width, height) if said else ""
        return f"{chinese.place_in_words(phrase)}{rest}" if phrase else text
    found = _own_places(text)
    if len(found) != 1:
        return text
    said, (start, end) = found[0].group(), found[0].span()
    phrase = _place_within(found[0].group(1), box, width, height)
    before = ", " if said.startswith(",") else " " if start else ""
    told = f"{text[:start]}{before}{phrase}{',' if said.endswith(',') else ''}{text[end:]}"
    return told if start else told[:1].upper() + told[1:]


_OF_FRAME = re.compile(
    rf",?\s*\b(?:on|in|at|to|from|near|towards?|along|across) the (?:far |very )?(?:{_SIDE}(?:[ -]{_SIDE})?)?\s*"
    r"(?:side|corner|part|half|area|portion|section|edge)?\s*"
    r"of the (?:image|picture|photo|photograph|frame|scene|view)\b",
    re.IGNORECASE,
)


def without_frame(text: str) -> str:
    """A sentence about a part without the places that it names in that part's frame ("from the right of the frame")."""
    bare = " ".join(_OF_FRAME.sub("", text).split()).removeprefix(", ")
    return bare[:1].upper() + bare[1:] if any(map(str.isalnum, bare)) else text


def names_place(text: str) -> bool:
    """Whether a sentence says where its thing is, in one place."""
    return bool(_own_place(text))


def place_told(text: str, boxes: Sequence[Box], width: int, height: int) -> str:
    """Where in the picture a sentence about these parts puts its thing, as exactly as it says."""
    said = _own_place(text)
    if not said or len(boxes) != 1:
        return places_of(boxes, width, height)
    return _place_within(said, boxes[0], width, height)


def _own_place(text: str) -> str:
    """The place that a sentence names, in English words such as "top left"; "" for none, or several."""
    if is_chinese(text):
        return chinese.opening_place(text)[0]
    found = _own_places(text)
    return found[0].group(1) if len(found) == 1 else ""


def _own_places(text: str) -> list[re.Match[str]]:
    """The places that a sentence names, but for directions: who walks to the left need not be there."""
    return [match for match in _SAID.finditer(text) if not _DIRECTION.match(match.group())]


def _place_within(said: str, box: Box, width: int, height: int) -> str:
    """The place in the picture of what "top left" or "left" means in a part: a third of it along each side it names."""
    words = re.split("[ -]", said.lower())
    left, right = _third(words, ("left", "right"), box.left, box.right)
    top, bottom = _third(words, ("top", "bottom"), box.top, box.bottom)
    return place_of(Box(left, top, right, bottom), width, height)


def _third(words: Sequence[str], ends: tuple[str, str], start: float, end: float) -> tuple[float, float]:
    """The third of an interval that the words mean: its first or last, its middle, or all where they do not say."""
    ordinal = {ends[0]: 0, ends[1]: 2} | ({"upper": 0, "lower": 2} if "top" in ends else {})
    found = next((ordinal[word] for word in words if word in ordinal), None)
    if found is None and not {"middle", "center", "centre"}.intersection(words):
        return start, end
    first = start + (1 if found is None else found) / 3 * (end - start)
    return first, first + (end - start) / 3


def elsewhere(text: str, place: str) -> bool:
    """Whether a sentence about the whole picture tells a place on the other side than `place` ("at the top left")."""
    told: Set[str] = set(chinese.opening_place(text)[0].split()) if is_chinese(text) else _sides_of(text)
    here = set(place.split())
    return any((a in told and b in here) or (b in told and a in here) for a, b in _OPPOSITES)


@remembered(4096)
def _sides_of(text: str) -> Set[str]:
    return {word for match in _SAID.finditer(text) for word in re.split("[ -]", match.group(1).lower())}
