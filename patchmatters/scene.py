"""The one datum of the engine: a picture, its patches and everything that was said about them.

A `Scene` goes through every stage; a stage returns a new one with one more thing filled in. Nothing is thrown away:
a rejected statement stays with its score and the reason, so that every word of the caption can be traced.

Boxes are in pixels of the upright picture, with exclusive right and bottom edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from .basics.plain_text import joined

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned rectangle in pixels; `right` and `bottom` lie just outside it."""

    left: float
    top: float
    right: float
    bottom: float

    def __repr__(self) -> str:
        return f"Box({self.left:g}, {self.top:g}, {self.right:g}, {self.bottom:g})"

    @property
    def width(self) -> float:
        return max(0.0, self.right - self.left)

    @property
    def height(self) -> float:
        return max(0.0, self.bottom - self.top)

    @property
    def area(self) -> float:
        return self.width * self.height

    def intersection(self, other: Box) -> Box:
        """The common part; of zero area where the two do not touch."""
        return Box(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def union(self, other: Box) -> Box:
        """The smallest box around both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def iou(self, other: Box) -> float:
        """Intersection over union, 0 to 1; 0 for two boxes without area."""
        common = self.intersection(other).area
        total = self.area + other.area - common
        return common / total if total > 0 else 0.0

    def coverage_by(self, other: Box) -> float:
        """The share of this box's own area that lies inside `other`, 0 to 1."""
        return self.intersection(other).area / self.area if self.area > 0 else 0.0

    def overlap(self, other: Box) -> float:
        """The share of the smaller of both boxes that lies inside the larger one, 0 to 1."""
        return max(self.coverage_by(other), other.coverage_by(self))

    def normalised(self, width: int, height: int) -> Box:
        """The same box in fractions of a picture of `width` x `height` pixels."""
        return Box(self.left / width, self.top / height, self.right / width, self.bottom / height)


def union_of(boxes: Iterable[Box]) -> Box:
    """The smallest box around all of them. ValueError when there is none."""
    found = list(boxes)
    if not found:
        raise ValueError("There is no box to unite: give at least one.")
    return Box(
        min(box.left for box in found),
        min(box.top for box in found),
        max(box.right for box in found),
        max(box.bottom for box in found),
    )


@dataclass(frozen=True, slots=True)
class Detection:
    """An object that a detector found: where, what (may be empty) and how sure (0 to 1)."""

    box: Box
    label: str = ""
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Passage:
    """One text about one patch, as cleaned from a model's answer.

    `source` says whose words they are: "candidate 1", or the name of a member patch in a merged region.
    `seed` is the seed that the question carried, where there was one. `model` is the name of the model that said it,
    where several share the candidates out, "" where one says them all.
    """

    text: str
    source: str
    seed: int | None = None
    model: str = ""

    def __repr__(self) -> str:
        return f"Passage({self.source!r}, {len(self.text)} characters)"


class Verdict(str, Enum):
    """What comparing the passages of a patch said of a statement (METHOD section 3)."""

    SAME = "same"
    CONTRADICTORY = "contradictory"
    UNIQUE = "unique"
    REFUSED = "refused"  # a model's answer contained it, but no passage says so


class Ruling(str, Enum):
    """What a witness says of a statement; a witness that cannot judge it says nothing at all."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class Testimony:
    """What one witness says of one statement.

    `about` is the point that was looked at ("text", "count", "presence", "colour", "second look"), `strength` how sure
    the witness is, 0 to 1, `evidence` what it found, in words, and `box` where, in pixels of the picture. `instead` is
    the statement as it should be, "" where it cannot be put right. `wholly` says that nothing else is said in the
    statement than what the witness judged.
    """

    witness: str
    about: str
    ruling: Ruling
    strength: float
    evidence: str
    box: Box | None = None
    instead: str = ""
    wholly: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that the passages of a patch say.

    `sources` are indices of the patch's passages, `rivals` indices of the statements of the same patch that it
    contradicts. `support` is how far other looks at the picture bear it out, 0 to 1, where 0.5 just suffices, and
    None where it was not measured. `score` is the scorer's agreement with the picture, 0 to 1, or None where it
    was not asked or could not tell; `bar` is what that score had to reach beside `keep_score`, None where only that
    counted. `kept` is None until the filter has decided; `reason` says in words why it decided so. `testimony` is what
    witnesses say of it, and `said` the words of the passage where a witness put them right, else "".
    """

    text: str
    verdict: Verdict
    sources: tuple[int, ...] = ()
    rivals: tuple[int, ...] = ()
    score: float | None = None
    bar: float | None = None
    kept: bool | None = None
    reason: str = ""
    support: float | None = None
    testimony: tuple[Testimony, ...] = ()
    said: str = ""

    def __repr__(self) -> str:
        mark = {None: "?", True: "+", False: "-"}[self.kept]
        text = self.text if len(self.text) <= 48 else self.text[:45] + "..."
        return f"Statement({mark} {self.verdict.value} {text!r})"


@dataclass(frozen=True, slots=True)
class Basis:
    """Where a sentence comes from: statement number `statement` (from 0) of the patch called `patch`."""

    patch: str
    statement: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a description or of the caption, and the statements that it rests on."""

    text: str
    basis: tuple[Basis, ...] = ()

    def __repr__(self) -> str:
        text = self.text if len(self.text) <= 48 else self.text[:45] + "..."
        return f"Sentence({text!r})"


class Role(str, Enum):
    """What part of the method a patch plays."""

    WHOLE = "whole"
    SPATIAL = "spatial"
    SEMANTIC = "semantic"
    REGION = "region"


@dataclass(frozen=True, slots=True)
class Patch:
    """A part of the picture and what was said about it.

    `cell` is the (row, column) of a spatial patch in the grid, and None for every other role. `members` are the names
    of the spatial patches that a region stands for. `labels` are the detections that shaped the box.
    `sentences` are the description, empty until the merge.
    """

    name: str
    role: Role
    box: Box
    cell: tuple[int, int] | None = None
    members: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    passages: tuple[Passage, ...] = ()
    statements: tuple[Statement, ...] = ()
    sentences: tuple[Sentence, ...] = ()

    def __repr__(self) -> str:
        return (
            f"Patch({self.name!r}, {self.role.value}, {self.box!r}, {len(self.passages)} passages, "
            f"{len(self.statements)} statements)"
        )

    @property
    def description(self) -> str:
        """The merged text, empty until the merge."""
        return joined(sentence.text for sentence in self.sentences)

    @property
    def kept(self) -> tuple[Statement, ...]:
        """The reliable list: the statements that the filter kept."""
        return tuple(statement for statement in self.statements if statement.kept)


class Stage(str, Enum):
    """How far a Scene has come. The order of the members is the order of the method."""

    DIVIDED = "divided"
    DESCRIBED = "described"
    COMPARED = "compared"
    FILTERED = "filtered"
    MERGED = "merged"
    COMPARED_ACROSS = "compared across"
    FILTERED_ACROSS = "filtered across"
    MERGED_ACROSS = "merged across"
    COMPOSED = "composed"


@dataclass(frozen=True, slots=True)
class ImageRef:
    """The picture by reference: a name for people, its upright size in pixels and a digest of its pixels."""

    name: str
    width: int
    height: int
    digest: str

    @property
    def box(self) -> Box:
        return Box(0.0, 0.0, float(self.width), float(self.height))


@dataclass(frozen=True, slots=True)
class Failure:
    """A question that got no usable answer: which patch, in which stage, and what the backend said."""

    patch: str
    stage: str
    message: str


@dataclass(frozen=True, slots=True)
class Record:
    """What one stage used: the model by name, the number of its answers, and tokens and cost where they are known.

    `cost` is in US dollars. None means unknown, not zero.
    """

    stage: str
    model: str
    calls: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture on its way to a caption.

    `detections` are those above the score limit, before boxes are united. `whole` carries the whole-image caption,
    `patches` the spatial patches in reading order, `semantic` the patch of the main objects (None where it was not
    asked for), `regions` the connected groups of overlapping patches, `caption` the result. `problem` says why the
    picture was given up, and is empty where it was not: later stages then leave the Scene as it is, without a caption.
    `picture` is the upright RGB picture; it is not part of the Scene's identity, nor of its JSON form.
    """

    image: ImageRef
    whole: Patch
    patches: tuple[Patch, ...]
    stage: Stage = Stage.DIVIDED
    detections: tuple[Detection, ...] = ()
    semantic: Patch | None = None
    regions: tuple[Patch, ...] = ()
    caption: tuple[Sentence, ...] = ()
    warnings: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    records: tuple[Record, ...] = ()
    problem: str = ""
    picture: Image | None = field(default=None, compare=False, repr=False)

    def __repr__(self) -> str:
        return (
            f"Scene({self.image.name!r}, {self.image.width}x{self.image.height}, {self.stage.value}, "
            f"{len(self.patches)} patches, {len(self.regions)} regions)"
        )

    @property
    def caption_text(self) -> str:
        """The caption as one text, empty until it is composed."""
        return joined(sentence.text for sentence in self.caption)

    @property
    def first_level(self) -> tuple[Patch, ...]:
        """Every patch that is described by itself: the whole image, the spatial patches, the semantic patch."""
        return (self.whole, *self.patches, *((self.semantic,) if self.semantic else ()))

    def patch(self, name: str) -> Patch:
        """The patch or region of that name. KeyError where there is none."""
        for patch in (*self.first_level, *self.regions):
            if patch.name == name:
                return patch
        raise KeyError(name)

    def with_patches(self, changed: Iterable[Patch]) -> Scene:
        """The same Scene with the patches and regions of these names replaced."""
        by_name: Mapping[str, Patch] = {patch.name: patch for patch in changed}
        return replace(
            self,
            whole=by_name.get(self.whole.name, self.whole),
            patches=tuple(by_name.get(patch.name, patch) for patch in self.patches),
            semantic=self.semantic and by_name.get(self.semantic.name, self.semantic),
            regions=tuple(by_name.get(patch.name, patch) for patch in self.regions),
        )

    def with_warnings(self, *warnings: str) -> Scene:
        """The same Scene with warnings added, each once."""
        fresh = [warning for warning in dict.fromkeys(warnings) if warning not in self.warnings]
        return replace(self, warnings=(*self.warnings, *fresh))

    def given_up(self, problem: str) -> Scene:
        """The same Scene without a caption, and a sentence that says why there is none."""
        return replace(self, problem=problem, caption=())


def said_of(scene: Scene) -> list[str]:
    """All that was said of a picture: the text of every passage of its first level."""
    return [passage.text for patch in scene.first_level for passage in patch.passages]


def require_stage(scene: Scene, stage: str, allowed: Mapping[Stage, str] | Iterable[Stage], remedy: str) -> None:
    """Raise ValueError unless the Scene has come just as far as `stage` needs.

    The message names what was needed and the remedy: "Filter needs compared statements: put Compare before it."
    """
    if scene.stage not in set(allowed):
        raise ValueError(f"{stage} {remedy} (The Scene of {scene.image.name!r} is {scene.stage.value}.)")
