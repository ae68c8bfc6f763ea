"""Whether two captioners that agree are more often right than one that agrees with itself.

Drawn worlds, patches, two candidates each, no scorer: of the statements that both candidates make, the share that is
true, where both are one captioner's and where they are of two. The second captioner errs as often as the first one,
but in other places: their stubborn errors differ (`SimulatedCaptioner.mind`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from evaluation.judge.claims import judge
from evaluation.players.simulated import ERRORS, SimulatedCaptioner
from patchmatters.describe import DescribeSettings, describe_each
from patchmatters.divide import divide
from patchmatters.models import QUIET
from patchmatters.pipeline import DEFAULT, PRESETS
from patchmatters.semantic_filter import Level, compare

from .gallery import Gallery
from .measure import markdown


def agreements(mixes: Mapping[str, int], scenes: int) -> str:
    """A table: the errors of both captioners, and the share of true statements by who agrees."""
    galleries = [Gallery.of(seed, scenes, mix) for mix, seed in mixes.items()]
    rows = []
    for errors in ERRORS:
        told = ([one for gallery in galleries for one in _agreed(gallery, errors, minds)] for minds in ("aa", "ab"))
        rows.append([errors, *map(_share, told)])
    return markdown(["captioners", "one captioner, twice", "two captioners"], rows)


def _share(told: Sequence[bool]) -> str:
    """How many of these are true, with the 95 % interval of that."""
    count = max(1, len(told))
    share = sum(told) / count
    half = 1.96 * math.sqrt(share * (1 - share) / count)
    return f"{100 * share:.1f} \u00b1{100 * half:.1f} % of {len(told)}"


def _agreed(gallery: Gallery, errors: str, minds: str) -> Iterator[bool]:
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
