"""The prompts that are compared, and their figures side by side."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from patchmatters.generate import json_prompt, layout_of
from patchmatters.scene import Scene

CAPTIONER, PACK, REGIONAL, LAYOUT = "captioner", "pack", "regional", "layout"
ARMS = (CAPTIONER, PACK, REGIONAL, LAYOUT)
_DRAWS = 2000


def text_of(arm: str, scene: Scene, form: str) -> str:
    """The prompt of an arm; the captioner alone is its first answer about the whole picture.

    ValueError where the Scene holds no such answer or no caption.
    """
    if arm == LAYOUT:
        return json_prompt(layout_of(scene), form).text
    text = scene.caption_text if arm == PACK else next((one.text for one in scene.whole.passages), "")
    if not text:
        raise ValueError(
            f"The Scene of {scene.image.name!r} has nothing for {arm}: give one that Compose has finished."
        )
    return text


@dataclass(frozen=True)
class Row:
    """One picture: which reference, arm and seed, and its figures by the measure's name."""

    reference: str
    arm: str
    seed: int
    figures: Mapping[str, float]


def means(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """arm -> measure -> mean over references and seeds."""
    found: dict[str, dict[str, float]] = {}
    for arm in dict.fromkeys(row.arm for row in rows):
        own = [row for row in rows if row.arm == arm]
        names = dict.fromkeys(name for row in own for name in row.figures)
        found[arm] = {name: _mean([row.figures[name] for row in own if name in row.figures]) for name in names}
    return found


def gain(rows: Sequence[Row], arm: str, name: str) -> tuple[float, float, float] | None:
    """How much nearer than the captioner alone an arm is: the mean over references, and its interval of 95 %.

    Paired by reference and seed; the interval is a bootstrap over references. None without pairs.
    """
    alone = {(row.reference, row.seed): row.figures for row in rows if row.arm == CAPTIONER}
    by_reference: dict[str, list[float]] = {}
    for row in rows:
        base = alone.get((row.reference, row.seed), {})
        if row.arm == arm and name in base and name in row.figures:
            by_reference.setdefault(row.reference, []).append(row.figures[name] - base[name])
    gains = [_mean(each) for each in by_reference.values()]
    if not gains:
        return None
    draw = random.Random(0)
    drawn = sorted(_mean(draw.choices(gains, k=len(gains))) for _ in range(_DRAWS))
    return _mean(gains), drawn[int(0.025 * _DRAWS)], drawn[int(0.975 * _DRAWS) - 1]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def table(rows: Sequence[Row]) -> str:
    """Means by arm, and gains over the captioner alone with their intervals."""
    found = means(rows)
    names = list(dict.fromkeys(name for figures in found.values() for name in figures))
    lines = [f"{'arm':<10}" + "".join(f"{name:>28}" for name in names)]
    for arm, figures in found.items():
        cells = [
            f"{figures[name]:.3f}{_told(gain(rows, arm, name), arm)}" if name in figures else "-" for name in names
        ]
        lines.append(f"{arm:<10}" + "".join(f"{cell:>28}" for cell in cells))
    return "\n".join(lines)


def _told(found: tuple[float, float, float] | None, arm: str) -> str:
    if found is None or arm == CAPTIONER:
        return ""
    return " ({:+.3f}; {:+.3f} to {:+.3f})".format(*found)
