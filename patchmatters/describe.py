"""Stage 2: describe every patch several times (METHOD section 2)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .models import QUIET, ChatModel, Monitor, Question, derive_seed
from .options import Options, option
from .prompts import instruction
from .running.ask import Reply, ask, crop_of, record_of
from .running.each_picture import or_error, spares_given_up
from .scene import Failure, Passage, Patch, Record, Role, Scene, Stage, require_stage

log = logging.getLogger(__name__)

STAGE = "describe"


@dataclass(frozen=True)
class DescribeSettings(Options):
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


@spares_given_up
def describe_each(
    scenes: Sequence[Scene],
    model: ChatModel,
    settings: DescribeSettings = DescribeSettings(),
    monitor: Monitor = QUIET,
    others: Sequence[ChatModel] = (),
) -> tuple[Scene, ...]:
    """The Scenes with passages: 1 for the whole image, `candidates` for every patch.

    `others` are further captioners: the candidates of a patch go round among all of them, as two models invent
    different things, and the whole image is the first one's. All questions of a model go to it at once. A picture of
    which a patch gets no description is given up (see `on_failure`), and the others go on. ValueError for a model that
    cannot see or a Scene in another stage.
    """
    tellers = (model, *others)
    for teller in tellers:
        if not teller.sees_images:
            raise ValueError(f"{teller.name} cannot see images: choose a vision-language model to describe patches.")
    if not settings.instruction.strip():
        raise ValueError("The instruction is empty: say what the captioner shall describe.")
    for scene in scenes:
        require_stage(
            scene, "Describe Patches", [Stage.DIVIDED], "needs a divided Scene: put Divide into Patches before it."
        )
    plans = [_questions(scene, settings, tellers) for scene in scenes]
    monitor.begin(STAGE, sum(map(len, plans)))
    replies = iter(_asked([one for plan in plans for one in plan], tellers, monitor))
    return tuple(
        _with_passages(scene, [(one, next(replies)) for one in plan], tellers, settings)
        for scene, plan in zip(scenes, plans, strict=True)
    )


describe = or_error(describe_each)


def described_patches(scene: Scene, main_iou: float = 0.4) -> tuple[Patch, ...]:
    """The patches that are described: all of them, the semantic one only where it is not nearly the whole image."""
    semantic = scene.semantic
    if semantic is not None and semantic.box.iou(scene.image.box) >= main_iou:
        return (scene.whole, *scene.patches)
    return scene.first_level


@dataclass(frozen=True)
class _Planned:
    """A question about a patch, its number among the candidates (from 1), and who is asked."""

    patch: str
    candidate: int
    question: Question
    teller: ChatModel


def _questions(scene: Scene, settings: DescribeSettings, tellers: Sequence[ChatModel]) -> list[_Planned]:
    """A question for each candidate of each described patch."""
    plan = []
    for patch in described_patches(scene, settings.main_iou):
        whole = patch.role is Role.WHOLE
        for candidate in range(1, 2 if whole else settings.candidates + 1):
            question = _question(scene, patch, candidate, settings)
            plan.append(_Planned(patch.name, candidate, question, tellers[(candidate - 1) % len(tellers)]))
    return plan


def _asked(plan: Sequence[_Planned], tellers: Sequence[ChatModel], monitor: Monitor) -> list[Reply]:
    """The replies in the order of the plan; each model is asked once for all that is its own."""
    found: dict[int, Reply] = {}
    for teller in tellers:
        own = [number for number, one in enumerate(plan) if one.teller is teller and number not in found]
        found |= zip(own, ask(teller, [plan[number].question for number in own], monitor), strict=True)
    return [found[number] for number in range(len(plan))]


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


Told = tuple[_Planned, Reply]


def _with_passages(
    scene: Scene, told: Sequence[Told], tellers: Sequence[ChatModel], settings: DescribeSettings
) -> Scene:
    failures = tuple(
        Failure(one.patch, STAGE, f"{reply.question.name}: {reply.problem}") for one, reply in told if reply.problem
    )
    patches = [
        replace(patch, passages=_passages([one for one in told if one[0].patch == patch.name], named=len(tellers) > 1))
        for patch in scene.first_level
    ]
    for failure in failures:
        log.warning("%s", failure.message)
    recorded = replace(
        scene.with_patches(patches),
        failures=(*scene.failures, *failures),
        records=(*scene.records, *_records(told, tellers)),
    )
    asked = {one.patch for one, _ in told}
    silent = [patch.name for patch in patches if not patch.passages and patch.name in asked]
    problem = _problem(silent, failures, settings, all_failed=len(failures) == len(told))
    return recorded.given_up(problem) if problem else replace(recorded, stage=Stage.DESCRIBED)


def _passages(told: Sequence[Told], *, named: bool) -> tuple[Passage, ...]:
    return tuple(
        Passage(reply.text, f"candidate {one.candidate}", reply.question.seed, one.teller.name if named else "")
        for one, reply in told
        if not reply.problem
    )


def _records(told: Sequence[Told], tellers: Sequence[ChatModel]) -> list[Record]:
    """What each model's answers cost; of a model that was asked nothing there is no record but for the first."""
    rows = [[reply for one, reply in told if one.teller is teller] for teller in tellers]
    return [
        record_of(STAGE, teller, row) for n, (teller, row) in enumerate(zip(tellers, rows, strict=True)) if row or not n
    ]


def _problem(
    silent: Sequence[str], failures: Sequence[Failure], settings: DescribeSettings, *, all_failed: bool
) -> str:
    """Why a picture is given up: a patch has no description at all, and the others may not go on without it."""
    if not silent or (settings.on_failure == "continue" and not all_failed):
        return ""
    first = next(failure for failure in failures if failure.patch == silent[0])
    advice = "" if all_failed else ' Set on_failure to "continue" to go on without it.'
    return f"No description of {', '.join(silent)}: {first.message}.{advice}"
