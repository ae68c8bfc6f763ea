"""Unseen worlds with their pictures and detections, and who plays: the trained miniatures or the simulation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from patchmatters.backends.base import ChatModel, Scorer
from patchmatters.picture import picture_digest
from patchmatters.pipeline import Preset
from patchmatters.scene import Detection

from .measure import Line, measured
from .remember import Bill, RememberedChat, RememberedScorer
from .rows import CAREFUL, Cast, Row, Run, play
from .scenes import MIXES, World, detect, draw, make_world
from .simulated import ERRORS, SCORERS, SimulatedCaptioner, SimulatedScorer
from .writer import perfect_writer

if TYPE_CHECKING:
    from PIL.Image import Image

WEIGHTS = Path(__file__).with_name("weights")


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


def miniatures() -> Cast:
    """The trained captioner and scorer, through the backends that users run."""
    captioner, scorer = _load()
    bill = Bill()
    return Cast(RememberedChat(captioner, bill), RememberedScorer(scorer, bill), perfect_writer(), bill)


def _load() -> tuple[ChatModel, Scorer]:
    import torch

    from patchmatters.backends import blip, transformers_chat

    torch.set_num_threads(1)
    settings = transformers_chat.TransformersSettings(model=str(WEIGHTS / "captioner"), device="cpu")
    scorer = blip.create(blip.ScorerSettings(model=str(WEIGHTS / "scorer"), device="cpu"))
    return transformers_chat.create(settings), scorer


def simulation(gallery: Gallery, captioner: str, scorer: str) -> Cast:
    """A captioner and a scorer that know these worlds and err as `simulated.ERRORS` and `SCORERS` say."""
    known = gallery.by_digest
    return Cast(SimulatedCaptioner(known, ERRORS[captioner]), SimulatedScorer(known, SCORERS[scorer]), perfect_writer())
