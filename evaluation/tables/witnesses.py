"""What witnesses bring where the truth is known: `python -m evaluation.tables.witnesses [worlds|text|time]`.

`worlds`: drawn worlds, the captioner alone, the default, and the default with witnesses. The
counting witness gets the worlds' own boxes with the faults of a detector (`Faults`); colours are measured in the pixels
by the real code. `text`: signs drawn into worlds, told by a captioner that misreads, invents and leaves out; what is
read is read by rapidocr. A claim about text is a quoted piece of writing; it is right if the sign says so, in any case.
`time`: seconds for one photograph of 12 megapixels.
"""

from __future__ import annotations

import argparse
import logging
import random
import string
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from evaluation.players.cast import miniatures, simulation
from evaluation.players.simulated import ERRORS
from evaluation.worlds.scenes import MIXES, SHAPES, SIDE, World, draw, make_world
from patchmatters.backends.base import Answer, Monitor, Question
from patchmatters.picture import open_picture, picture_digest
from patchmatters.pipeline import caption_pictures
from patchmatters.scene import Box, Detection
from patchmatters.witnesses.matching import plain
from patchmatters.witnesses.objects import ObjectWitness
from patchmatters.witnesses.quotes import quotes_of
from patchmatters.witnesses.text import create as create_reader

from .gallery import Gallery
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
                found.append(Detection(self._moved(box, world.side, rng), label, round(score, 2)))
        if rng.random() < self.faults.ghost:
            x, y = rng.uniform(0, SIDE - 40), rng.uniform(0, SIDE - 40)
            found.append(
                Detection(Box(x, y, x + 40, y + 40), rng.choice(list(SHAPES)), round(rng.uniform(0.16, 0.6), 2))
            )
        return found

    def _moved(self, box: Box, side: float, rng: random.Random) -> Box:
        left, top, right, bottom = (
            value + rng.uniform(-self.faults.jitter, self.faults.jitter)
            for value in (box.left, box.top, box.right, box.bottom)
        )
        return Box(max(left, 0.0), max(top, 0.0), min(right, side), min(bottom, side))


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


# --- text ------------------------------------------------------------------------------------------------------------

_PHRASES = (
    "NO ENTRY", "Exit", "OPEN 24 HOURS", "Platform 9", "FRESH BREAD", "Gate 12", "STOP", "Hotel Astoria", "42",
    "PRIVATE ROAD", "Cafe Central", "SALE TODAY", "Bus 57", "MIND THE GAP", "Library", "SLOW DOWN", "PARKING 300 m",
    "I PACKD UR SUTECASE", "Ice Cream", "ROOM 214", "WET PAINT", "Keep Left", "TICKETS", "Harbour View", "No. 38",
)  # fmt: skip
_TELLINGS = ('A sign reads "{}".', 'The text "{}" is visible.', 'There is a sign that says "{}".')
_INVENTED = ("WELCOME", "DANGER", "FOR RENT", "COFFEE", "TAXI", "CLOSED", "PHARMACY", "MUSEUM")


@dataclass(frozen=True)
class Misreading:
    """Rates at which a captioner misreads a sign, invents another, and does not tell of it."""

    misread: float = 0.35
    invented: float = 0.1
    silent: float = 0.15


@dataclass(frozen=True)
class Sign:
    """What a sign says, and where it is, in pixels."""

    text: str
    box: Box

    def seen_in(self, view: Box) -> str:
        """What of it a view shows, letter by letter; "" for less than three letters."""
        step = self.box.width / len(self.text)
        edges = [self.box.left + step * number for number in range(len(self.text))]
        inside = [edge >= view.left - step / 3 and edge + step <= view.right + step / 3 for edge in edges]
        high = min(self.box.bottom, view.bottom) - max(self.box.top, view.top)
        shown = "".join(letter for letter, there in zip(self.text, inside, strict=True) if there).strip()
        return shown if high >= 0.8 * self.box.height and len(plain(shown)) >= min(3, len(plain(self.text))) else ""


def sign_world(seed: int) -> tuple[Image.Image, Sign]:
    """A world with one sign; colours, size and place differ."""
    return signed(draw(make_world(f"sign {seed}", MIXES["sparse"])), seed)


def signed(picture: Image.Image, seed: int) -> tuple[Image.Image, Sign]:
    """The picture with a sign drawn into it."""
    rng = random.Random(f"sign {seed}")
    text = rng.choice(_PHRASES)
    face = ImageFont.load_default(rng.uniform(16, 34))
    ground, ink = rng.choice([("white", "black"), ("darkgreen", "white"), ("gold", "navy"), ("maroon", "ivory")])
    left, top, right, bottom = face.getbbox(text)
    wide, high = right - left + 20, bottom - top + 16
    x = rng.uniform(2, max(3, picture.width - wide - 2))
    y = rng.uniform(2, picture.height - high - 2)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((x, y, x + wide, y + high), fill=ground)
    pen.text((x + 10 - left, y + 8 - top), text, fill=ink, font=face)
    return picture, Sign(text, Box(x + 10, y + 8, x + wide - 10, y + high - 8))


