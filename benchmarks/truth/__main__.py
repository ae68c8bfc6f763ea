"""The tables: `python -m benchmarks.truth` for the miniatures, `--simulated usual` (or another) for the simulation."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from patchmatters.backends.base import ChatModel, Scorer
from patchmatters.picture import picture_digest

from .measure import legible_recall, measured, table
from .provenance import nothing, trace
from .remember import Bill, RememberedChat, RememberedScorer
from .rows import ABLATIONS, FREE, FULL, LLM, Cast, Row, play
from .scenes import MIXES, World, detect, draw, make_world
from .simulated import ERRORS, SCORERS, SimulatedCaptioner, SimulatedScorer
from .writer import perfect_writer

log = logging.getLogger(__name__)
WEIGHTS = Path(__file__).with_name("weights")


def worlds_for(seed: int, count: int, mix: str) -> list[World]:
    """Worlds that no training has seen: their seeds begin with "test"."""
    return [make_world(f"test {seed} {number}", MIXES[mix]) for number in range(count)]


def miniatures() -> tuple[ChatModel, Scorer]:
    """The trained captioner and scorer, through the backends that users run."""
    import torch

    from patchmatters.backends import blip, transformers_chat

    torch.set_num_threads(1)
    settings = transformers_chat.TransformersSettings(model=str(WEIGHTS / "captioner"), device="cpu")
    scorer = blip.create(blip.ScorerSettings(model=str(WEIGHTS / "scorer"), device="cpu"))
    return transformers_chat.create(settings), scorer


def _cast(chosen: argparse.Namespace, worlds: Sequence[World], digests: Sequence[str]) -> Cast:
    if not chosen.simulated:
        captioner, scorer = miniatures()
        bill = Bill()
        return Cast(RememberedChat(captioner, bill), RememberedScorer(scorer, bill), perfect_writer(), bill)
    known = dict(zip(digests, worlds, strict=True))
    return Cast(
        SimulatedCaptioner(known, ERRORS[chosen.simulated]),
        SimulatedScorer(known, SCORERS[chosen.scorer]),
        perfect_writer(),
    )


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.truth", description=__doc__)
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mix", choices=tuple(MIXES), default="usual")
    parser.add_argument("--simulated", choices=("", *ERRORS), default="", help="simulate instead of the miniatures")
    parser.add_argument("--scorer", choices=tuple(SCORERS), default="usual", help="of the simulation")
    parser.add_argument(
        "--ablations", default="", help='the full row with other settings: "all", or parts of names: "keep,1 c"'
    )
    parser.add_argument("--rows", choices=("all", "free", "ends"), default="all", help="ends: captioner alone and full")
    parser.add_argument("--trace", type=int, default=0, metavar="N", help="show provenance and N example sentences")
    return parser.parse_args(given)


_ROWS: dict[str, tuple[Row, ...]] = {"all": (*FREE, *LLM), "free": FREE, "ends": (FREE[0], FULL)}


def main(given: Sequence[str] | None = None) -> None:
    chosen = _arguments(given)
    logging.getLogger("patchmatters").setLevel(logging.ERROR)
    worlds = worlds_for(chosen.seed, chosen.scenes, chosen.mix)
    pictures = [draw(world) for world in worlds]
    detections = [detect(world, f"test {chosen.seed} {number}") for number, world in enumerate(worlds)]
    cast = _cast(chosen, worlds, [picture_digest(picture) for picture in pictures])
    who = f"simulated {chosen.simulated}, scorer {chosen.scorer}" if chosen.simulated else "miniatures"
    print(f"{who}; {chosen.scenes} scenes, mix {chosen.mix}, seed {chosen.seed}\n")
    lines, traced = [], nothing()
    for row in _ROWS[chosen.rows]:
        run = play(row, pictures, detections, cast)
        lines.append(measured(row.name, run, worlds))
        log.info("%s: done", row.name)
        if row is FREE[0]:
            print(f"legible facts of the whole view told: {legible_recall(run, worlds).text(share=True)} %\n")
        if row is FULL and chosen.trace:
            traced = sum((trace(scene, world) for scene, world in zip(run.scenes, worlds, strict=True)), nothing())
    print(table(lines))
    if chosen.trace:
        _show_trace(traced, chosen.trace)
    if chosen.ablations:
        wanted = {
            name: preset
            for name, preset in ABLATIONS.items()
            if chosen.ablations == "all" or any(part in name for part in chosen.ablations.split(","))
        }
        ablated = [measured(name, play(FULL, pictures, detections, cast, one), worlds) for name, one in wanted.items()]
        print(f"\nfull, LLM-free, with other settings\n\n{table(ablated)}")


def _show_trace(traced: object, most: int) -> None:
    from .provenance import Trace

    assert isinstance(traced, Trace)
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
