"""Which colour a thing has: measured in its box, without the colours of what is around it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..picture import whole_pixels
from ..scene import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

_SIDE = 48  # pixels a side of the averaged view of a box
_INNER = 0.1  # share of a box's side that is left out on each side: a box is rarely tight
_AROUND = 0.35  # share of a box's side in which what is around it is seen
_GROUND = 0.12  # share of the surroundings from which on a colour is not the thing's own ...
_DENSER = 2.5  # ... unless its share of the box is so many times as large: the surroundings show another of its kind
_CLEAR = 0.55  # share of the thing's own pixels from which on a colour is its colour
LITTLE = 0.03  # share of the box below which a colour is not there at all
_ENOUGH = 0.2  # share of the box from which on it is, and that a thing's own colours must have
_FREE = 0.25  # share of a crop that lies outside all boxes from which on its background can be measured
_MOSTLY = 0.8  # share of what is measured from which on a background has one colour
_DARK, _BRIGHT = 45.0, 250.0  # mean levels (0 to 255) outside which light makes colours unsure


@dataclass(frozen=True)
class Measured:
    """A colour that was said, held against a box: its share of the box and of the surroundings, and the main colour of
    the thing by the name of its family ("" where none is clear)."""

    share: float
    around: float
    main: str

    @property
    def is_there(self) -> bool:
        return self.share >= _ENOUGH and (self.around < _GROUND or self.share > _DENSER * self.around)

    @property
    def is_not_there(self) -> bool:
        return self.share < LITTLE and self.main != ""


def measure_colour(picture: Image, box: Box, words: str) -> Measured | None:
    """The colour of these words in `box` (pixels of an RGB picture); None for words that name none, and where light
    makes it unsure."""
    from ..backends.builtin_facts import colours

    said = colours.read_colour(words)
    if said is None or box.width < 4 or box.height < 4:
        return None
    rgb = _view(picture, _scaled(box, -_INNER))
    if not _DARK <= rgb.mean() <= _BRIGHT and said.words not in ("black", "white"):
        return None
    shares, around = _shares(rgb), _shares(_ring(picture, box))
    return Measured(float(shares @ said.covers), float(around @ said.covers), _main(shares, around, said.words))


def main_colour(picture: Image, box: Box, beside: Sequence[Box] = ()) -> str:
    """The family of colours that the thing in a box mostly has, "" where none is clear or the box is too small.

    What lies in `beside` is not taken for what is around it."""
    if box.width < 4 or box.height < 4:
        return ""
    return _main(_shares(_view(picture, _scaled(box, -_INNER))), _shares(_ring(picture, box, beside)), "")


def measure_background(picture: Image, crop: Box, boxes: Sequence[Box], words: str) -> Measured | None:
    """The colour of these words in what of `crop` lies outside all `boxes` (pixels of an RGB picture); None for words
    that name none, where light makes it unsure, and where boxes leave too little."""
    from ..backends.builtin_facts import colours

    said = colours.read_colour(words)
    rgb = _outside(picture, crop, boxes)
    if said is None or len(rgb) < _FREE * _SIDE * _SIDE:
        return None
    if not _DARK <= rgb.mean() <= _BRIGHT and said.words not in ("black", "white"):
        return None
    shares = _shares(rgb)
    name, most = max(_families(shares).items(), key=lambda item: item[1])
    return Measured(float(shares @ said.covers), 0.0, name if most >= _MOSTLY and name != said.words else "")


def _main(shares: NDArray[Any], around: NDArray[Any], said: str) -> str:
    """The family of colours that the thing itself mostly has, "" where it has several or hardly any of its own."""
    from ..backends.builtin_facts import colours

    outside = colours.blended(around)
    own = shares * ((outside < _GROUND) | (shares > _DENSER * outside))
    families = _families(own)
    name, most = max(families.items(), key=lambda item: item[1])
    total = sum(families.values())
    return name if total >= _ENOUGH and most >= _CLEAR * total and name != said else ""


def _families(shares: NDArray[Any]) -> dict[str, float]:
    """Shares by name of colour, summed by family."""
    from ..backends.builtin_facts import colours

    families: dict[str, float] = defaultdict(float)
    for family, share in zip(colours.FAMILIES, shares, strict=True):
        families[family] += float(share)
    return families


def _shares(rgb: NDArray[Any]) -> NDArray[Any]:
    """(n, 3) pixels as shares by name of colour."""
    import numpy

    from ..backends.builtin_facts import colours

    named = colours.named(rgb)
    return numpy.bincount(named, minlength=len(colours.NAMES)).astype(numpy.float32) / max(1, len(named))


def _view(picture: Image, box: Box) -> NDArray[Any]:
    """The box as (n, 3) averaged pixels."""
    from ..backends.builtin_facts.measure import averaged

    pixels = whole_pixels(box, picture.width, picture.height)
    return averaged(picture, pixels, (_SIDE, _SIDE)).astype(float).reshape(-1, 3)


def _ring(picture: Image, box: Box, beside: Sequence[Box] = ()) -> NDArray[Any]:
    """What is around the box, as averaged pixels; where the box reaches to the edges, only what there is."""
    return _outside(picture, _scaled(box, _AROUND), (box, *beside))


def _outside(picture: Image, area: Box, boxes: Sequence[Box]) -> NDArray[Any]:
    """What of an area lies outside all boxes, as (n, 3) averaged pixels."""
    import numpy

    view = _view(picture, area).reshape(_SIDE, _SIDE, 3)
    left, top, right, bottom = whole_pixels(area, picture.width, picture.height)
    across = left + (numpy.arange(_SIDE) + 0.5) * (right - left) / _SIDE
    down = top + (numpy.arange(_SIDE) + 0.5) * (bottom - top) / _SIDE
    inside = numpy.zeros((_SIDE, _SIDE), bool)
    for box in boxes:
        inside |= ((down >= box.top) & (down < box.bottom))[:, None] & ((across >= box.left) & (across < box.right))
    return view[~inside].reshape(-1, 3)


def _scaled(box: Box, by: float) -> Box:
    """The box grown (or shrunk) by a share of its side on each side."""
    across, down = by * box.width, by * box.height
    return Box(box.left - across, box.top - down, box.right + across, box.bottom + down)
