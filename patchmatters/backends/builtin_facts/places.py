"""Parts of the frame by name, as masks over a grid of 12 x 12 cells, and fractions by name.

Twelve divides into halves, thirds and quarters, which are the fractions people use of a picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

CELLS = 12

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]

_SPANS: Mapping[str, tuple[slice, slice]] = {
    "top": (slice(0, 4), slice(0, 12)),
    "bottom": (slice(8, 12), slice(0, 12)),
    "left": (slice(0, 12), slice(0, 4)),
    "right": (slice(0, 12), slice(8, 12)),
    "centre": (slice(3, 9), slice(3, 9)),
    "top left": (slice(0, 5), slice(0, 5)),
    "top right": (slice(0, 5), slice(7, 12)),
    "bottom left": (slice(7, 12), slice(0, 5)),
    "bottom right": (slice(7, 12), slice(7, 12)),
}


def _mask(rows: slice, columns: slice) -> Bools:
    mask = np.zeros((CELLS, CELLS), dtype=bool)
    mask[rows, columns] = True
    mask.setflags(write=False)
    return mask


PLACES: tuple[str, ...] = tuple(_SPANS)
MASKS: Mapping[str, Bools] = MappingProxyType({name: _mask(*span) for name, span in _SPANS.items()})
EDGES: Mapping[str, Bools] = MappingProxyType(
    {
        "top": _mask(slice(0, 2), slice(0, 12)),
        "bottom": _mask(slice(10, 12), slice(0, 12)),
        "left": _mask(slice(0, 12), slice(0, 2)),
        "right": _mask(slice(0, 12), slice(10, 12)),
    }
)

PLACE_PHRASES: Mapping[str, str] = MappingProxyType(
    {
        name: {"left": "on the left", "right": "on the right", "centre": "in the centre"}.get(name, f"at the {name}")
        for name in PLACES
    }
)

# name: the fraction it stands for
FRACTIONS: Mapping[str, float] = MappingProxyType(
    {
        "about a quarter": 0.25,
        "about a third": 1 / 3,
        "about half": 0.5,
        "about two thirds": 2 / 3,
        "about three quarters": 0.75,
        "nearly all": 0.97,
    }
)

# Along an axis: words for the horizontal division, words for the vertical one, position as a fraction.
POSITIONS: Mapping[str, tuple[str, str, float]] = MappingProxyType(
    {
        "near start": ("near the top", "near the left edge", 0.13),
        "quarter": ("about a quarter from the top", "about a quarter from the left", 0.25),
        "third": ("about a third from the top", "about a third from the left", 1 / 3),
        "middle": ("about halfway down", "about halfway across", 0.5),
        "two thirds": ("about two thirds from the top", "about two thirds from the left", 2 / 3),
        "three quarters": ("about three quarters from the top", "about three quarters from the left", 0.75),
        "near end": ("near the bottom", "near the right edge", 0.87),
    }
)

_ALONG = {"top": 0.0, "left": 0.0, "centre": 0.5, "bottom": 1.0, "right": 1.0}  # an axis


def nearest(table: Mapping[str, float], value: float) -> str:
    """The name whose number is nearest to `value`."""
    return min(table, key=lambda name: abs(table[name] - value))


def place_of_mass(mass: Floats) -> str | None:
    """The place where a mass over the cells (12, 12) gathers, in its most exact words; None where it is scattered."""
    candidates = [place for place in PLACES if mass_in_place(mass, place) >= 0.8]
    return max(candidates, key=lambda place: (len(place.split()), PLACES.index(place) == 4), default=None)


def mass_in_place(mass: Floats, place: str) -> float:
    """How true it is (0..1) that a mass over the cells lies at `place`, by its centre and spread along each axis."""
    total = float(mass.sum())
    if total <= 0.0:
        return 0.0
    rows, columns = mass.sum(axis=1) / total, mass.sum(axis=0) / total
    if place == "centre":
        return min(_along(rows, place), _along(columns, place))
    return min(_along(rows if word in ("top", "bottom") else columns, word) for word in place.split())


def _along(profile: Floats, word: str) -> float:
    """Along one axis: does the profile (12,) gather at this end of it, or in the middle?"""
    at = (np.arange(CELLS) + 0.5) / CELLS
    centre = float(profile @ at)
    spread = float(np.sqrt(max(0.0, float(profile @ (at - centre) ** 2))))
    away, limit = abs(centre - _ALONG[word]), 0.12 if word == "centre" else 0.34
    return slope(away, limit + 0.1, limit) * slope(spread, 0.28, 0.2)


def slope(value: float, zero_at: float, one_at: float) -> float:
    """0 up to `zero_at`, 1 from `one_at`, linear between; `zero_at` may be the larger."""
    return float(min(1.0, max(0.0, (value - zero_at) / (one_at - zero_at))))


def zone_difference(cells: Floats, place: str) -> float:
    """The mean over a place less the mean over the rest of the frame."""
    mask = MASKS[place]
    return float(cells[mask].mean() - cells[~mask].mean())
