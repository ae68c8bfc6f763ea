"""A Scene as a layout: what stands where, in which words and colours, and which statement says so.

An element is a detected object, a text that was read, or, for what no detection explains, a described region. Walls,
floors and the sky are no elements: image models draw them as the background, which has words of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..language.basis import tells
from ..language.morphology import word_set
from ..language.places import without_place
from ..language.reading import read
from ..options import Options, option
from ..regions import described_regions
from ..scene import Basis, Box, Detection, Patch, Role, Scene, Sentence
from .clauses import split_places
from .palette import MOST, Colour, palette_of
from .phrases import plain, same_words, shortened, without_frame

OBJECT, TEXT = "obj", "text"  # the types of ComfyUI's Create Bounding Boxes
_GRID = 1000  # steps along a side in which image models count
_INSIDE = 0.5  # the share of a detection's box that must lie in a patch for the patch to speak of it
_ONE_THING = 0.7  # IoU above which two boxes of one label are one object
_WHOLE_PICTURE = 0.9  # a region over more than this share of the picture has no place in it
_BACKDROP = word_set(
    """
    wall floor ceiling sky ground background backdrop horizon horizon_line water sea ocean grass lawn field meadow
    road street sidewalk pavement sand snow landscape scenery room scene cloud carpet tile surface
    """
)
_ENDS = " .,;:!?"
_HANGING = re.compile(
    r"\b(?:positioned|located|situated|placed|seen|is|are|was|were|and|with|from|of)\Z", re.IGNORECASE
)
# Text in quotation marks after a word that says that it can be read.
_READ = re.compile(
    r"\b(?:reads?|reading|says?|saying|text|words?|wording|letters?|lettering|labell?ed|titled?|written|printed|"
    r"inscription|inscribed|sign|logo|headline|caption)\b[^\"\u201c\u00ab.;]{0,60}"
    r"[\"\u201c\u00ab]([^\"\u201d\u00bb]{1,300})[\"\u201d\u00bb]",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class LayoutSettings(Options):
    """How much of a Scene a layout takes."""

    most_elements: int = option(
        24,
        "Elements at most; the largest stay. Image models lose track of very many boxes.",
        minimum=1,
        maximum=200,
    )
    words: int = option(60, "Words at most in the description of one element.", minimum=4, maximum=400, advanced=True)


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that a Scene says: its text, the patch whose words it is, and the statements that it rests on."""

    text: str
    patch: Patch
    basis: tuple[Basis, ...]


