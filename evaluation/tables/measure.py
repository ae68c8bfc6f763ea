"""From captions to figures: means over scenes with their 95 % interval, and a table of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from evaluation.judge.claims import FALSITIES, Judgement, judge, legible_facts
from evaluation.worlds.scenes import World
from patchmatters.scene import Box

from .rows import Run

COLUMNS: Mapping[str, Callable[[Judgement], float]] = {
    "recall": lambda one: one.recall,
    "false": lambda one: one.hallucination,
    **{falsity: (lambda one, falsity=falsity: one.rate(falsity)) for falsity in FALSITIES},
    "repeated": lambda one: one.repetition,
    "words": lambda one: float(one.words),
}
_SHARES = frozenset(COLUMNS) - {"words"}


@dataclass(frozen=True)
class Figure:
    """A mean and half the width of its 95 % interval (normal approximation over scenes)."""

    mean: float
    half: float

    def text(self, *, share: bool) -> str:
        scale, digits = (100, 1) if share else (1, 0)
        return f"{scale * self.mean:.{digits}f} \u00b1{scale * self.half:.{digits}f}"


@dataclass(frozen=True)
class Line:
    """A row of figures: by column, and calls and seconds per picture."""

    name: str
    figures: Mapping[str, Figure]
    image_calls: float
    text_calls: float
    seconds: float


def figure(values: Sequence[float]) -> Figure:
    count = len(values)
    mean = sum(values) / count
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / max(1, count - 1))
    return Figure(mean, 1.96 * spread / math.sqrt(count))


def measured(name: str, run: Run, worlds: Sequence[World]) -> Line:
    judged = [judge(caption, world) for caption, world in zip(run.captions, worlds, strict=True)]
    figures = {column: figure([read(one) for one in judged]) for column, read in COLUMNS.items()}
    return Line(name, figures, run.image_calls, run.text_calls, run.seconds)


def legible_recall(run: Run, worlds: Sequence[World]) -> Figure:
    """Of what is legible in the whole view, the share that the captions tell."""
    shares = []
    for caption, world in zip(run.captions, worlds, strict=True):
        legible = legible_facts(world, Box(0, 0, world.side, world.side))
        shares.append(len(judge(caption, world).known & legible) / len(legible))
    return figure(shares)


def table(lines: Sequence[Line]) -> str:
    """Markdown. Shares in per cent."""
    head = ["", *COLUMNS, "image calls", "text calls", "CPU s / image"]
    rows = []
    for line in lines:
        cells = [line.figures[column].text(share=column in _SHARES) for column in COLUMNS]
        rows.append([line.name, *cells, f"{line.image_calls:.1f}", f"{line.text_calls:.1f}", f"{line.seconds:.3f}"])
    return markdown(head, rows)


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))
