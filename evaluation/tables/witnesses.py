"""What witnesses bring where the truth is known: `python -m evaluation.tables.witnesses WHAT`.

`each`: each witness alone and all together, in drawn worlds or on photographs (see `each_witness.py`). `worlds`: drawn
worlds, the captioner alone, the default, and the default with witnesses. The counting witness gets the worlds' own
boxes with the faults of a detector (`Faults`); colours are measured in the pixels by the real code. `text`: signs drawn
into worlds or photographs, or with --lettering what stands in photographs itself (see `lettering.py`). `captioners`:
whether the agreement of two counts for more (see `captioners.py`). `time`: seconds for one photograph of 12 megapixels.
"""

from __future__ import annotations

import argparse
import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from evaluation.bank.photographs import photographs_of
from evaluation.players.cast import miniatures, simulation
from evaluation.players.simulated import ERRORS
from evaluation.worlds.scenes import SHAPES, SIDE, World, jittered
from patchmatters.picture import open_picture, picture_digest
from patchmatters.scene import Box, Detection
from patchmatters.witnesses.objects import ObjectWitness

from .captioners import agreements
from .each_witness import in_worlds, on_photographs
from .gallery import Gallery
from .lettering import drawn_signs, lettered, signs_told
from .measure import Figure, table
from .rows import FREE, FULL

WORLDS = (("usual", 4711), ("details", 99), ("crowded", 77))


# --- objects in drawn worlds -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Faults:
    """How a detector errs, as shares of things: nothing found, only a faint box, another label; and of pictures: a box
    where nothing is. Small things are missed `small` times as often. Boxes are off by `jitter` pixels at most."""

    missed: float = 0.02
    faint: float = 0.08
    label: float = 0.02
    ghost: float = 0.1
    small: float = 2.0
    jitter: float = 3.0


@dataclass(frozen=True)
class WorldFinder:
    """Finds what is drawn, with faults; the same world gives the same boxes."""

    worlds: Mapping[str, World]
    faults: Faults = Faults()
    name: str = "boxes of the worlds"

    def detect(self, pictures: Sequence[Image.Image]) -> list[list[Detection]]:
        return [self._in(picture_digest(picture)) for picture in pictures]

    def _in(self, digest: str) -> list[Detection]:
        rng, world = random.Random(f"finder {digest}"), self.worlds[digest]
        found = []
        for thing in world.things:
            often = self.faults.small if thing.size == "small" else 1.0
            for box in thing.boxes:
                fate = rng.random()
                if fate < often * self.faults.missed:
                    continue
                faint = fate < often * (self.faults.missed + self.faults.faint)
                label = rng.choice(list(SHAPES)) if rng.random() < self.faults.label else thing.kind
                score = rng.uniform(0.16, 0.45) if faint else rng.uniform(0.55, 0.98)
                found.append(Detection(jittered(box, self.faults.jitter, world.side, rng), label, round(score, 2)))
        if rng.random() < self.faults.ghost:
            x, y = rng.uniform(0, SIDE - 40), rng.uniform(0, SIDE - 40)
            found.append(
                Detection(Box(x, y, x + 40, y + 40), rng.choice(list(SHAPES)), round(rng.uniform(0.16, 0.6), 2))
            )
        return found


def worlds(scenes: int, simulated: str) -> str:
    """The table of rows for each mix: the captioner alone, the default, the default with the counting witness."""
    parts = []
    for mix, seed in WORLDS:
        gallery = Gallery.of(seed, scenes, mix)
        cast = simulation(gallery.by_digest, simulated, "usual") if simulated else miniatures()
        finder = WorldFinder(gallery.by_digest)
        counting = replace(cast, witnesses=(ObjectWitness(finder, tuple(SHAPES)),))
        alone = gallery.line(FREE[0], cast)
        default = gallery.line(FULL, cast, name="default")
        heard = gallery.line(FULL, counting, name="default, counting")
        ratios = [
            f"{line.name}: {_ratio(line.figures['recall'], alone.figures['recall'])} times the recall, "
            f"{_ratio(line.figures['false'], alone.figures['false'])} times the share of false"
            for line in (default, heard)
        ]
        parts.append(f"{mix}, seed {seed}, {scenes} scenes\n\n{table([alone, default, heard])}\n\n" + "\n".join(ratios))
    return "\n\n".join(parts)


