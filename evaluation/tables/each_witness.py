"""What each witness brings alone, and what all bring together: drawn worlds with a sign in each, and photographs.

Worlds: the simulated captioner and scorer. The captioner tells of the signs too, and misreads them (`Misreading`); they
are read by rapidocr. Boxes are the worlds' own with a detector's faults; a second look is right in 85 % (`Looker`).
Photographs: a labelled bank (`evaluation.bank`) with its noisy scorer; boxes drawn by a language model that looked
at the pictures (tests/data/photograph_boxes.json); a second look knows the labels, and is right in 85 % too.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluation.bank.photographs import Photograph
from evaluation.judge.claims import UNIT, judge
from evaluation.players.cast import Cast, simulation
from evaluation.players.looker import Looker, Truth
from evaluation.worlds.scenes import SHAPES, World
from patchmatters.language.quotes import quotes_of
from patchmatters.language.sentences import split_sentences
from patchmatters.models import Answer, ChatModel, Monitor, Question, WrappedChat
from patchmatters.picture import Crop, picture_digest
from patchmatters.scene import Box, Detection, Ruling, Scene, Testimony
from patchmatters.witnesses import Witness
from patchmatters.witnesses.base import Attentive, Offer
from patchmatters.witnesses.objects import Finder, ObjectWitness
from patchmatters.witnesses.text import create as create_reader

from .gallery import Gallery
from .lettering import Claims, Lettered, SignCaptioner, claims_of, signed
from .measure import figure, markdown
from .rows import FREE, FULL, Counted, Run

if TYPE_CHECKING:
    from PIL.Image import Image

BOXES = Path(__file__).parents[2] / "tests" / "data" / "photograph_boxes.json"
_SURE, _FAINT = 0.9, 0.3  # scores of boxes that a detector would find for certain, and of faint ones
_RULINGS = (Ruling.CONFIRMED, Ruling.CONTRADICTED)

_COST = "CPU s of the witnesses"
ROWS: Mapping[str, tuple[bool, bool, bool]] = {  # which of reading, counting and second looks
    "default": (False, False, False),
    "reading": (True, False, False),
    "counting": (False, True, False),
    "second looks": (False, False, True),
    "all": (True, True, True),
}


@dataclass
class TellsSigns(WrappedChat):
    """A captioner that adds to each of its answers what another tells of the writing in the crop."""

    model: ChatModel
    reader: SignCaptioner

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        told = zip(self.model.answer(questions, monitor), self.reader.answer(questions, monitor), strict=True)
        return [Answer(f"{one.text} {other.text}") for one, other in told]


@dataclass
class Timed:
    """A witness whose CPU seconds are counted."""

    witness: Witness
    seconds: float = 0.0

    @property
    def name(self) -> str:
        return self.witness.name

    def attend(self, picture: Crop, told: Sequence[tuple[Box, Sequence[str]]]) -> None:
        begun = time.process_time()
        if isinstance(self.witness, Attentive):
            self.witness.attend(picture, told)
        self.seconds += time.process_time() - begun

    def testify(self, image: Crop, statements: Sequence[str]) -> list[tuple[Testimony, ...]]:
        begun = time.process_time()
        words = self.witness.testify(image, statements)
        self.seconds += time.process_time() - begun
        return words

    def volunteer(self, picture: Crop, told: Sequence[str]) -> list[Offer]:
        begun = time.process_time()
        offers = self.witness.volunteer(picture, told)
        self.seconds += time.process_time() - begun
        return offers


def _heard(reads: bool, counts: bool, finder: Finder, labels: tuple[str, ...]) -> list[Timed]:
    heard = [Timed(create_reader())] if reads else []
    return heard + ([Timed(ObjectWitness(finder, labels))] if counts else [])


def _seconds(heard: Sequence[Timed], pictures: int) -> str:
    return f"{sum(one.seconds for one in heard) / pictures:.2f}"


# --- drawn worlds ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SignedWorlds:
    """Drawn worlds with a sign in each; `worlds` and `writing` are by the digest of their picture."""

    gallery: Gallery
    lettered: tuple[Lettered, ...]

    @classmethod
    def of(cls, seed: int, count: int, mix: str) -> SignedWorlds:
        drawn = Gallery.of(seed, count, mix)
        pairs = zip(drawn.pictures, drawn.worlds, strict=True)
        lettered = tuple(signed(picture, number, _boxes(one)) for number, (picture, one) in enumerate(pairs))
        return cls(replace(drawn, pictures=tuple(one.picture for one in lettered)), lettered)

    @cached_property
    def worlds(self) -> Mapping[str, World]:
        return self.gallery.by_digest

    @cached_property
    def writing(self) -> Mapping[str, Lettered]:
        return {picture_digest(one.picture): one for one in self.lettered}

    def cast(self, captioner: str) -> Cast:
        """The simulation, whose captioner tells of the signs too."""
        played = simulation(self.worlds, captioner, "usual")
        signs = {digest: one.signs for digest, one in self.writing.items()}
        return replace(played, captioner=TellsSigns(played.captioner, SignCaptioner(signs)))

    def is_true(self, crop: Crop, said: str) -> bool:
        """Whether what is said of a crop is true of its world and of its sign."""
        world = self.worlds[crop.digest]
        judged = judge(_unwritten(said), world, crop.box.normalised(world.side, world.side))
        return not any(one.false for one in judged.told) and not claims_of(said, self.writing[crop.digest]).wrong


def _boxes(world: World) -> list[Box]:
    return [box for thing in world.things for box in thing.boxes]


def _unwritten(caption: str) -> str:
    """A caption without its sentences about writing."""
    return " ".join(one for one in split_sentences(caption) if not quotes_of(one))


def in_worlds(mix: str, seed: int, scenes: int, captioner: str, finder: Callable[[Mapping[str, World]], Finder]) -> str:
    """The table of one mix: the captioner alone, the default, each witness beside it, and all."""
    signed_worlds = SignedWorlds.of(seed, scenes, mix)
    gallery, cast = signed_worlds.gallery, signed_worlds.cast(captioner)
    found = finder(signed_worlds.worlds)
    rows = [[*_world_row("captioner alone", gallery.run(FREE[0], cast), signed_worlds), "0.00"]]
    for name, (reads, counts, looks) in ROWS.items():
        heard = _heard(reads, counts, found, tuple(SHAPES))
        looker = Looker(cast.captioner, signed_worlds.is_true) if looks else None
        run = gallery.run(FULL, replace(cast, witnesses=tuple(heard), looker=looker))
        rows.append([*_world_row(name, run, signed_worlds), _seconds(heard, scenes)])
    head = ("", "recall", "false", "count", "claims about text", "right", "signs told", "image calls", _COST)
    return markdown(head, rows)


def _world_row(name: str, run: Run, worlds: SignedWorlds) -> list[str]:
    judged = [
        judge(_unwritten(caption), world, UNIT)
        for caption, world in zip(run.captions, worlds.gallery.worlds, strict=True)
    ]
    written = list(map(claims_of, run.captions, worlds.lettered))
    figures = [figure([read(one) for one in judged]) for read in _FIGURES]
    return [
        name, *(one.text(share=True) for one in figures), *_of_writing(written, len(written)),
        f"{run.image_calls:.1f}",
    ]  # fmt: skip


_FIGURES = (lambda one: one.recall, lambda one: one.hallucination, lambda one: one.rate("count"))


def _of_writing(written: Sequence[Claims], signs: int) -> list[str]:
    right, told = (sum(len(getattr(one, kind)) for one in written) for kind in ("right", "told"))
    said = right + sum(len(one.wrong) for one in written)
    return [f"{said}", f"{100 * right / max(1, said):.1f} %", f"{told} of {signs}"]


# --- photographs -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BoxesDrawn:
    """Finds what has a box in `photograph_boxes.json`."""

    found: Mapping[str, tuple[Detection, ...]]
    name: str = "boxes drawn by a language model"

    def detect(self, pictures: Sequence[Image]) -> list[tuple[Detection, ...]]:
        return [self.found[picture_digest(picture)] for picture in pictures]


def on_photographs(photos: Sequence[Photograph], seeds: Sequence[int]) -> str:
    """The table of a bank's photographs: the captioner alone; then, without a scorer and with the noisy one, the
    default, each witness beside it, and all. ValueError where a photograph has no boxes."""
    labels, found = _drawn_boxes(photos)
    finder = BoxesDrawn(found)
    rows = [_alone(photos)]
    for scorer, tries in (("no scorer", [None]), *([("noisy scorer", list(seeds))] if seeds else [])):
        for name, chosen in ROWS.items():
            rows.append(_photo_row(f"{scorer}, {name}", photos, tries, chosen, (finder, labels)))
    return markdown(_PHOTO_HEAD, rows)


_PHOTO_HEAD = (
    "", "words", "false %", "facts %", "true: confirmed", "true: contradicted", "false: confirmed",
    "false: contradicted", "image calls", _COST,
)  # fmt: skip


def _drawn_boxes(photos: Sequence[Photograph]) -> tuple[tuple[str, ...], dict[str, tuple[Detection, ...]]]:
    known = json.loads(BOXES.read_text(encoding="utf-8"))
    lacking = [photo.name for photo in photos if photo.name not in known["photographs"]]
    if lacking:
        raise ValueError(f"{BOXES.name} has no boxes for {', '.join(lacking)}: see its `about`.")
    found = {
        picture_digest(photo.picture): tuple(map(_detection, known["photographs"][photo.name]["boxes"]))
        for photo in photos
    }
    return tuple(known["labels"]), found


def _detection(drawn: Mapping[str, Any]) -> Detection:
    return Detection(Box(*map(float, drawn["box"])), drawn["label"], _SURE if drawn["sure"] else _FAINT)


def _alone(photos: Sequence[Photograph]) -> list[str]:
    total = sum((photo.judged(photo.whole) for photo in photos), Counter[str]())
    return ["captioner alone", *_told(total, len(photos)), "-", "-", "-", "-", "1.0", "0.00"]


def _photo_row(
    name: str, photos: Sequence[Photograph], seeds: Sequence[int | None], chosen: tuple[bool, bool, bool],
    counted: tuple[Finder, tuple[str, ...]],
) -> list[str]:  # fmt: skip
    reads, counts, looks = chosen
    total: Counter[str] = Counter()
    timed: list[Timed] = []
    for photo in photos:
        for seed in seeds:
            heard = _heard(reads, counts, *counted)
            chat = Counted(Looker(photo.chat(), _truth(photo)) if looks else photo.chat())
            scene = photo.captioned(chat, None if seed is None else photo.scorer(seed), heard)
            timed += heard
            total += photo.judged(scene.caption_text) + _testified(photo, scene) + Counter(calls=chat.images)
    runs = len(photos) * len(seeds)
    words = [f"{total[f'{truth} {ruling.value}'] / len(seeds):.1f}" for truth in (True, False) for ruling in _RULINGS]
    return [name, *_told(total, runs), *words, f"{total['calls'] / runs:.1f}", _seconds(timed, runs)]


def _told(total: Counter[str], runs: int) -> list[str]:
    false, facts = 100 * total["false"] / max(1, total["told"]), 100 * total["facts"] / max(1, total["all_facts"])
    return [f"{total['words'] / runs:.0f}", f"{false:.1f}", f"{facts:.1f}"]


def _truth(photo: Photograph) -> Truth:
    def is_true(_: Crop, said: str) -> bool | None:
        origin = photo.origin(said)
        return None if origin is None else all(claim["true"] for claim in origin["claims"])

    return is_true


def _testified(photo: Photograph, scene: Scene) -> Counter[str]:
    """Statements that a witness confirms or contradicts, by whether their labelled sentence is true."""
    found: Counter[str] = Counter()
    for patch in scene.first_level:
        for one in patch.statements:
            origin = photo.origin(one.said or one.text)
            if origin is None:
                continue
            true = all(claim["true"] for claim in origin["claims"])
            found.update(f"{true} {ruling.value}" for ruling in {word.ruling for word in one.testimony})
    return found
