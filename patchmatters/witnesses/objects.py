"""The witness that counts: what a detector finds against the things, numbers, colours and sides that captions tell.

A detector knows its labels and nothing else: of a thing without a label it says nothing. Boxes that are neither sure
nor faint are counted both ways, so that a number is wrong only where it is wrong either way. That nothing is there is
said only where not even a faint box of the label, or of one that looks like it, is.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from ..language.morphology import word_set
from ..language.places import elsewhere, names_place, place_of, without_place
from ..language.reading import Reading, read
from ..language.sentences import content_words
from ..language.vocabulary import FILLERS, QUANTITIES
from ..options import Options, option
from ..picture import Crop
from ..scene import Box, Detection, Ruling, Testimony
from .base import Offer
from .colours import LITTLE, main_colour, measure_background, measure_colour
from .counts import borne_out, group_of, is_one_group, of_number
from .labels import Label, find_label, label_of, looks_like
from .presence import UNSURE, is_asserted, is_named
from .rows import perhaps_missed
from .sighting import NAME, Sighting, word_of

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..backends.detectors import Detector

_INSIDE = 0.6  # share of a box that lies in a crop from which on the crop shows the thing
_TOUCHING = 0.15  # ... and from which on it may
_TWICE = 0.7  # IoU from which on two boxes of one label are one thing
_ABSENT = 0.7  # how sure it is that nothing is there
_BACKGROUND = 0.8  # how sure it is that a background has another colour
_KEPT = 64  # pictures whose detections are kept
_SMALL = re.compile(r"\b(?:small|little|tiny|miniature)\b", re.IGNORECASE)
_LARGE = re.compile(r"\b(?:large|big|huge|giant)\b", re.IGNORECASE)
_SMALLEST_LARGE, _LARGEST_SMALL = 0.25, 0.12  # shares of the crop's shorter side: above one nothing is small ...
_ONLY = re.compile(r"\b(?:one|single|lone|only|solitary)\b", re.IGNORECASE)
_NO_MORE = word_set("there visible present show contain feature depict image picture photo scene")


class Finder(Protocol):
    """What finds objects: a detector of `patchmatters.backends.detectors`, or anything with its method."""

    @property
    def name(self) -> str: ...

    def detect(self, pictures: Sequence[Image]) -> Sequence[Sequence[Detection]]: ...


@dataclass(frozen=True)
class ObjectSettings(Options):
    """Which detector is heard, and how its boxes are taken."""

    model: str = option("", "Folder of the detector, its name below a model folder, or its id on Hugging Face.")
    labels: str = option(
        "", "What to look for, separated by commas or lines. Empty: everything that the detector knows. Detectors that "
        "find named things (OWLv2, GroundingDINO) need at least one.", multiline=True,
    )  # fmt: skip
    sure: float = option(
        0.5, "Boxes with at least this score (0 to 1) are certainly there.", minimum=0.0, maximum=1.0, step=0.01
    )
    faint: float = option(
        0.15, "Boxes below this score (0 to 1) are not there. Of those between nobody knows.",
        minimum=0.01, maximum=1.0, step=0.01,
    )  # fmt: skip
    colours: bool = option(True, "Measure the colours of what was found, and hold them against what is said.")
    device: str = option("auto", 'Where to compute: "auto", "cpu", "cuda", "cuda:1", "mps" or "xpu".', advanced=True)


def create(settings: ObjectSettings, **loading: Any) -> ObjectWitness:
    """The counting witness with a detector of its own; `loading` goes to `backends.detectors.create`.

    ValueError for a folder that is no detector, and for one that has no labels at all.
    """
    from ..backends.detectors import DetectorSettings
    from ..backends.detectors import create as create_detector

    if settings.sure < settings.faint:
        raise ValueError(f"sure is {settings.sure} and faint {settings.faint}: sure must not be the lower one.")
    chosen = DetectorSettings(
        settings.model, settings.labels, min_score=settings.faint, max_boxes=300, device=settings.device
    )
    detector = create_detector(chosen, **loading)
    return ObjectWitness(detector, known_labels(detector), settings)


def known_labels(detector: Detector) -> tuple[str, ...]:
    """What the detector looks for. ValueError where it has no names for what it finds."""
    names = detector.settings.wanted or tuple(map(str, (detector.files.config.get("id2label") or {}).values()))
    named = tuple(name for name in names if not re.fullmatch(r"(?:LABEL_)?\d*|N/A", name))
    if not named:
        raise ValueError(f"{detector.name} has no labels, so it cannot say what it counts: choose another detector.")
    return named


@dataclass(frozen=True)
class _Look:
    """All of a picture that are not too faint, each thing once, the surest first; and those that are surely there.

    `missed` are, by label, places where one may be that was not found."""

    found: tuple[Detection, ...]
    certain: frozenset[Detection]
    missed: dict[str, tuple[Detection, ...]] = field(default_factory=dict)


@dataclass
class ObjectWitness:
    """Holds statements against what `finder` finds; each picture is looked at once. Made by `create`.

    `known` are all labels that it would find, whether or not they are in a picture.
    """

    finder: Finder
    known: Sequence[str]
    settings: ObjectSettings = field(default_factory=ObjectSettings)
    name: str = NAME
    _labels: tuple[Label, ...] = field(default=(), init=False, repr=False)
    _looks: OrderedDict[str, _Look] = field(default_factory=OrderedDict, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        self._labels = tuple(map(label_of, self.known))

    @property
    def residence(self) -> Any:
        """Where the detector's weights live; None for a finder without weights."""
        return getattr(self.finder, "residence", None)

    def testify(self, image: Crop, statements: Sequence[str]) -> list[tuple[Testimony, ...]]:
        return [tuple(self._of(image, statement)) for statement in statements]

    def volunteer(self, picture: Crop, told: Sequence[str]) -> list[Offer]:
        """Nothing: that a thing was found is no sentence about it."""
        return []

    def _of(self, image: Crop, statement: str) -> Iterator[Testimony]:
        reading = read(statement)
        if reading.about_frame:
            yield from self._of_background(image, statement, reading)
            return
        for thing, several in reading.present.items():
            for kinds in several:
                label = find_label(thing, kinds, self._labels)
                if label is not None and is_named(reading, label):
                    yield from self._of_thing(image, statement, reading, self._sighting(image, label))

    def _of_thing(self, image: Crop, statement: str, reading: Reading, seen: Sighting) -> Iterator[Testimony]:
        if not seen.possible:
            yield from self._absent(image, statement, reading, seen)
            return
        meant = _of_size(statement, seen, image)
        coloured = self._of_said_colour(image, reading, meant) if not UNSURE.search(statement) else meant
        found = list(self._of_meant(image, statement, reading, meant, coloured))
        bare = _says_no_more(statement, reading, seen.label)
        yield from _weighed(found, statement, reading, coloured) if bare else found

    def _of_meant(
        self, image: Crop, statement: str, reading: Reading, meant: Sighting, coloured: Sighting
    ) -> Iterator[Testimony]:
        """Of those that may be meant: number and place of the ones that have the colour, or that none has it."""
        if not meant.possible:
            return
        if not coloured.possible:
            yield from self._of_colour(image, statement, reading, meant)
            return
        bare = _says_no_more(statement, reading, meant.label)
        whole = self._with_neighbours(image, reading, coloured) if bare else coloured
        divided = whole != coloured or any(one.box.coverage_by(image.box) < _INSIDE for one in whole.possible)
        together = divided or (is_one_group((*whole.possible, *whole.missed)) and _stand_there(statement, image, whole))
        together = together and self._are_alike(image, reading, whole)
        side = float(min(image.picture.size))
        yield from of_number(statement, reading, whole, side, bare=bare, grouped=bare and together)
        if len(coloured.sure) == len(coloured.possible) == 1 and not UNSURE.search(statement):
            yield from _of_place(statement, reading, image, coloured)
        if coloured is not meant and coloured.sure:
            shown = f"{len(coloured.sure)} of the said colour"
            yield word_of("colour", Ruling.CONFIRMED, coloured.sure[0].score, coloured, shown)

    def _are_alike(self, image: Crop, reading: Reading, seen: Sighting) -> bool:
        """Whether a number without a colour can only mean all of them: no two are of two clear colours."""
        if _said_colour(reading, seen.label) or not self.settings.colours:
            return True
        return len({main_colour(image.picture, one.box) for one in seen.possible} - {""}) < 2

    def _with_neighbours(self, image: Crop, reading: Reading, seen: Sighting) -> Sighting:
        """The group whose part the crop shows, where its edge divides one."""
        picture = image.picture
        whole = Crop(image.digest, Box(0.0, 0.0, float(picture.width), float(picture.height)), picture)
        return group_of(seen, self._of_said_colour(whole, reading, self._sighting(whole, seen.label)), image.box)

    def _of_said_colour(self, image: Crop, reading: Reading, seen: Sighting) -> Sighting:
        """Those that surely have, and those that may have, the one colour that is said of the thing."""
        word = _said_colour(reading, seen.label)
        if not word or not self.settings.colours:
            return seen
        places = (*seen.possible, *seen.missed)
        measured = {one: measure_colour(image.picture, one.box, word) for one in places}
        if len(measured) == 1 and None in measured.values():
            return seen
        certain = {one for one, found in measured.items() if found and found.is_there}
        excluded = {one for one, found in measured.items() if found and found.is_not_there}
        return Sighting(
            seen.label,
            tuple(one for one in seen.sure if one in certain),
            tuple(one for one in seen.possible if one not in excluded),
            tuple(one for one in seen.missed if one not in excluded),
        )

    def _of_background(self, image: Crop, statement: str, reading: Reading) -> Iterator[Testimony]:
        """That the colour which is said of the background is hardly anywhere outside the boxes."""
        ground = Sighting(label_of("background"), (), ())
        word = _said_colour(reading, ground.label) if reading.subject == "background" else ""
        if not word or not self.settings.colours:
            return
        boxes = [one.box for one in self._look(image).found]
        measured = measure_background(image.picture, image.box, boxes, word)
        if measured is not None and measured.share < LITTLE:
            better = _with_colour(statement, word, measured.main) if measured.main else ""
            shown = f"mostly {measured.main}" if measured.main else f"hardly any {word}"
            evidence = f"finds outside of all boxes {shown}"
            yield Testimony(NAME, "colour", Ruling.CONTRADICTED, _BACKGROUND, evidence, image.box, better)

    def _of_colour(self, image: Crop, statement: str, reading: Reading, seen: Sighting) -> Iterator[Testimony]:
        """That none has the said colour; of an only one that stands elsewhere too, that what was said is not there."""
        word = _said_colour(reading, seen.label)
        if len(seen.possible) > 1:
            strength = min(one.score for one in seen.possible)
            yield word_of("colour", Ruling.CONTRADICTED, strength, seen, f"none of them {word}")
            return
        one = seen.possible[0]
        measured = measure_colour(image.picture, one.box, word)
        if measured is None:
            return
        if any(found.ruling is Ruling.CONTRADICTED for found in _of_place(statement, reading, image, seen)):
            yield from self._absent(image, statement, reading, seen, f"mostly {measured.main}")
            return
        better = _with_colour(statement, word, measured.main)
        yield word_of("colour", Ruling.CONTRADICTED, one.score, seen, f"mostly {measured.main}", better)

    def _absent(
        self, image: Crop, statement: str, reading: Reading, seen: Sighting, more: str = ""
    ) -> Iterator[Testimony]:
        """That there is none, unless something like it is, or the statement may mean no thing of the picture."""
        if _SMALL.search(statement) or seen.missed or not is_asserted(statement, reading, seen.label):
            return
        others = [one for one in self._in(image, _TOUCHING) if one not in seen.possible]
        if not any(looks_like(seen.label.thing, label_of(one.label).thing) for one in others):
            yield word_of("presence", Ruling.CONTRADICTED, _ABSENT, seen, more)

    # --- what was found

    def _sighting(self, image: Crop, label: Label) -> Sighting:
        mine = [one for one in self._in(image, _TOUCHING) if _is_of(one, label)]
        certain = self._look(image).certain
        sure = [one for one in mine if one in certain and one.box.coverage_by(image.box) >= _INSIDE]
        missed = [one for one in self._perhaps(image, label) if one.box.coverage_by(image.box) >= _TOUCHING]
        return Sighting(label, tuple(sure), tuple(mine), tuple(missed))

    def _perhaps(self, image: Crop, label: Label) -> tuple[Detection, ...]:
        """Where a row of the label may have one that was not found; measured once a picture."""
        look = self._look(image)
        with self._lock:
            if label.name not in look.missed:
                mine = [one for one in look.found if _is_of(one, label)]
                look.missed[label.name] = perhaps_missed(mine, image.picture) if self.settings.colours else ()
            return look.missed[label.name]

    def _in(self, image: Crop, share: float) -> list[Detection]:
        return [one for one in self._look(image).found if one.box.coverage_by(image.box) >= share]

    def _look(self, image: Crop) -> _Look:
        with self._lock:
            if image.digest not in self._looks:
                (found,) = self.finder.detect([image.picture])
                strong = _each_once([one for one in found if one.score >= self.settings.faint])
                self._looks[image.digest] = _Look(strong, borne_out(strong, self.settings.sure))
                while len(self._looks) > _KEPT:
                    self._looks.popitem(last=False)
            self._looks.move_to_end(image.digest)
            return self._looks[image.digest]


