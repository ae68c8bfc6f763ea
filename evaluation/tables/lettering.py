"""What is told of writing: signs drawn into worlds and photographs, and the lettering that photographs have themselves.

A captioner tells of every line in view; it misreads, invents and leaves out. What is read is read by rapidocr. A claim
about text is a quoted piece of writing, counted once a caption; it is right if a notice says so, in any case, as a
whole or in an unbroken part.
"""

from __future__ import annotations

import json
import random
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from evaluation.worlds.scenes import MIXES, draw, make_world
from patchmatters.language.quotes import quotes_of
from patchmatters.models import Answer, Monitor, Question
from patchmatters.picture import open_picture, picture_digest
from patchmatters.pipeline import caption_pictures
from patchmatters.scene import Box
from patchmatters.witnesses.matching import is_cjk, plain
from patchmatters.witnesses.text import create as create_reader

LETTERING = Path(__file__).parents[2] / "tests" / "data" / "lettering.json"
_PHRASES = (
    "NO ENTRY", "Exit", "OPEN 24 HOURS", "Platform 9", "FRESH BREAD", "Gate 12", "STOP", "Hotel Astoria", "42",
    "PRIVATE ROAD", "Cafe Central", "SALE TODAY", "Bus 57", "MIND THE GAP", "Library", "SLOW DOWN", "PARKING 300 m",
    "I PACKD UR SUTECASE", "Ice Cream", "ROOM 214", "WET PAINT", "Keep Left", "TICKETS", "Harbour View", "No. 38",
)  # fmt: skip
_TELLINGS = ('A sign reads "{}".', 'The text "{}" is visible.', 'There is a sign that says "{}".')
_TRIES = 100  # places for a sign, of which the best is taken
_INVENTED = ("WELCOME", "DANGER", "FOR RENT", "COFFEE", "TAXI", "CLOSED", "PHARMACY", "MUSEUM")


@dataclass(frozen=True)
class Misreading:
    """Rates at which a captioner misreads a line, invents another, and does not tell of it."""

    misread: float = 0.35
    invented: float = 0.1
    silent: float = 0.15


@dataclass(frozen=True)
class Sign:
    """A line of writing: what it says, where it is, in pixels, and how captioners misread it where that is known."""

    text: str
    box: Box
    misread: tuple[str, ...] = ()

    def seen_in(self, view: Box) -> str:
        """What of it a view shows, letter by letter; "" for less than three letters."""
        step = self.box.width / len(self.text)
        edges = [self.box.left + step * number for number in range(len(self.text))]
        inside = [edge >= view.left - step / 3 and edge + step <= view.right + step / 3 for edge in edges]
        high = min(self.box.bottom, view.bottom) - max(self.box.top, view.top)
        shown = "".join(letter for letter, there in zip(self.text, inside, strict=True) if there).strip()
        return shown if high >= 0.8 * self.box.height and len(plain(shown)) >= min(3, len(plain(self.text))) else ""


Notice = tuple[Sign, ...]  # lines that belong together


@dataclass(frozen=True)
class Lettered:
    """A picture, its name, and all that is legible in it."""

    name: str
    picture: Image.Image
    notices: tuple[Notice, ...]

    @property
    def signs(self) -> tuple[Sign, ...]:
        return tuple(sign for notice in self.notices for sign in notice)


# --- what stands in pictures -----------------------------------------------------------------------------------------


def drawn_signs(pictures: int, photos: Path | None = None) -> list[Lettered]:
    """Pictures with one sign each, in drawn worlds, or in the photographs of a folder, whose own writing nobody tells
    of."""
    grounds = sorted(photos.glob("*.jpg")) if photos else []
    return [
        signed(open_picture(grounds[number % len(grounds)]), number) if grounds else sign_world(number)
        for number in range(pictures)
    ]


def lettered(folders: Sequence[Path]) -> list[Lettered]:
    """The photographs of `lettering.json` that are in these folders. ValueError where none is."""
    known = json.loads(LETTERING.read_text(encoding="utf-8"))["pictures"]
    paths = {path.name: path for folder in folders for path in sorted(folder.iterdir()) if path.name in known}
    if not paths:
        raise ValueError(f"None of the {len(known)} photographs of {LETTERING.name} is there: see its `about`.")
    return [
        Lettered(name, open_picture(path), tuple(tuple(map(_sign, notice)) for notice in known[name]))
        for name, path in paths.items()
    ]


def _sign(line: Mapping[str, object]) -> Sign:
    return Sign(str(line["text"]), Box(*line["box"]), tuple(line["misread"]))  # type: ignore[misc, arg-type]


def sign_world(seed: int) -> Lettered:
    """A world with one sign; colours, size and place differ."""
    return signed(draw(make_world(f"sign {seed}", MIXES["sparse"])), seed)


