"""Places in words: where in the picture a box lies."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..scene import Box

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


def without_place(text: str) -> str:
    """A sentence without the words for its place in the frame; what would be left empty stays as it is.

    Such a place is relative to what the speaker saw: in two crops, or in a crop and the whole, the same thing is told
    at different places.
    """
    bare = " ".join(_SAID.sub("", text).split())
    return bare if any(map(str.isalnum, bare)) else text


def elsewhere(text: str, place: str) -> bool:
    """Whether a sentence about the whole picture tells a place on the other side than `place` ("at the top left")."""
    told = {word for match in _SAID.finditer(text) for word in re.split("[ -]", match.group(1).lower())}
    here = set(place.split())
    return any((a in told and b in here) or (b in told and a in here) for a, b in _OPPOSITES)
