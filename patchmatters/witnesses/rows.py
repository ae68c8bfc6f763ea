"""Where a row of equal things goes on: places at which a detector may have missed one, or misnamed it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from ..scene import Box, Detection
from .colours import main_colour

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST = 12  # boxes of a row: of more nobody tells a number
_ALIKE = 1.5  # times the size of another up to which two boxes are of a size
_NEXT = 1.5  # sizes from one's middle to the next one's, at most
_HOLE = 3.0  # ... and to the next but one's
_FREE = 0.3  # share of a place that others may cover
_SHOWN = 0.6  # share of a place that lies in the picture


def perhaps_missed(found: Sequence[Detection], picture: Image) -> tuple[Detection, ...]:
    """Where one more of these things of one label may be: in even steps with two of them, and of their colour."""
    if len(found) > _MOST:
        return ()
    frame = Box(0.0, 0.0, float(picture.width), float(picture.height))
    known = [one.box for one in found]
    places: list[Box] = []
    for one, other in combinations(known, 2):
        for place in _places(one, other):
            is_free = all(place.coverage_by(box) < _FREE for box in (*known, *places))
            if is_free and place.coverage_by(frame) >= _SHOWN and _are_alike(picture, (place, one, other), known):
                places.append(place)
    return tuple(Detection(place, found[0].label, 0.0) for place in places)


def _places(one: Box, other: Box) -> Iterator[Box]:
    """The places before and after two neighbours of a size, or between two that have room for one more."""
    small, large = sorted((_size(one), _size(other)))
    across, down = _middle(other)[0] - _middle(one)[0], _middle(other)[1] - _middle(one)[1]
    step = math.hypot(across, down)
    if large > _ALIKE * small or step < small / 2:
        return
    if step <= _NEXT * small:
        yield from (_moved(one, -across, -down), _moved(other, across, down))
    elif step <= _HOLE * small:
        yield _moved(one, across / 2, down / 2)


def _are_alike(picture: Image, boxes: Sequence[Box], known: Sequence[Box]) -> bool:
    """Whether all have one clear colour, without that of those around them."""
    beside = {*boxes, *known}
    found = {main_colour(picture, box, tuple(beside - {box})) for box in boxes}
    return len(found) == 1 and "" not in found


def _size(box: Box) -> float:
    return max(box.width, box.height)


def _middle(box: Box) -> tuple[float, float]:
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2


def _moved(box: Box, across: float, down: float) -> Box:
    return Box(box.left + across, box.top + down, box.right + across, box.bottom + down)
