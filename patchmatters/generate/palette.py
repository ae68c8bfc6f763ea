"""The main colours of a part of a picture, measured: as the hexadecimal codes that image models read, and by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ..backends.builtin_facts import colours
from ..backends.builtin_facts.measure import averaged
from ..picture import whole_pixels
from ..scene import Box

MOST = 5  # colours of an element: what Ideogram and ComfyUI's Create Bounding Boxes take
_SIDE = 48  # pixels along each side of the averaged view in which colours are counted
_LEAST = 0.1  # the share of the part that a colour must have beside the first


@dataclass(frozen=True, slots=True)
class Colour:
    """A measured colour: its code "#RRGGBB" in capitals, and the name nearest to it."""

    code: str
    name: str


def palette_of(picture: Image, box: Box, most: int = MOST) -> tuple[Colour, ...]:
    """The main colours of `box` (pixels) of an RGB picture, largest first, at most `most`, each code once.

    Each is the mean of the pixels that go by its name, so that it is a colour of the picture and not of a table.
    """
    pixels = whole_pixels(box, picture.width, picture.height)
    rgb = averaged(picture, pixels, (_SIDE, _SIDE)).astype(np.float64).reshape(-1, 3)
    named = colours.named(rgb)
    shares = np.bincount(named, minlength=len(colours.NAMES)).astype(np.float32) / np.float32(len(named))
    found = [_measured(index, rgb, named) for index in colours.main_colours(shares, _LEAST, most)]
    return tuple({colour.code: colour for colour in found}.values())


def _measured(index: int, rgb: NDArray[np.float64], named: NDArray[np.int64]) -> Colour:
    """The mean of the pixels of a name, or, where it only sums up its neighbours, of those."""
    weights = (named == index).astype(np.float64)
    if not weights.any():
        weights = colours.BLENDING[index][named].astype(np.float64)
    mean = (rgb * weights[:, None]).sum(axis=0) / max(weights.sum(), 1e-9)
    red, green, blue = (round(float(value)) for value in mean)
    return Colour(f"#{red:02X}{green:02X}{blue:02X}", colours.NAMES[index])


def codes(palette: Sequence[Colour]) -> list[str]:
    """The codes alone, in their order."""
    return [colour.code for colour in palette]


def names(palette: Sequence[Colour]) -> str:
    """ "brown, beige and white"; empty without colours."""
    found = list(dict.fromkeys(colour.name for colour in palette))
    return " and ".join(filter(None, [", ".join(found[:-1]), found[-1]])) if found else ""
