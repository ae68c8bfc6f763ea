"""Whether two captioners that agree are more often right than one that agrees with itself.

Drawn worlds, patches, no scorer: of the statements that exactly two candidates of a patch make, the share that is true,
where both candidates are one captioner's and where they are of two. The second captioner errs as the first one does,
but in other places: their stubborn errors differ (`SimulatedCaptioner.mind`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evaluation.judge.claims import judge
from evaluation.players.simulated import ERRORS, SimulatedCaptioner
from evaluation.worlds.scenes import World
from patchmatters.backends.base import QUIET
from patchmatters.describe import DescribeSettings, describe_each
from patchmatters.divide import divide
from patchmatters.pipeline import DEFAULT, PRESETS
from patchmatters.scene import Patch, Scene, Statement
from patchmatters.semantic_filter import Level, compare

from .gallery import Gallery

_CANDIDATES = 4  # two of each captioner


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
    for errors in ERRORS:
        found: dict[bool, Count] = defaultdict(Count)
        for mix, seed in mixes.items():
            for is_mixed, is_true in _agreed(Gallery.of(seed, scenes, mix), errors):
                found[is_mixed].all += 1
                found[is_mixed].true += is_true
        lines.append(f"| {errors} | {found[False]} | {found[True]} |")
    return "\n".join(lines)


def _agreed(gallery: Gallery, errors: str) -> Iterator[tuple[bool, bool]]:
    """(whether two captioners say it, whether it is true) of each statement that two candidates of a patch make."""
    one, other = (
        SimulatedCaptioner(gallery.by_digest, ERRORS[errors], mind, name=f"captioner {mind}") for mind in ("a", "b")
    )
    preset = PRESETS[DEFAULT]
    divided = divide(gallery.pictures, gallery.detections, preset.divide)
    described = describe_each(divided, one, DescribeSettings(candidates=_CANDIDATES), QUIET, (other,))
    compared = compare(described, Level.WITHIN, preset.compare, None, QUIET)
    for scene, world in zip(compared, gallery.worlds, strict=True):
        for patch in scene.patches:
            for statement in patch.statements:
                if len(statement.sources) == 2:
                    yield _is_of_two(patch, statement), _is_true(scene, patch, statement, world)


def _is_of_two(patch: Patch, statement: Statement) -> bool:
    return len({patch.passages[source].model for source in statement.sources}) > 1


def _is_true(scene: Scene, patch: Patch, statement: Statement, world: World) -> bool:
    frame = patch.box.normalised(scene.image.width, scene.image.height)
    return not any(one.false for one in judge(statement.text, world, frame).told)
