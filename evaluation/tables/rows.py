"""The rows of the table: what each one runs of the method, from the captioner alone to the full graph."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from evaluation.players.cast import Cast
from evaluation.worlds.language import EYE
from patchmatters.aggregate import compose, merge
from patchmatters.describe import DescribeSettings, describe
from patchmatters.divide import DivideSettings, divide
from patchmatters.divide.semantic_patch import add_semantic_patch
from patchmatters.language.places import place_of
from patchmatters.models import QUIET, Answer, ChatModel, Monitor, Question, WrappedChat
from patchmatters.pipeline import DEFAULT, PRESETS, Preset
from patchmatters.scene import Detection, Scene
from patchmatters.semantic_filter import PAPER, Level, compare, filter_statements

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Run:
    """The captions of all pictures, the Scenes behind them where there are any, calls and seconds for one picture."""

    captions: tuple[str, ...]
    scenes: tuple[Scene, ...]
    image_calls: float
    text_calls: float
    seconds: float


@dataclass
class Counted(WrappedChat):
    """A chat model that counts its questions. `describes_only` hides that it follows instructions."""

    model: ChatModel
    describes_only: bool = False
    images: int = 0
    texts: int = 0

    @property
    def follows_instructions(self) -> bool:
        return self.model.follows_instructions and not self.describes_only

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        pictured = sum(bool(question.images) for question in questions)
        self.images += pictured
        self.texts += len(questions) - pictured
        return self.model.answer(questions, monitor)


@dataclass(frozen=True)
class Row:
    """One row: its name, and how Scenes become captions."""

    name: str
    play: Callable[[Stages], tuple[str, ...]]
    llm: bool = False


class Stages:
    """The stages of one row over all pictures, with one preset. Keeps the Scenes of the last stage."""

    def __init__(
        self, pictures: Sequence[Image], detections: Sequence[Sequence[Detection]], cast: Cast, preset: Preset,
        *, llm: bool,
    ) -> None:  # fmt: skip
        self.pictures, self.detections, self.preset = pictures, detections, preset
        self.captioner = Counted(cast.captioner, describes_only=True)
        self.writer = Counted(cast.writer) if llm else None
        self.scorer, self.witnesses = cast.scorer, cast.witnesses
        self.looker = Counted(cast.looker) if cast.looker else None
        self.scenes: tuple[Scene, ...] = ()

    def begin(self, *, semantic: bool = False) -> None:
        self.scenes = divide(self.pictures, self.detections, self.preset.divide)
        if semantic:
            self.scenes = add_semantic_patch(self.scenes, self.captioner, self.preset.semantic_patch, QUIET)
        self.scenes = describe(self.scenes, self.captioner, self.preset.describe, QUIET)

    def level(self, level: Level) -> None:
        self.scenes = compare(self.scenes, level, self.preset.compare, self.writer, QUIET)
        self.scenes = filter_statements(
            self.scenes, self.scorer, self.preset.filter, QUIET, self.witnesses, self.looker
        )
        self.scenes = merge(self.scenes, self.preset.merge, self.writer, QUIET, told_at=self.preset.told_at)

    def compose(self) -> tuple[str, ...]:
        self.scenes = compose(self.scenes, self.preset.compose, self.writer, QUIET)
        return tuple(scene.caption_text for scene in self.scenes)


def _alone(stages: Stages) -> tuple[str, ...]:
    """The captioner's own caption of the whole image, at the method's temperature."""
    whole = replace(stages.preset.divide, rows=1, columns=1)
    scenes = divide(stages.pictures, (), whole)
    asked = replace(stages.preset.describe, candidates=1, temperature=stages.preset.describe.whole_temperature)
    described = describe(scenes, _WholeOnly(stages.captioner), asked, QUIET)
    return tuple(scene.whole.passages[0].text for scene in described)


@dataclass(frozen=True)
class _WholeOnly:
    """Answers the question about the whole image; the one patch of a 1 x 1 grid shows the same and is not asked."""

    model: ChatModel
    sees_images: bool = True
    follows_instructions: bool = False

    @property
    def name(self) -> str:
        return self.model.name

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        asked = [question for question in questions if "whole" in question.name]
        found = dict(zip((question.name for question in asked), self.model.answer(asked, monitor), strict=True))
        return [found.get(question.name, Answer("Nothing.")) for question in questions]


def _with_patches(stages: Stages) -> tuple[str, ...]:
    """The whole caption, then every patch's first description after its place: nothing compared, nothing filtered."""
    stages.preset = replace(stages.preset, describe=replace(stages.preset.describe, candidates=1))
    stages.begin()
    return tuple(_joined(scene) for scene in stages.scenes)