def signed(picture: Image.Image, seed: int, around: Sequence[Box] = ()) -> Lettered:
    """The picture with a sign drawn into it, where it covers least of what is in the boxes."""
    rng = random.Random(f"sign {seed}")
    text = rng.choice(_PHRASES)
    face = ImageFont.load_default(rng.uniform(16, 34))
    ground, ink = rng.choice([("white", "black"), ("darkgreen", "white"), ("gold", "navy"), ("maroon", "ivory")])
    left, top, right, bottom = face.getbbox(text)
    wide, high = right - left + 20, bottom - top + 16
    corners = [_corner(picture, wide, high, rng) for _ in range(_TRIES if around else 1)]
    x, y = min(corners, key=lambda one: _covered(Box(one[0], one[1], one[0] + wide, one[1] + high), around))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((x, y, x + wide, y + high), fill=ground)
    pen.text((x + 10 - left, y + 8 - top), text, fill=ink, font=face)
    return Lettered(f"{seed}", picture, ((Sign(text, Box(x + 10, y + 8, x + wide - 10, y + high - 8)),),))


def _corner(picture: Image.Image, wide: float, high: float, rng: random.Random) -> tuple[float, float]:
    return rng.uniform(2, max(3, picture.width - wide - 2)), rng.uniform(2, picture.height - high - 2)


def _covered(sign: Box, around: Sequence[Box]) -> float:
    """Square pixels of the boxes that the sign covers."""
    return sum(sign.intersection(box).area for box in around)


# --- what captioners tell of it --------------------------------------------------------------------------------------


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
    """Tells of the lines in pictures that it knows by their digest, with errors that differ from answer to answer."""

    signs: Mapping[str, Sequence[Sign]]
    errors: Misreading = Misreading()
    name: str = "sign captioner"
    sees_images: bool = True
    follows_instructions: bool = False

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        return [Answer(self._tell(question)) for question in questions]

    def _tell(self, question: Question) -> str:
        crop = question.images[0]
        rng = random.Random(f"{question.seed} {crop!r}")
        told = ["The background is plain.", "Some shapes are scattered around."]
        for sign in self.signs[crop.digest]:
            told += self._of(sign, sign.seen_in(crop.box), rng)
        return " ".join(told)

    def _of(self, sign: Sign, shown: str, rng: random.Random) -> Iterator[str]:
        if not shown or rng.random() < self.errors.silent:
            return
        said = shown
        if rng.random() < self.errors.misread:
            said = rng.choice(sign.misread) if sign.misread and shown == sign.text else misread(shown, rng)
        if rng.random() < self.errors.invented:
            said = rng.choice(_INVENTED)
        yield rng.choice(_TELLINGS).format(said)


# --- how much of it is right -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claims:
    """What a caption says is written: what is right and wrong of it, as it is compared, and which lines are told."""

    right: frozenset[str]
    wrong: frozenset[str]
    told: frozenset[int]

    def is_worse_than(self, other: Claims) -> bool:
        """Whether a line is told no more, or more is wrong."""
        return not other.told <= self.told or len(self.wrong) > len(other.wrong)


def claims_of(caption: str, picture: Lettered) -> Claims:
    """The quoted pieces of writing of a caption, each once."""
    said = {plain(quote.text) for quote in quotes_of(caption)}
    wanted = [plain("".join(sign.text for sign in notice)) for notice in picture.notices]
    lines = [plain(sign.text) for sign in picture.signs]
    right = {one for one in said if one in lines or any(_is_part(one, whole) for whole in wanted)}
    told = {number for number, line in enumerate(lines) if any(line in one or one in line for one in right)}
    return Claims(frozenset(right), frozenset(said - right), frozenset(told))


def _is_part(said: str, whole: str) -> bool:
    return said in whole and len(said) >= min(1 if is_cjk(said) else 3, len(whole))


def signs_told(pictures: Sequence[Lettered]) -> str:
    """A table of claims that are right: the captioner's own caption, the default's, and with the reading witness; then
    what is wrong with reading, and the pictures that reading made worse."""
    known = {picture_digest(one.picture): one.signs for one in pictures}
    captioner, images = SignCaptioner(known), [one.picture for one in pictures]
    names = [one.name for one in pictures]
    default, heard = (
        caption_pictures(images, captioner, witnesses=witnesses, names=names) for witnesses in ((), (create_reader(),))
    )
    captions = {
        "captioner alone": [scene.whole.passages[0].text for scene in default],
        "default": [scene.caption_text for scene in default],
        "default, reading": [scene.caption_text for scene in heard],
    }
    rows = {name: list(map(claims_of, several, pictures)) for name, several in captions.items()}
    lines = ["| | claims about text | right | lines told rightly |", "| --- | --- | --- | --- |"]
    lines += [_row(name, claims, sum(len(one.signs) for one in pictures)) for name, claims in rows.items()]
    before, after = rows["default"], rows["default, reading"]
    worse = [one.name for one, old, new in zip(pictures, before, after, strict=True) if new.is_worse_than(old)]
    wrong = [f"wrong in {one.name}: {sorted(new.wrong)}" for one, new in zip(pictures, after, strict=True) if new.wrong]
    made = f"made worse by reading: {len(worse)} of {len(pictures)} ({', '.join(worse)})"
    return "\n".join([*lines, "", *wrong, made])


def _row(name: str, claims: Sequence[Claims], lines: int) -> str:
    right, wrong = (sum(len(getattr(one, kind)) for one in claims) for kind in ("right", "wrong"))
    share = 100 * right / max(1, right + wrong)
    return f"| {name} | {right + wrong} | {share:.1f} % | {sum(len(one.told) for one in claims)} of {lines} |"