def _ratio(one: Figure, other: Figure) -> str:
    return f"{one.mean / other.mean:.2f}" if other.mean else "-"


# --- time ------------------------------------------------------------------------------------------------------------


def seconds(photo: Path) -> str:
    """CPU seconds for the photograph at 12 megapixels, beside those of rapidocr as it is for the photograph itself."""
    from rapidocr import RapidOCR

    from patchmatters.witnesses.reader import ONE_THREAD, read_lines

    small = open_picture(photo)
    large = small.resize((4000, 3000), Image.Resampling.BICUBIC)
    bare = RapidOCR(params={"Global.log_level": "error", **ONE_THREAD})
    read_lines(large.resize((400, 300)))  # loads the models
    bare(small)
    took, as_it_is = _cpu_seconds(lambda: read_lines(large)), _cpu_seconds(lambda: bare(small))
    return f"{took:.2f} CPU seconds for 12 megapixels, {took / as_it_is:.1f} times rapidocr's own for the photograph"


def _cpu_seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m evaluation.tables.witnesses", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="what", required=True)
    one = commands.add_parser("worlds")
    one.add_argument("--scenes", type=int, default=200)
    one.add_argument("--simulated", choices=("", *ERRORS), default="", help="simulate instead of the miniatures")
    two = commands.add_parser("text")
    two.add_argument("--pictures", type=int, default=200)
    two.add_argument("--photos", type=Path, help="put the signs into the photographs of this folder, not into worlds")
    two.add_argument(
        "--lettering", type=Path, nargs="+", metavar="FOLDER",
        help="tell of the real lettering in the photographs of these folders, as tests/data/lettering.json has it",
    )  # fmt: skip
    four = commands.add_parser("captioners", help="whether two captioners that agree are right more often than one")
    four.add_argument("--scenes", type=int, default=60)
    five = commands.add_parser("each", help="each witness alone and all together")
    five.add_argument("--scenes", type=int, default=60)
    five.add_argument("--simulated", choices=tuple(ERRORS), default="usual")
    five.add_argument("--bank", type=Path, help="photographs with labelled answers, instead of drawn worlds")
    five.add_argument("--images", type=Path, help="their folder; default: did_bench/images beside the bank")
    five.add_argument("--seeds", type=int, default=3, help="runs with the noisy scorer")
    three = commands.add_parser("time")
    three.add_argument("photo", type=Path)
    chosen = parser.parse_args(given)
    logging.getLogger("patchmatters").setLevel(logging.ERROR)
    try:
        print(_printed(chosen))
    except (ValueError, RuntimeError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")


def _printed(chosen: argparse.Namespace) -> str:
    if chosen.what == "worlds":
        return worlds(chosen.scenes, chosen.simulated)
    if chosen.what == "each":
        return _each(chosen)
    if chosen.what == "captioners":
        return agreements(dict(WORLDS), chosen.scenes)
    if chosen.what == "time":
        return seconds(chosen.photo)
    return signs_told(lettered(chosen.lettering) if chosen.lettering else drawn_signs(chosen.pictures, chosen.photos))


def _each(chosen: argparse.Namespace) -> str:
    if chosen.bank:
        return on_photographs(photographs_of(chosen.bank, chosen.images), range(chosen.seeds))
    tables = {
        f"{mix}, seed {seed}, {chosen.scenes} scenes": in_worlds(
            mix, seed, chosen.scenes, chosen.simulated, WorldFinder
        )
        for mix, seed in WORLDS
    }
    return "\n\n".join(f"{head}\n\n{table}" for head, table in tables.items())


if __name__ == "__main__":
    main()