@dataclass(frozen=True, slots=True)
class Element:
    """One box of a layout: `box` in pixels inside the picture, `kind` "obj" or "text".

    `name` is a word or two for it, `desc` what it looks like, `text` what is to be read on it. `origins` say where the
    words and the box come from: ("top-left", 3) for statement 3 (from 0) of a patch, ("detections", 0) for a detection.
    """

    box: Box
    kind: str
    name: str
    desc: str
    text: str = ""
    palette: tuple[Colour, ...] = ()
    origins: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something of the Scene that the layout does not hold, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Layout:
    """A picture of `width` x `height` pixels as elements, largest first, before a background.

    `summary` says in a sentence or two what it shows, `background` what stands behind the elements, `caption` is all of
    it as a text. `summary_origins` and `background_origins` are like an element's.
    """

    width: int
    height: int
    elements: tuple[Element, ...]
    summary: str
    background: str
    caption: str
    palette: tuple[Colour, ...] = ()
    summary_origins: tuple[tuple[str, int], ...] = ()
    background_origins: tuple[tuple[str, int], ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def layout_of(scene: Scene, settings: LayoutSettings = LayoutSettings()) -> Layout:
    """The layout of a Scene that has been merged or composed. ValueError before that.

    Palettes are measured where the Scene carries its picture, and empty where it was loaded without.
    """
    about_whole = _whole_units(scene)
    near = _near_units(scene)
    if not near and not about_whole:
        raise ValueError(
            f"Nothing of {scene.image.name!r} has been merged yet: put Merge Descriptions before the layout prompt."
        )
    builder = _Builder(scene, settings)
    builder.add_texts([*near, *about_whole])
    builder.add_detections([*near, *about_whole])
    builder.add_regions(near)
    return builder.layout(about_whole)


def region_elements(scene: Scene, settings: LayoutSettings = LayoutSettings()) -> tuple[Element, ...]:
    """One element for each described region, in the order of `described_regions`, whatever it speaks of."""
    return tuple(_region_element(patch, _units(patch, scene), scene, settings) for patch in described_regions(scene))


def grid_box(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """(top, left, bottom, right) in thousandths of the sides, 0 to 1000, at least one step high and wide."""
    part = box.normalised(width, height)
    top, bottom = _steps(part.top, part.bottom)
    left, right = _steps(part.left, part.right)
    return top, left, bottom, right


def _steps(start: float, end: float) -> tuple[int, int]:
    first = min(max(round(start * _GRID), 0), _GRID - 1)
    return first, min(max(round(end * _GRID), first + 1), _GRID)


# --- what a Scene says ------------------------------------------------------------------------------------------------


def _units(patch: Patch, scene: Scene) -> list[Unit]:
    return [unit for sentence in patch.sentences for unit in _parts(sentence, patch, scene)]


def _parts(sentence: Sentence, patch: Patch, scene: Scene) -> list[Unit]:
    _, parts = split_places(sentence.text)
    found = [_placeless(without_frame(part)) for part in parts]
    return [
        Unit(_sentence(text), patch, _own_basis(part, sentence, scene))
        for part, text in zip(parts, found, strict=True)
        if any(map(str.isalnum, text))
    ]


def _own_basis(part: str, sentence: Sentence, scene: Scene) -> tuple[Basis, ...]:
    """The statements under one part of a sentence; all of the sentence's where none of them tells the part alone."""
    patches = {patch.name: patch for patch in (*scene.first_level, *scene.regions)}
    own = [one for one in sentence.basis if _tells(part, patches.get(one.patch), one.statement)]
    return tuple(own) or sentence.basis


def _tells(part: str, patch: Patch | None, number: int) -> bool:
    return patch is not None and number < len(patch.statements) and tells(part, patch.statements[number].text)


def _placeless(text: str) -> str:
    """A sentence without its place, where that stands at one end and nothing is left hanging: "A cat on the left." ->
    "A cat.", but "It is positioned to the right, and it is white." stays as it is.
    """
    bare = without_place(text)
    body = bare.rstrip(_ENDS)
    at_one_end = text.startswith(body) or text.rstrip(_ENDS).endswith(body)
    return bare if at_one_end and not _HANGING.search(body) else text


def _sentence(text: str) -> str:
    bare = text.strip()
    return bare[:1].upper() + bare[1:] + ("" if bare.endswith((".", "!", "?", "\u3002")) else ".")


def _near_units(scene: Scene) -> list[Unit]:
    """What the regions and the patch of the main objects say, each thing once."""
    semantic = (scene.semantic,) if scene.semantic and scene.semantic.sentences else ()
    units = [unit for patch in (*described_regions(scene), *semantic) for unit in _units(patch, scene)]
    return list({same_words(unit.text): unit for unit in reversed(units)}.values())[::-1]


def _whole_units(scene: Scene) -> list[Unit]:
    """What the composed caption says of the whole picture, or, before it is composed, the whole-image description."""
    whole = scene.whole
    sentences = [one for one in scene.caption if any(basis.patch == whole.name for basis in one.basis)]
    return [unit for sentence in sentences or whole.sentences for unit in _parts(sentence, whole, scene)]


def subject_of(text: str) -> str:
    """The thing that a sentence is about, in base form and without what narrows it down; "" where that is unclear."""
    return read(text).subject


def _named(label: str) -> str:
    """The thing that a detector's label names: "traffic light" -> "light"."""
    words = plain(label.replace("_", " ")).lower()
    return subject_of(f"a {words}") or words


def is_backdrop(thing: str) -> bool:
    """Whether a thing stands behind everything, as walls, floors and the sky do."""
    return thing in _BACKDROP


def _is_behind(unit: Unit) -> bool:
    return is_backdrop(subject_of(unit.text))


def _names_thing(unit: Unit) -> bool:
    """Whether a unit is about a thing that can stand in a box, and not about a backdrop or the picture's own tones."""
    return not _is_behind(unit) and not read(unit.text).about_frame


def _origins(units: Iterable[Unit]) -> tuple[tuple[str, int], ...]:
    return tuple(dict.fromkeys((one.patch, one.statement) for unit in units for one in unit.basis))


# --- building --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    """A detection that may become an element: its number in the Scene, its box inside the picture, its thing."""

    number: int
    box: Box
    label: str
    thing: str


class _Builder:
    """Gathers the elements of one Scene; a unit that an element has taken is not told again."""

    def __init__(self, scene: Scene, settings: LayoutSettings) -> None:
        self.scene, self.settings = scene, settings
        self.elements: list[Element] = []
        self.left_out: list[LeftOut] = []
        self.used: set[str] = set()
        self.found = self._usable()

    def _usable(self) -> list[_Found]:
        """The detections that can be elements: labelled, inside the picture, no backdrop, each object once."""
        found: list[_Found] = []
        for number, detection in enumerate(self.scene.detections):
            box = detection.box.intersection(self.scene.image.box)
            one = _Found(number, box, plain(detection.label.replace("_", " ")), _named(detection.label))
            why = self._refused(one, detection, found)
            if why:
                self.left_out.append(LeftOut(f"detection {number + 1} ({one.label or 'no label'})", why))
            else:
                found.append(one)
        return found

    def _refused(self, one: _Found, detection: Detection, before: Sequence[_Found]) -> str:
        if not any(map(str.isalnum, one.label)):
            return "it has no label, so nothing says what it is"
        if one.box.width < 1 or one.box.height < 1:
            return "its box lies outside the picture"
        if is_backdrop(one.thing):
            return "it belongs to the background"
        names = {patch.name for patch in (*self.scene.first_level, *self.scene.regions)}
        if detection.label in names:
            return "its label is the name of a patch, not of a thing"
        twins = [other for other in before if other.thing == one.thing and other.box.iou(one.box) > _ONE_THING]
        return f"it is the same object as detection {twins[0].number + 1}" if twins else ""

    def add_texts(self, units: Sequence[Unit]) -> None:
        """Texts that were read, each once, at the sign that carries it or in the region that tells of it."""
        seen: set[str] = set()
        for unit in sorted(units, key=lambda unit: unit.patch.box.area):
            for match in _READ.finditer(unit.text):
                key = same_words(match[1])
                if key and key not in seen and not any(key in other for other in seen):
                    seen.add(key)
                    self._add_text(plain(match[1]), unit)

    def _add_text(self, text: str, unit: Unit) -> None:
        carriers = self._speaks_of(unit)
        box = carriers[0].box if len(carriers) == 1 else unit.patch.box
        if len(carriers) == 1:  # one object is one element: the sign is told by its text
            self.found.remove(carriers[0])
        desc = shortened(unit.text, self.settings.words)
        origins = _origins([unit]) + tuple(("detections", one.number) for one in carriers[:1] if len(carriers) == 1)
        name = carriers[0].label if len(carriers) == 1 else subject_of(unit.text) or "text"
        self._add(Element(box, TEXT, name, desc, text, self._palette(box), origins))
        self.used.add(same_words(unit.text))

    def _speaks_of(self, unit: Unit) -> list[_Found]:
        """The detections that a unit may be about: their label is its subject, and they lie in its patch."""
        thing = subject_of(unit.text)
        whole = unit.patch.role is Role.WHOLE
        return [
            one
            for one in self.found
            if thing and one.thing == thing and (whole or one.box.coverage_by(unit.patch.box) >= _INSIDE)
        ]

    def add_detections(self, units: Sequence[Unit]) -> None:
        """One element per detected object, in the words that were verified of it."""
        said: dict[int, list[Unit]] = {one.number: [] for one in self.found}
        for unit in units:
            meant = self._speaks_of(unit)
            if len(meant) > 1:
                self._leave(unit, f"{len(meant)} boxes there are called {meant[0].label}")
            elif meant and same_words(unit.text) not in self.used:
                said[meant[0].number].append(unit)
                self.used.add(same_words(unit.text))
        for one in self.found:
            self._add_object(one, said[one.number])

    def _add_object(self, one: _Found, units: Sequence[Unit]) -> None:
        desc = shortened(" ".join(unit.text for unit in units) or one.label, self.settings.words)
        origins = (("detections", one.number), *_origins(units))
        self._add(Element(one.box, OBJECT, one.label, desc, "", self._palette(one.box), origins))

    def add_regions(self, units: Sequence[Unit]) -> None:
        """One element for each region that tells of something that no detection explains."""
        things = any(_names_thing(unit) for unit in units)  # a captioner that knows only tones has nothing better
        for name in dict.fromkeys(unit.patch.name for unit in units):
            own = [unit for unit in units if unit.patch.name == name and same_words(unit.text) not in self.used]
            front = [unit for unit in own if (_names_thing(unit) if things else not _is_behind(unit))]
            if not front or self._covers_all(front[0].patch):
                continue
            self._add(_region_element(front[0].patch, front, self.scene, self.settings))
            self.used.update(same_words(unit.text) for unit in front)

    def _covers_all(self, patch: Patch) -> bool:
        return patch.box.intersection(self.scene.image.box).area >= _WHOLE_PICTURE * self.scene.image.box.area

    def _add(self, element: Element) -> None:
        box = element.box.intersection(self.scene.image.box)
        if box.width <= 0 or box.height <= 0:
            self.left_out.append(LeftOut(element.desc, "its box lies outside the picture"))
        else:
            self.elements.append(replace(element, box=box))

    def _palette(self, box: Box) -> tuple[Colour, ...]:
        return palette_in(self.scene, box)

    def _leave(self, unit: Unit, why: str) -> None:
        if same_words(unit.text) not in self.used:
            self.used.add(same_words(unit.text))
            self.left_out.append(LeftOut(unit.text, why))

    def layout(self, about_whole: Sequence[Unit]) -> Layout:
        """What was gathered, with the background and the summary, and with what did not fit."""
        kept = sorted(self.elements, key=lambda element: -element.box.area)[: self.settings.most_elements]
        for element in sorted(self.elements, key=lambda element: -element.box.area)[self.settings.most_elements :]:
            self.left_out.append(LeftOut(element.desc, f"more than {self.settings.most_elements} elements"))
        lead = [one for n, one in enumerate(about_whole[:2]) if n == 0 or same_words(one.text) not in self.used]
        behind = [unit for unit in self._all_units(about_whole) if self._is_behind(unit, lead)]
        image = self.scene.image
        return Layout(
            image.width,
            image.height,
            tuple(kept),
            " ".join(unit.text for unit in lead),
            " ".join(unit.text for unit in behind),
            plain(self.scene.caption_text) or " ".join(unit.text for unit in about_whole),
            self._palette(image.box),
            _origins(lead),
            _origins(behind),
            tuple(self.left_out),
        )

    def _all_units(self, about_whole: Sequence[Unit]) -> list[Unit]:
        units = [*about_whole, *_near_units(self.scene)]
        return list({same_words(unit.text): unit for unit in reversed(units)}.values())[::-1]

    def _is_behind(self, unit: Unit, lead: Sequence[Unit]) -> bool:
        """Whether a unit is told as background: nothing took it, and it is not the summary."""
        told = {same_words(one.text) for one in lead} | self.used
        return same_words(unit.text) not in told


def _region_element(patch: Patch, units: Sequence[Unit], scene: Scene, settings: LayoutSettings) -> Element:
    """A region as one element: its sentences, and where it reads a text and tells nothing else, that text."""
    read_texts = [plain(match[1]) for unit in units for match in _READ.finditer(unit.text)]
    kind = TEXT if len(units) == 1 and len(read_texts) == 1 else OBJECT
    desc = shortened(" ".join(unit.text for unit in units) or plain(patch.description), settings.words)
    name = next(filter(None, (subject_of(unit.text) for unit in units)), "") or patch.name
    text = read_texts[0] if kind == TEXT else ""
    return Element(patch.box, kind, name, desc, text, palette_in(scene, patch.box), _origins(units))


def palette_in(scene: Scene, box: Box) -> tuple[Colour, ...]:
    """The main colours of a box, measured; none where the Scene was loaded without its picture."""
    return () if scene.picture is None else palette_of(scene.picture, box, MOST)