def _is_of(one: Detection, label: Label) -> bool:
    return label_of(one.label) == label or one.label == label.name


def _each_once(found: Sequence[Detection]) -> tuple[Detection, ...]:
    kept: list[Detection] = []
    for one in sorted(found, key=lambda detection: -detection.score):
        if all(one.label != other.label or one.box.iou(other.box) < _TWICE for other in kept):
            kept.append(one)
    return tuple(kept)


def _weighed(found: Sequence[Testimony], statement: str, reading: Reading, seen: Sighting) -> Iterator[Testimony]:
    """What was found of a statement that tells of nothing but number, colour and place of its thing: where all of that
    is borne out, so is the statement as a whole."""
    facts = [fact for several in reading.facts.values() for fact in several]
    told = {fact.value.attribute for fact in facts if fact.word not in _NO_MORE}
    told = (told - {"number", "side"}) | ({"place"} if names_place(statement) else set())
    if reading.facts.get((seen.label.thing, "count")):
        told.add("count")
    right = {one.about for one in found if one.ruling is Ruling.CONFIRMED}
    if not told and seen.sure and not _ONLY.search(statement):
        yield word_of("presence", Ruling.CONFIRMED, seen.sure[0].score, seen, wholly=True)
    for one in found:
        yield replace(one, wholly=told <= right)