def _joined(scene: Scene) -> str:
    texts = [scene.whole.passages[0].text]
    for patch in scene.patches:
        place = place_of(patch.box, scene.image.width, scene.image.height)
        said = patch.passages[0].text.rstrip(".").replace(". ", "; ")
        texts.append(f"{place[:1].upper()}{place[1:]}: {said}." if place else f"{said}.")
    return " ".join(texts)


def _with_filter(stages: Stages) -> tuple[str, ...]:
    stages.begin()
    stages.level(Level.WITHIN)
    return stages.compose()


def _with_overlap(stages: Stages, *, semantic: bool = False) -> tuple[str, ...]:
    stages.begin(semantic=semantic)
    stages.level(Level.WITHIN)
    stages.level(Level.ACROSS)
    return stages.compose()


FREE = (
    Row("captioner alone", _alone),
    Row("+ patches, side by side", _with_patches),
    Row("+ filter", _with_filter),
    Row("+ overlap merging = the default", _with_overlap),
    Row("+ semantic patch", partial(_with_overlap, semantic=True)),
)
LLM = tuple(Row(f"{row.name}, LLM", row.play, llm=True) for row in FREE[2:])
FULL = FREE[3]

CAREFUL = PRESETS[DEFAULT]


def _filtered(**changes: float | bool) -> Preset:
    return replace(CAREFUL, filter=replace(CAREFUL.filter, **changes))


ABLATIONS: Mapping[str, Preset] = {
    "preset paper": PRESETS["paper"],
    **{f"paper, keep_score {score}": replace(PRESETS["paper"], filter=replace(PAPER, keep_score=score))
       for score in (0.1, 0.4, 0.5, 0.6, 0.7)},
    **{f"confirm {share}": _filtered(confirm=share) for share in (0.0, 0.25, 0.5, 0.75)},
    **{f"veto {share}": _filtered(veto=share) for share in (0.0, 0.5, 0.65, 0.8)},
    "whole caption not scored": _filtered(check_whole=False),
    **{f"{number} candidate{'s' * (number > 1)}": replace(CAREFUL, describe=DescribeSettings(candidates=number))
       for number in (1, 2, 3, 4, 5)},
    **{f"overlap_iou {iou}": replace(CAREFUL, compare=replace(CAREFUL.compare, overlap_iou=iou))
       for iou in (0.2, 0.3, 0.4, 0.6, 1.0)},
    **{f"content, {most} patches at most": replace(CAREFUL, divide=DivideSettings(
        division="content", most_patches=most, least_side=EYE // 2)) for most in (4, 6, 9)},
    **{f"grid {rows} x {rows}": replace(CAREFUL, divide=DivideSettings(rows=rows, columns=rows)) for rows in (2, 3)},
}  # fmt: skip


def play(
    row: Row, pictures: Sequence[Image], detections: Sequence[Sequence[Detection]], cast: Cast,
    preset: Preset = CAREFUL,
) -> Run:  # fmt: skip
    """Run a row over all pictures."""
    stages = Stages(pictures, detections, cast, preset, llm=row.llm)
    begun, saved = time.process_time(), cast.bill.saved
    captions = row.play(stages)
    seconds = time.process_time() - begun + cast.bill.saved - saved
    count = max(1, len(pictures))
    texts = stages.writer.texts if stages.writer else 0
    looks = stages.looker.images if stages.looker else 0
    return Run(captions, stages.scenes, (stages.captioner.images + looks) / count, texts / count, seconds / count)
