"""Whether two captioners that agree are more often right than one that agrees with itself.

Drawn worlds, patches, two candidates each, no scorer: of the statements that both candidates make, the share that is
true, where both are one captioner's and where they are of two. The second captioner errs as often as the first one,
but in other places: their stubborn errors differ (`SimulatedCaptioner.mind`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evaluation.judge.claims import judge
from evaluation.players.simulated import ERRORS, SimulatedCaptioner
from patchmatters.describe import DescribeSettings, describe_each
from patchmatters.divide import divide
from patchmatters.models import QUIET
from patchmatters.pipeline import DEFAULT, PRESETS
from patchmatters.semantic_filter import Level, compare

from .gallery import Gallery


@dataclass
class Count:
    """Statements, and how many of them are true."""

    all: int = 0
    true: int = 0

    def __str__(self) -> str:
        share = self.true / max(1, self.all)
        half = 1.96 * math.sqrt(share * (1 - share) / max(1, self.all))
        return f"{100 * share:.1f} \u00b1{100 * half:.1f} % of {self.all}"


def agreements(mixes: Mapping[str, int], scenes: int) -> str:
    """A table: the errors of both captioners, and the share of true statements by who agrees."""
    lines = ["| captioners | one captioner, twice | two captioners |", "| --- | --- | --- |"]
    galleries = [Gallery.of(seed, scenes, mix) for mix, seed in mixes.items()]
    for errors in ERRORS:
        found = {minds: Count() for minds in (("a", "a"), ("a", "b"))}
        for minds, count in found.items():
            told = [is_true for gallery in galleries for is_true in _agreed(gallery, errors, minds)]
            count.all, count.true = len(told), sum(told)
        lines.append(f"| {errors} | {' | '.join(map(str, found.values()))} |")
    return "\n".join(lines)


def _agreed(gallery: Gallery, errors: str, minds: Sequence[str]) -> Iterator[bool]:
    """Whether it is true, of each statement about a patch that both candidates make, one of each mind."""
    one, *others = (
        SimulatedCaptioner(gallery.by_digest, ERRORS[errors], mind, name=f"captioner {mind}")
        for mind in dict.fromkeys(minds)
    )
    preset = PRESETS[DEFAULT]
    divided = divide(gallery.pictures, gallery.detections, preset.divide)
    described = describe_each(divided, one, DescribeSettings(candidates=len(minds)), QUIET, others)
    compared = compare(described, Level.WITHIN, preset.compare, None, QUIET)
    for scene, world in zip(compared, gallery.worlds, strict=True):
        for patch in scene.patches:
            frame = patch.box.normalised(scene.image.width, scene.image.height)
            for statement in patch.statements:
                if len(statement.sources) == len(minds):
                    yield not any(one.false for one in judge(statement.text, world, frame).told)