# --- where, and of which colour --------------------------------------------------------------------------------------


def _of_place(statement: str, reading: Reading, image: Crop, seen: Sighting) -> Iterator[Testimony]:
    """The side of the crop on which the statement puts its subject, where there is one such thing in it."""
    if reading.subject != seen.label.thing or not names_place(statement):
        return
    (one,) = seen.possible
    left, top = image.box.left, image.box.top
    inside = Box(one.box.left - left, one.box.top - top, one.box.right - left, one.box.bottom - top)
    place = place_of(inside, *image.size)
    if place and elsewhere(statement, place):
        better = _with_place(statement, place)
        yield word_of("place", Ruling.CONTRADICTED, one.score, seen, place, better)
    elif place:
        yield word_of("place", Ruling.CONFIRMED, one.score, seen, place)


def _stand_there(statement: str, image: Crop, seen: Sighting) -> bool:
    """Whether each that was found stands where the statement says: of a row of three two may be on the left."""
    if not names_place(statement):
        return True
    left, top = image.box.left, image.box.top
    inside = (
        Box(one.box.left - left, one.box.top - top, one.box.right - left, one.box.bottom - top) for one in seen.possible
    )
    places = [place_of(box, *image.size) for box in inside]
    return all(place and not elsewhere(statement, place) for place in places)


