"""Stage 2: describe every patch several times (METHOD section 2)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .ask import Reply, ask, crop_of, record_of
from .backends.base import QUIET, ChatModel, Monitor, Question, derive_seed
from .each_picture import require_one, spares_given_up
from .options import check_options, option
from .prompts import instruction
from .scene import Failure, Passage, Patch, Role, Scene, Stage, require_stage

log = logging.getLogger(__name__)

STAGE = "describe"


@dataclass(frozen=True)
class DescribeSettings:
    """How patches are described. The defaults are the paper's."""

    instruction: str = option(instruction("describe"), "What the captioner is asked about every patch.", multiline=True)
    candidates: int = option(
        3, "Descriptions per patch. The more there are, the surer the filter, and the more model calls.",
        minimum=1, maximum=16,
    )  # fmt: skip
    temperature: float = option(
        0.7, "Sampling temperature of patch descriptions (0: greedy, all candidates alike).",
        minimum=0.0, maximum=2.0, step=0.05,
    )  # fmt: skip
    seed: int = option(0, "The same seed, model and image give the same text.", minimum=0, maximum=2**63 - 1)
    whole_temperature: float = option(
        0.2, "Sampling temperature of the one description of the whole image.",
        minimum=0.0, maximum=2.0, step=0.05, advanced=True,
    )  # fmt: skip
    max_new_tokens: int = option(512, "Longest description, in tokens.", minimum=16, maximum=8192, advanced=True)
    main_iou: float = option(
        0.4, "The patch of the main objects is described only if its IoU with the whole image is below this (0 to 1).",
        minimum=0.0, maximum=1.0, step=0.01, advanced=True,
    )  # fmt: skip
    on_failure: str = option(
        "stop",
        "What to do when a patch gets no description: stop (that picture has no caption, and its Scene says why), or "
        "continue with the picture's other patches and record it.",
        choices=("stop", "continue"),
        advanced=True,
    )

    __post_init__ = check_options


def describe(
    scenes: Sequence[Scene],
    model: ChatModel,
    settings: DescribeSettings = DescribeSettings(),
    monitor: Monitor = QUIET,
) -> tuple[Scene, ...]:
    """As `describe_each`, but RuntimeError, naming the patches, where every picture was given up."""
    return require_one(describe_each(scenes, model, settings, monitor))


@spares_given_up
def describe_each(
    scenes: Sequence[Scene],
    model: ChatModel,
    settings: DescribeSettings = DescribeSettings(),
    monitor: Monitor = QUIET,
) -> tuple[Scene, ...]:
    """The Scenes with passages: 1 for the whole image, `candidates` for every patch.

    All questions go to the model at once. A picture of which a patch gets no description is given up (see
    `on_failure`), and the others go on. ValueError for a model that cannot see or a Scene in another stage.
    """
    if not model.sees_images:
        raise ValueError(f"{model.name} cannot see images: choose a vision-language model to describe patches.")
    if not settings.instruction.strip():
        raise ValueError("The instruction is empty: say what the captioner shall describe.")
    for scene in scenes:
        require_stage(
            scene, "Describe Patches", [Stage.DIVIDED], "needs a divided Scene: put Divide into Patches before it."
        )
    plans = [_questions(scene, settings) for scene in scenes]
    questions = [question for plan in plans for _, question in plan]
    monitor.begin(STAGE, len(questions))
    replies = iter(ask(model, questions, monitor))
    return tuple(
        _with_passages(scene, [(patch, next(replies)) for patch, _ in plan], model, settings)
        for scene, plan in zip(scenes, plans, strict=True)
    )


def described_patches(scene: Scene, main_iou: float = 0.4) -> tuple[Patch, ...]:
    """The patches that are described: all of them, the semantic one only where it is not nearly the whole image."""
    semantic = scene.semantic
    if semantic is not None and semantic.box.iou(scene.image.box) >= main_iou:
        return (scene.whole, *scene.patches)
    return scene.first_level


def _questions(scene: Scene, settings: DescribeSettings) -> list[tuple[str, Question]]:
    """(patch name, question) for each candidate of each described patch."""
    plan = []
    for patch in described_patches(scene, settings.main_iou):
        whole = patch.role is Role.WHOLE
        for candidate in range(1, 2 if whole else settings.candidates + 1):
            plan.append((patch.name, _question(scene, patch, candidate, settings)))
    return plan


def _question(scene: Scene, patch: Patch, candidate: int, settings: DescribeSettings) -> Question:
    temperature = settings.whole_temperature if patch.role is Role.WHOLE else settings.temperature
    return Question(
        name=f"{scene.image.name}: {patch.name}, candidate {candidate}",
        text=settings.instruction,
        images=(crop_of(scene, patch.box),),
        temperature=temperature,
        max_new_tokens=settings.max_new_tokens,
        seed=derive_seed(settings.seed, patch.name, candidate),
    )


def _with_passages(
    scene: Scene, replies: Sequence[tuple[str, Reply]], model: ChatModel, settings: DescribeSettings
) -> Scene:
    failures = tuple(
        Failure(name, STAGE, f"{reply.question.name}: {reply.problem}") for name, reply in replies if reply.problem
    )
    patches = [
        replace(patch, passages=_passages([reply for name, reply in replies if name == patch.name]))
        for patch in scene.first_level
    ]
    for failure in failures:
        log.warning("%s", failure.message)
    recorded = replace(
        scene.with_patches(patches),
        failures=(*scene.failures, *failures),
        records=(*scene.records, record_of(STAGE, model, [reply for _, reply in replies])),
    )
    silent = [patch.name for patch in patches if not patch.passages and patch.name in dict(replies)]
    problem = _problem(silent, failures, settings, all_failed=len(failures) == len(replies))
    return recorded.given_up(problem) if problem else replace(recorded, stage=Stage.DESCRIBED)


def _passages(replies: Sequence[Reply]) -> tuple[Passage, ...]:
    return tuple(
        Passage(reply.text, f"candidate {number}", reply.question.seed)
        for number, reply in enumerate(replies, 1)
        if not reply.problem
    )


def _problem(
    silent: Sequence[str], failures: Sequence[Failure], settings: DescribeSettings, *, all_failed: bool
) -> str:
    """Why a picture is given up: a patch has no description at all, and the others may not go on without it."""
    if not silent or (settings.on_failure == "continue" and not all_failed):
        return ""
    first = next(failure for failure in failures if failure.patch == silent[0])
    advice = "" if all_failed else ' Set on_failure to "continue" to go on without it.'
    return f"No description of {', '.join(silent)}: {first.message}.{advice}"
