"""Where the method stops helping: simulated captioners and scorers of several qualities, alone and in the full graph.

`python -m evaluation.tables.limits [--scenes N]`. Each line compares the captioner's own caption with the full graph
under the paper's preset, under the default one, and with more candidates or patches.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import replace

from evaluation.players.cast import simulation
from evaluation.worlds.scenes import MIXES
from patchmatters.describe import DescribeSettings
from patchmatters.divide import DivideSettings
from patchmatters.pipeline import PRESETS, Preset

from .gallery import Gallery
from .measure import Line, markdown
from .rows import CAREFUL, FREE, FULL, Row

PAIRS = (
    ("usual", "usual"), ("usual", "strong"), ("usual", "weak"), ("usual", "blind"), ("strong", "usual"),
    ("strong", "weak"), ("weak", "usual"), ("weak", "weak"), ("stubborn", "usual"), ("stubborn", "blind"),
)  # fmt: skip
WAYS: tuple[tuple[str, Row, Preset], ...] = (
    ("alone", FREE[0], CAREFUL),
    ("paper", FULL, PRESETS["paper"]),
    ("careful", FULL, CAREFUL),
    ("careful, 6 candidates", FULL, replace(CAREFUL, describe=DescribeSettings(candidates=6))),
    ("careful, 3 x 3", FULL, replace(CAREFUL, divide=DivideSettings(rows=3, columns=3))),
)


def table(gallery: Gallery, pairs: Sequence[tuple[str, str]] = PAIRS) -> str:
    """Markdown: recall and share of false statements, in per cent, by pair and way."""
    head = ["captioner, scorer", *(f"{name}: recall / false" for name, _, _ in WAYS)]
    rows = []
    for pair in pairs:
        cast = simulation(gallery.by_digest, *pair)
        rows.append([", ".join(pair), *(_cell(gallery.line(row, cast, preset)) for _, row, preset in WAYS)])
    return markdown(head, rows)


def _cell(line: Line) -> str:
    return " / ".join(line.figures[column].text(share=True) for column in ("recall", "false"))


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m evaluation.tables.limits", description=__doc__)
    parser.add_argument("--scenes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mix", choices=tuple(MIXES), default="usual")
    chosen = parser.parse_args(given)
    logging.getLogger("patchmatters").setLevel(logging.ERROR)
    print(f"simulation; {chosen.scenes} scenes, mix {chosen.mix}, seed {chosen.seed}\n")
    print(table(Gallery.of(chosen.seed, chosen.scenes, chosen.mix)))


if __name__ == "__main__":
    main()
