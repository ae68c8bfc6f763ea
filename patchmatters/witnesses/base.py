"""What a witness is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ..picture import Crop
from ..scene import Box, Testimony


@dataclass(frozen=True)
class Offer:
    """A statement about the whole picture that nobody made, and why the witness makes it."""

    text: str
    testimony: Testimony


@runtime_checkable
class Witness(Protocol):
    """Judges what it has means to judge, and says nothing of all else: what it cannot judge costs a statement nothing.

    It may keep what it found of a picture by `Crop.digest`: one picture is asked about once per patch and level.
    """

    @property
    def name(self) -> str: ...

    def testify(self, image: Crop, statements: Sequence[str]) -> list[tuple[Testimony, ...]]:
        """For each statement about the crop what is confirmed or contradicted, in pixels of the whole picture.

        RuntimeError where the witness cannot work at all, in a sentence that says what to do next.
        """
        ...

    def volunteer(self, picture: Crop, told: Sequence[str]) -> list[Offer]:
        """What is large and sure in the picture and in none of the statements; [] where there is nothing to add."""
        ...


@runtime_checkable
class Attentive(Protocol):
    """A witness that listens first: what is said may make it look closer, or doubt what it found."""

    def attend(self, picture: Crop, told: Sequence[tuple[Box, Sequence[str]]]) -> None:
        """What was said of each first-level patch of a picture, with the patch's box, before anything is asked; each
        statement as often as it was said.

        It takes the place of what was told of the same picture before.
        """
        ...
