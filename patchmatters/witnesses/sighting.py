"""What a detector found of one label in a crop, and a witness's word about it."""

from __future__ import annotations

from dataclasses import dataclass

from ..scene import Detection, Ruling, Testimony, union_of
from .labels import Label

NAME = "detector"


@dataclass(frozen=True)
class Sighting:
    """What was found of a label in a crop: boxes that are surely there, all that may be, and places in their row at
    which one may have been missed."""

    label: Label
    sure: tuple[Detection, ...]
    possible: tuple[Detection, ...]
    missed: tuple[Detection, ...] = ()

    @property
    def most(self) -> int:
        """How many there may be."""
        return len(self.possible) + len(self.missed)

    @property
    def counted(self) -> bool:
        """Whether the number is certain."""
        return len(self.sure) == self.most

    def __str__(self) -> str:
        low, high = len(self.sure), self.most
        number = str(low) if low == high else f"{low} to {high}"
        return f"{number} of {self.label.name!r}" if high else f"no {self.label.name!r}"


def word_of(
    about: str, ruling: Ruling, strength: float, seen: Sighting, more: str = "", instead: str = "", *,
    wholly: bool = False,
) -> Testimony:  # fmt: skip
    """The detector's word on a point, with what was found as its evidence and `more` after it."""
    box = union_of(one.box for one in seen.possible) if seen.possible else None
    evidence = f"finds {seen}" + (f", {more}" if more else "")
    return Testimony(NAME, about, ruling, round(min(strength, 1.0), 3), evidence, box, instead, wholly)
