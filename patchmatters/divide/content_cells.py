"""Dividing a picture where there is something to see: halves of halves, by detail and detected objects.

A quad-tree. The part that holds most is cut into quarters next, until none holds much more than its share, there are as
many as may be, or a quarter would be too small to be seen well; a long part, and one that has no room for quarters, is
halved. So an empty sky stays one patch, and a crowded corner becomes several.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..scene import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

LEAST, MOST = 3, 9  # patches
_VIEW = 128  # pixels along the longer side of the view in which detail is measured
_MUCH = 0.2  # share of all that there is to see from which on a part is cut
_LONG = 1.6  # times as long as wide: halves of it are nearer to squares than quarters, and captioners see squares
_SMALLEST_STEP = 12  # of 255, between neighbouring pixels: less is noise


def content_cells(picture: Image, objects: Sequence[Box], most: int, least_side: int) -> list[Box]:
    """The parts of an upright RGB picture, in pixels, in reading order: LEAST to `most` of them, covering it all.

    No part has a side below `least_side` pixels. Empty where that leaves fewer than LEAST, or nothing is to be seen:
    such a picture is divided in another way.
    """
    detail = _detail(picture)
    if detail.sum() <= 0 and not objects:
        return []
    parts = [Box(0.0, 0.0, float(picture.width), float(picture.height))]
    while len(parts) < most:
        weighed = [(_weight(part, picture, detail, objects), part) for part in parts if _can_halve(part, least_side)]
        weight, fullest = max(weighed, key=lambda one: one[0], default=(0.0, None))
        if fullest is None or (weight <= _MUCH and len(parts) >= LEAST):
            break
        parts.remove(fullest)
        parts += _cut(fullest, most - len(parts), least_side)
    return sorted(parts, key=lambda part: (part.top, part.left)) if len(parts) >= LEAST else []


def _cut(part: Box, most: int, least_side: int) -> tuple[Box, ...]:
    """A part in quarters, or, where it is long, there is no room or they would be too small, in halves."""
    pair = halves(part)
    quarters = tuple(quarter for half in pair for quarter in halves(half))
    shortest = min(min(one.width, one.height) for one in quarters)
    long = max(part.width, part.height) > _LONG * min(part.width, part.height)
    return pair if long or most < len(quarters) or shortest < least_side else quarters


def halves(part: Box) -> tuple[Box, Box]:
    """A part cut through the middle of its longer side, at a whole pixel."""
    if part.width >= part.height:
        middle = float(round((part.left + part.right) / 2))
        return Box(part.left, part.top, middle, part.bottom), Box(middle, part.top, part.right, part.bottom)
    middle = float(round((part.top + part.bottom) / 2))
    return Box(part.left, part.top, part.right, middle), Box(part.left, middle, part.right, part.bottom)


def _can_halve(part: Box, least_side: int) -> bool:
    return min(min(half.width, half.height) for half in halves(part)) >= least_side


def _detail(picture: Image) -> NDArray[Any]:
    """How much is to be seen at each place of a small view, (height, width): the steps to its neighbours."""
    import numpy
    from PIL.Image import Resampling

    scale = _VIEW / max(picture.size)
    size = (max(2, round(scale * picture.width)), max(2, round(scale * picture.height)))
    grey = numpy.asarray(picture.resize(size, Resampling.BOX, reducing_gap=3.0).convert("L"), dtype=numpy.float64)
    steps = numpy.zeros_like(grey)
    steps[:, 1:] += numpy.abs(numpy.diff(grey, axis=1))
    steps[1:, :] += numpy.abs(numpy.diff(grey, axis=0))
    return numpy.where(steps >= _SMALLEST_STEP, steps, 0.0)


def _weight(part: Box, picture: Image, detail: NDArray[Any], objects: Sequence[Box]) -> float:
    """The share of all detail, or of all objects by their middles, that lies in a part: whichever is more."""
    rows, columns = detail.shape
    left, right = (round(edge / picture.width * columns) for edge in (part.left, part.right))
    top, bottom = (round(edge / picture.height * rows) for edge in (part.top, part.bottom))
    seen = float(detail[top:bottom, left:right].sum() / (detail.sum() or 1.0))
    inside = sum(_has_middle(part, box) for box in objects) / max(len(objects), 1)
    return max(seen, inside)


def _has_middle(part: Box, box: Box) -> bool:
    across, down = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    return part.left <= across < part.right and part.top <= down < part.bottom
