"""The tables: `python -m evaluation` for the miniatures, `--simulated usual` (or another) for the simulation."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence

from evaluation.judge.provenance import Trace, nothing, trace
from evaluation.players.cast import Cast, miniatures, simulation
from evaluation.players.simulated import ERRORS, SCORERS
from evaluation.tables.gallery import Gallery
from evaluation.tables.measure import Line, legible_recall, measured, table
from evaluation.tables.rows import ABLATIONS, FREE, FULL, LLM, Row, Run
from evaluation.worlds.scenes import MIXES

_ROWS: dict[str, tuple[Row, ...]] = {"all": (*FREE, *LLM), "free": FREE, "ends": (FREE[0], FULL)}


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluation", description=__doc__)
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mix", choices=tuple(MIXES), default="usual")
    parser.add_argument("--simulated", choices=("", *ERRORS), default="", help="simulate instead of the miniatures")
    parser.add_argument("--scorer", choices=tuple(SCORERS), default="usual", help="of the simulation")
    parser.add_argument(
        "--ablations", default="", help='the full row with other settings: "all", or parts of names: "keep,1 c"'
    )
    parser.add_argument("--rows", choices=tuple(_ROWS), default="all", help="ends: captioner alone and full")
    parser.add_argument("--trace", type=int, default=0, metavar="N", help="show provenance and N example sentences")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    chosen = _arguments(given)
    logging.getLogger("patchmatters").setLevel(logging.ERROR)
    gallery = Gallery.of(chosen.seed, chosen.scenes, chosen.mix)
    cast = simulation(gallery.by_digest, chosen.simulated, chosen.scorer) if chosen.simulated else miniatures()
    who = f"simulated {chosen.simulated}, scorer {chosen.scorer}" if chosen.simulated else "miniatures"
    print(f"{who}; {chosen.scenes} scenes, mix {chosen.mix}, seed {chosen.seed}\n")
    runs = {row: gallery.run(row, cast) for row in _ROWS[chosen.rows]}
    told = legible_recall(runs[FREE[0]], gallery.worlds)
    print(f"legible facts of the whole view told by the captioner alone: {told.text(share=True)} %\n")
    print(table([measured(row.name, run, gallery.worlds) for row, run in runs.items()]))
    if chosen.trace:
        _show_trace(_traced(gallery, runs[FULL]), chosen.trace)
    if chosen.ablations:
        print(f"\nfull, LLM-free, with other settings\n\n{table(_ablated(gallery, cast, chosen.ablations))}")


def _ablated(gallery: Gallery, cast: Cast, wanted: str) -> list[Line]:
    parts = [""] if wanted == "all" else wanted.split(",")
    return [
        gallery.line(FULL, cast, preset, name)
        for name, preset in ABLATIONS.items()
        if any(part in name for part in parts)
    ]


def _traced(gallery: Gallery, run: Run) -> Trace:
    return sum((trace(*pair) for pair in zip(run.scenes, gallery.worlds, strict=True)), nothing())


def _show_trace(traced: Trace, most: int) -> None:
    print("\nfalse statements of the full row, by what let them through")
    for (stage, kind), count in traced.false.most_common():
        print(f"  {count:5} {stage}: {kind}")
    print("\nfacts that a passage told and the caption lost, by the stage that lost them")
    for (stage, kind), count in traced.lost.most_common():
        print(f"  {count:5} {stage}: {kind}")
    print("\nexamples")
    for example in traced.examples[:most]:
        print(f"  {example}")


if __name__ == "__main__":
    main()