def _with_place(statement: str, place: str) -> str:
    """The statement with another place at its end; "" where its own stands elsewhere."""
    bare = without_place(statement).rstrip(".")
    return f"{bare} {place}." if statement.startswith(bare) and bare != statement.rstrip(".") else ""


def _with_colour(statement: str, word: str, other: str) -> str:
    return re.sub(rf"\b{re.escape(word)}\b", other, statement, count=1, flags=re.IGNORECASE)


def _said_colour(reading: Reading, label: Label) -> str:
    """The one colour that a statement gives the thing; "" for none, for several and for what it is said not to be."""
    facts = reading.facts.get((label.thing, "colour/hue"), ())
    words = {fact.word for fact in facts}
    return words.pop().replace("_", " ") if len(words) == 1 and not any(fact.negated for fact in facts) else ""


def _of_size(statement: str, seen: Sighting, image: Crop) -> Sighting:
    """Those that "small" or "large" may mean in the crop; all where the statement says neither."""
    side = min(image.size)

    def may_be(one: Detection) -> bool:
        share = max(one.box.width, one.box.height) / side
        small, large = _SMALL.search(statement), _LARGE.search(statement)
        return not (small and share > _SMALLEST_LARGE) and not (large and share < _LARGEST_SMALL)

    kept = (tuple(filter(may_be, boxes)) for boxes in (seen.sure, seen.possible, seen.missed))
    return Sighting(seen.label, *kept)


# --- in words --------------------------------------------------------------------------------------------------------


def _says_no_more(statement: str, reading: Reading, label: Label) -> bool:
    """Whether a statement tells of its thing only how many there are, of which colour and where."""
    bare = set(content_words(without_place(statement)))
    values = {fact.word for facts in reading.facts.values() for fact in facts if fact.thing == label.thing}
    known = values | {label.thing, *label.kinds, *map(str, QUANTITIES), reading.head} | FILLERS | _NO_MORE
    return bare <= known