def misread(text: str, rng: random.Random) -> str:
    """One letter or digit of the text replaced, left out or doubled."""
    places = [place for place, letter in enumerate(text) if letter.isalnum()]
    place = rng.choice(places)
    pool = string.digits if text[place].isdigit() else string.ascii_uppercase
    other = rng.choice([letter for letter in pool if letter != text[place].upper()])
    ways = (other if text[place].isupper() or text[place].isdigit() else other.lower(), "", 2 * text[place])
    return text[:place] + rng.choice(ways) + text[place + 1 :]


@dataclass(frozen=True)
class SignCaptioner:
    """Tells of the signs in pictures that it knows, with errors that differ from answer to answer."""

    signs: Mapping[str, Sign]
    errors: Misreading = Misreading()
    name: str = "sign captioner"
    sees_images: bool = True
    follows_instructions: bool = False

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        return [Answer(self._tell(question)) for question in questions]

    def _tell(self, question: Question) -> str:
        crop = question.images[0]
        rng, text = random.Random(f"{question.seed} {crop!r}"), self.signs[crop.digest].seen_in(crop.box)
        told = ["The background is plain.", "Some shapes are scattered around."]
        if not text or rng.random() < self.errors.silent:
            return " ".join(told)
        said = misread(text, rng) if rng.random() < self.errors.misread else text
        if rng.random() < self.errors.invented:
            said = rng.choice(_INVENTED)
        told.append(rng.choice(_TELLINGS).format(said))
        return " ".join(told)


def signs_told(pictures: int, photos: Path | None = None) -> str:
    """Claims about text that are right, in the captioner's own caption, the default's, and with the reading witness.

    Signs stand in drawn worlds, or in the photographs of a folder, whose own writing nobody tells of.
    """
    grounds = sorted(photos.glob("*.jpg")) if photos else []
    drawn = [
        signed(open_picture(grounds[number % len(grounds)]), number) if grounds else sign_world(number)
        for number in range(pictures)
    ]
    signs = {picture_digest(picture): said for picture, said in drawn}
    images = [picture for picture, _ in drawn]
    captioner, reader = SignCaptioner(signs), create_reader()
    alone, heard = (
        caption_pictures(images, captioner, witnesses=witnesses, names=[str(n) for n in range(pictures)])
        for witnesses in ((), (reader,))
    )
    told = {
        "captioner alone": [scene.whole.passages[0].text for scene in alone],
        "default": [scene.caption_text for scene in alone],
        "default, reading": [scene.caption_text for scene in heard],
    }
    rows = {
        name: [_claims(caption, sign.text) for caption, (_, sign) in zip(captions, drawn, strict=True)]
        for name, captions in told.items()
    }
    worse = sum(
        after["right"] < before["right"] or after["wrong"] > before["wrong"]
        for before, after in zip(rows["default"], rows["default, reading"], strict=True)
    )
    lines = ["| | claims about text | right | signs told | signs told rightly |", "| --- | --- | --- | --- | --- |"]
    for name, counts in rows.items():
        total = sum(counts, Counter())
        claims = total["right"] + total["wrong"]
        lines.append(
            f"| {name} | {claims} | {100 * total['right'] / max(1, claims):.1f} % | "
            f"{sum(bool(one) for one in counts)} | {sum(bool(one['right']) for one in counts)} |"
        )
    return "\n".join([*lines, "", f"pictures made worse by reading: {worse} of {pictures}"])


def _claims(caption: str, sign: str) -> Counter[str]:
    """Quoted pieces of writing in a caption: right where the sign says that, or an unbroken part of it."""
    wanted = plain(sign)
    return Counter(
        "right" if said in wanted and len(said) >= min(3, len(wanted)) else "wrong"
        for said in (plain(quote.text) for quote in quotes_of(caption))
    )


# --- time ------------------------------------------------------------------------------------------------------------


def seconds(photo: Path) -> str:
    from patchmatters.witnesses.reader import read_lines

    picture = open_picture(photo).resize((4000, 3000), Image.Resampling.BICUBIC)
    read_lines(picture.resize((400, 300)))  # loads the models
    begun = time.process_time()
    lines = read_lines(picture)
    return f"{time.process_time() - begun:.2f} CPU seconds for 12 megapixels, {len(lines)} lines"


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m evaluation.tables.witnesses", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="what", required=True)
    one = commands.add_parser("worlds")
    one.add_argument("--scenes", type=int, default=200)
    one.add_argument("--simulated", choices=("", *ERRORS), default="", help="simulate instead of the miniatures")
    two = commands.add_parser("text")
    two.add_argument("--pictures", type=int, default=200)
    two.add_argument("--photos", type=Path, help="put the signs into the photographs of this folder, not into worlds")
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
    return signs_told(chosen.pictures, chosen.photos) if chosen.what == "text" else seconds(chosen.photo)


if __name__ == "__main__":
    main()
