"""The stages in order: what the command runs and what the all-in-one node expands to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .aggregate import ComposeSettings, MergeSettings, compose_each, merge
from .describe import DescribeSettings, describe_each
from .divide import DivideSettings, divide
from .divide.semantic_patch import SemanticPatchSettings, add_semantic_patch_each
from .models import QUIET, ChatModel, Monitor, Scorer
from .running.each_picture import or_error
from .scene import Detection, Scene
from .semantic_filter import PAPER, CompareSettings, FilterSettings, Level, compare, filter_each

if TYPE_CHECKING:
    from PIL.Image import Image

    from .witnesses import Witness


@dataclass(frozen=True)
class Preset:
    """Settings for every stage.

    `compares` False asks once per patch and skips comparing and filtering; `semantic` False skips the patch of the
    main objects. `writes_members` has a text model write patches too that a region tells once more, as in the paper.
    `help` says what it costs.
    """

    help: str
    divide: DivideSettings = field(default_factory=DivideSettings)
    semantic_patch: SemanticPatchSettings = field(default_factory=SemanticPatchSettings)
    describe: DescribeSettings = field(default_factory=DescribeSettings)
    compare: CompareSettings = field(default_factory=CompareSettings)
    filter: FilterSettings = field(default_factory=FilterSettings)
    merge: MergeSettings = field(default_factory=MergeSettings)
    compose: ComposeSettings = field(default_factory=ComposeSettings)
    compares: bool = True
    semantic: bool = True
    writes_members: bool = False

    @property
    def told_at(self) -> float | None:
        """The IoU above which a patch is told by a region only (see `merge`); None: by itself too."""
        return None if self.writes_members else self.compare.overlap_iou

    @property
    def questions(self) -> int:
        """How many questions about an image are asked of a picture without detections, at most."""
        return 1 + self.divide.patches_at_most * self.describe.candidates


PRESETS: Mapping[str, Preset] = {
    "careful": Preset(
        "3 candidates a patch, and the picture must confirm everything: what was said once as well as it confirms what "
        "the descriptions agree on. No patch of the main objects: patches cut no object in two, and in measurements it "
        "added nothing. 13 model calls about an image, up to 6 short second looks (if the captioner follows "
        "instructions), and 7 to 9 calls about text (none without a text model).",
        semantic=False,
    ),
    "paper": Preset(
        "The paper's filter: what was agreed on is kept, all else above one fixed score. More is said, and more of it "
        "is wrong. 13 to 17 model calls about an image, and 9 to 17 about text (none without a text model).",
        filter=PAPER,
        compose=ComposeSettings(max_words=0),
        writes_members=True,
    ),
    "fast": Preset(
        "One description a patch, nothing is compared or filtered. 5 model calls about an image, 1 about text.",
        describe=DescribeSettings(candidates=1, temperature=0.2),
        compares=False,
        semantic=False,
    ),
    "thorough": Preset(
        "As careful, with 5 candidates a patch. 21 model calls about an image, up to 6 short second looks, and 7 to 9 "
        "calls about text (none without a text model).",
        describe=DescribeSettings(candidates=5),
        semantic=False,
    ),
}
STAGES = ("divide", "describe", "compare", "filter", "merge", "compose")  # whose settings are options of the commands
DEFAULT = "careful"  # what `evaluation` finds best; see the README


def with_seed(preset: Preset, seed: int) -> Preset:
    """The preset with one seed for all its stages."""
    return replace(
        preset,
        semantic_patch=replace(preset.semantic_patch, seed=seed),
        describe=replace(preset.describe, seed=seed),
        compare=replace(preset.compare, seed=seed),
        merge=replace(preset.merge, seed=seed),
        compose=replace(preset.compose, seed=seed),
    )


def caption_each(
    pictures: Sequence[Image],
    chat_model: ChatModel,
    scorer: Scorer | None = None,
    text_model: ChatModel | None = None,
    detections: Sequence[Sequence[Detection]] = (),
    preset: Preset = PRESETS[DEFAULT],
    monitor: Monitor = QUIET,
    names: Sequence[str] = (),
    *,
    witnesses: Sequence[Witness] = (),
    other_captioners: Sequence[ChatModel] = (),
) -> tuple[Scene, ...]:
    """The whole method: upright RGB pictures in, composed Scenes out (see `Scene.caption_text`).

    `text_model` compares and writes; None is the LLM-free way. `detections` holds one sequence per picture, or nothing.
    `witnesses` are heard about what was said (see `patchmatters.witnesses`). `other_captioners` share the
    candidates with `chat_model` (see `describe_each`).
    A picture that cannot be captioned has a Scene that says so (`Scene.problem`) in its place. ValueError for wrong
    settings or input, RuntimeError where nothing at all can be asked.
    """
    scenes = divide(pictures, detections, preset.divide, names)
    if preset.semantic and any(scene.detections for scene in scenes):
        scenes = add_semantic_patch_each(scenes, chat_model, preset.semantic_patch, monitor)
    scenes = describe_each(scenes, chat_model, preset.describe, monitor, other_captioners)
    if not preset.compares:
        return compose_each(merge(scenes, preset.merge, text_model, monitor), preset.compose, text_model, monitor)
    for level in Level:
        scenes = compare(scenes, level, preset.compare, text_model, monitor)
        scenes = filter_each(scenes, scorer, preset.filter, monitor, witnesses, chat_model)
        scenes = merge(scenes, preset.merge, text_model, monitor, told_at=preset.told_at)
    return compose_each(scenes, preset.compose, text_model, monitor)


caption_pictures = or_error(caption_each)
