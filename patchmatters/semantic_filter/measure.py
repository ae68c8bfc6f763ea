"""The scores of statements for their crops: by a scorer crop by crop, or by one that asks a model about all at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..models import Answer, BatchScorer, Monitor, Scored, Scorer
from ..picture import Crop
from ..running.ask import record_of_answers
from ..scene import Record, Scene

_STAGE = "filter"


@dataclass(frozen=True)
class Place:
    """Statement number `statement` of a patch."""

    patch: str
    statement: int


@dataclass(frozen=True)
class Measured:
    """The scores of a Scene's statements, and the answers that a model was asked for them."""

    scores: Mapping[Place, float | None] = field(default_factory=dict)
    answers: tuple[Answer, ...] = ()

    @property
    def without_number(self) -> str:
        """Which patch has a score that is no number; empty where none has."""
        found = (place.patch for place, score in self.scores.items() if score is not None and not math.isfinite(score))
        return next(found, "")

    def record(self, scorer: Scorer) -> Record:
        """What the scores cost: questions and their tokens where a model was asked, else the scores there are, which
        weights of one's own give for nothing."""
        if self.answers:
            return record_of_answers(_STAGE, scorer.name, self.answers)
        return Record(_STAGE, scorer.name, calls=sum(score is not None for score in self.scores.values()), cost=0.0)


def measure(
    scenes: Sequence[Scene],
    crops: Sequence[Mapping[Crop, Sequence[Place]]],
    scorer: Scorer | None,
    monitor: Monitor,
) -> list[Measured]:
    """The scores of what is asked of each Scene: its crops, each with the statements to hold against it.

    RuntimeError for a scorer that gives more or fewer scores than there are sentences.
    """
    if scorer is None:
        monitor.begin(_STAGE, 0)
        return [Measured() for _ in scenes]
    asked = [
        (crop, _sentences(scene, places))
        for scene, found in zip(scenes, crops, strict=True)
        for crop, places in found.items()
    ]
    if isinstance(scorer, BatchScorer):
        scored = scorer.score_all(asked, _STAGE, monitor)
    else:
        scored = _one_by_one(scorer, asked, [places[0].patch for found in crops for places in found.values()], monitor)
    in_order = iter(scored)
    return [_of_scene([(places, next(in_order)) for places in found.values()]) for found in crops]


def _sentences(scene: Scene, places: Sequence[Place]) -> list[str]:
    return [scene.patch(place.patch).statements[place.statement].text for place in places]


def _one_by_one(
    scorer: Scorer, asked: Sequence[tuple[Crop, Sequence[str]]], patches: Sequence[str], monitor: Monitor
) -> list[Scored]:
    monitor.begin(_STAGE, len(asked))
    scored = []
    for (crop, sentences), patch in zip(asked, patches, strict=True):
        monitor.poll()
        scored.append(Scored(tuple(scorer.score(crop, sentences))))
        monitor.advance(patch)
    return scored


def _of_scene(scored: Sequence[tuple[Sequence[Place], Scored]]) -> Measured:
    scores: dict[Place, float | None] = {}
    for places, found in scored:
        if len(found.scores) != len(places):
            raise RuntimeError(
                f"The scorer gave {len(found.scores)} scores for {len(places)} sentences of {places[0].patch}."
            )
        scores.update(zip(places, found.scores, strict=True))
    return Measured(scores, tuple(answer for _, found in scored for answer in found.answers))
