"""Unseen worlds with their pictures and detections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evaluation.players.cast import Cast
from evaluation.worlds.scenes import MIXES, World, detect, draw, make_world
from patchmatters.picture import picture_digest
from patchmatters.pipeline import Preset
from patchmatters.scene import Detection

from .measure import Line, measured
from .rows import CAREFUL, Row, Run, play

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Gallery:
    """Worlds that no training has seen: their seeds begin with "test"."""

    worlds: tuple[World, ...]
    pictures: tuple[Image, ...]
    detections: tuple[tuple[Detection, ...], ...]

    @classmethod
    def of(cls, seed: int | str, count: int, mix: str) -> Gallery:
        names = [f"test {seed} {number}" for number in range(count)]
        worlds = tuple(make_world(name, MIXES[mix]) for name in names)
        found = tuple(detect(world, name) for world, name in zip(worlds, names, strict=True))
        return cls(worlds, tuple(map(draw, worlds)), found)

    @property
    def by_digest(self) -> Mapping[str, World]:
        return {picture_digest(one): world for one, world in zip(self.pictures, self.worlds, strict=True)}

    def run(self, row: Row, cast: Cast, preset: Preset = CAREFUL) -> Run:
        return play(row, self.pictures, self.detections, cast, preset)

    def line(self, row: Row, cast: Cast, preset: Preset = CAREFUL, name: str = "") -> Line:
        return measured(name or row.name, self.run(row, cast, preset), self.worlds)
