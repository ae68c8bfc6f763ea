"""Places in words: where in the picture a box lies."""

from __future__ import annotations

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
