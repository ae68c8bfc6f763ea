"""Comparing passages: which statements agree, which contradict one another, which stand alone."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from ..ask import Reply, ask, record_of, require_writer
from ..backends.base import QUIET, ChatModel, Monitor, Question, derive_seed
from ..language.json_answer import UnreadableAnswer
from ..language.similarity import SIMILARITIES, Similarity
from ..options import check_options, option
from ..prompts import instruction
from ..regions import overlap_regions
from ..scene import Patch, Scene, Stage, Statement, require_stage
from .read import SCHEMA, read_sorting
from .sort import single_passage, sort_statements

log = logging.getLogger(__name__)

AGAIN = "Your last answer could not be read. Answer with the JSON object only."


class Level(str, Enum):
    """Which passages are compared: the candidates of each patch, or the descriptions of overlapping patches."""

    WITHIN = "within patches"
    ACROSS = "across patches"


@dataclass(frozen=True)
class CompareSettings:
    """How passages are compared. The defaults are the paper's (sections 3 and 4 of the method)."""

    overlap_iou: float = option(
        0.4, "Side neighbours whose IoU (0 to 1) is above this describe partly the same thing and are compared.",
        minimum=0.0, maximum=1.0, step=0.01,
    )  # fmt: skip
    temperature: float = option(
        0.2,
        "Sampling temperature of the comparing model (0: greedy).",
        minimum=0.0,
        maximum=2.0,
        step=0.05,
        advanced=True,
    )
    top_p: float = option(
        0.9, "Nucleus sampling of the comparing model: share of the probability that is sampled from (0 to 1).",
        minimum=0.01, maximum=1.0, step=0.01, advanced=True,
    )  # fmt: skip
    max_new_tokens: int = option(2048, "Longest comparison, in tokens.", minimum=64, maximum=16384, advanced=True)
    seed: int = option(0, "The same seed gives the same comparison.", minimum=0, maximum=2**63 - 1, advanced=True)
    similarity: str = option(
        "lexical",
        "How statements are paired without a model: by their words, or by sentence embeddings (optional extra).",
        choices=tuple(SIMILARITIES),
        advanced=True,
    )

    __post_init__ = check_options


@dataclass(frozen=True)
class _Task:
    """The passages of one patch of one Scene that are to be compared."""

    scene: int
    patch: Patch


_NEEDS: Mapping[Level, tuple[Stage, str]] = {
    Level.WITHIN: (Stage.DESCRIBED, "needs descriptions: put Describe Patches before it."),
    Level.ACROSS: (
        Stage.MERGED,
        "across patches needs one merged description per patch: put Merge Descriptions before it.",
    ),
}
_GIVES: Mapping[Level, Stage] = {Level.WITHIN: Stage.COMPARED, Level.ACROSS: Stage.COMPARED_ACROSS}


def compare(
    scenes: Sequence[Scene],
    level: Level = Level.WITHIN,
    settings: CompareSettings = CompareSettings(),
    model: ChatModel | None = None,
    monitor: Monitor = QUIET,
) -> tuple[Scene, ...]:
    """The Scenes with sorted statements: of each patch, or of each region of overlapping patches.

    With a model, it is asked for JSON, once more when its answer is unreadable, and then replaced by the LLM-free way
    with a warning in the Scene. ValueError for a Scene in another stage or a model that cannot compare text.
    """
    require_writer(model, "Compare Statements")
    needed, remedy = _NEEDS[level]
    for scene in scenes:
        require_stage(scene, "Compare Statements", [needed], remedy)
    if level is Level.ACROSS:
        scenes = [replace(scene, regions=overlap_regions(scene, settings.overlap_iou)) for scene in scenes]
    tasks = [_Task(number, patch) for number, scene in enumerate(scenes) for patch in _compared(scene, level)]
    stage = f"compare {level.value}"
    monitor.begin(stage, len(tasks))
    sorting = _Sorting(settings, level, SIMILARITIES[settings.similarity]())
    results = _ask_all(tasks, scenes, model, sorting, monitor) if model else {}
    changed = [_finish(number, scene, level, tasks, results, sorting) for number, scene in enumerate(scenes)]
    if model is None:
        for task in tasks:
            monitor.advance(task.patch.name)
        return tuple(changed)
    return tuple(_recorded(scene, stage, model, number, tasks, results) for number, scene in enumerate(changed))


@dataclass(frozen=True)
class _Sorting:
    """What sorting without a model needs to know."""

    settings: CompareSettings
    level: Level
    similarity: Similarity

    def without_model(self, patch: Patch) -> tuple[Statement, ...]:
        return sort_statements(patch.passages, self.similarity, same_extent=self.level is Level.WITHIN)


@dataclass(frozen=True)
class _Result:
    """What a model made of a task: every reply, and the statements, None where none could be read."""

    replies: tuple[Reply, ...] = ()
    statements: tuple[Statement, ...] | None = None


def _compared(scene: Scene, level: Level) -> list[Patch]:
    """The patches or regions with at least two passages."""
    patches = scene.first_level if level is Level.WITHIN else scene.regions
    return [patch for patch in patches if len(patch.passages) > 1]


def _ask_all(
    tasks: Sequence[_Task], scenes: Sequence[Scene], model: ChatModel, sorting: _Sorting, monitor: Monitor
) -> dict[int, _Result]:
    """The model's result for each task, asked once more where the first answer could not be read."""
    results = {number: _Result() for number in range(len(tasks))}
    for attempt in range(2):
        waiting = [number for number, result in results.items() if result.statements is None]
        questions = [_question(tasks[number], scenes, sorting.settings, attempt) for number in waiting]
        for number, reply in zip(waiting, ask(model, questions, monitor), strict=True):
            read = _read(reply, tasks[number].patch)
            results[number] = _Result((*results[number].replies, reply), read)
    return results


def _question(task: _Task, scenes: Sequence[Scene], settings: CompareSettings, attempt: int) -> Question:
    passages = "\n".join(f"{number}. {passage.text}" for number, passage in enumerate(task.patch.passages, 1))
    text = f"Passages:\n{passages}"
    return Question(
        name=f"{scenes[task.scene].image.name}: compare {task.patch.name}" + (", again" if attempt else ""),
        text=f"{text}\n\n{AGAIN}" if attempt else text,
        prefix=instruction("compare"),
        schema=SCHEMA,
        temperature=settings.temperature,
        top_p=settings.top_p,
        max_new_tokens=settings.max_new_tokens,
        seed=derive_seed(settings.seed, "compare", task.patch.name, attempt),
    )


def _read(reply: Reply, patch: Patch) -> tuple[Statement, ...] | None:
    if reply.problem:
        log.warning("%s: %s.", reply.question.name, reply.problem)
        return None
    try:
        return read_sorting(reply.answer.text, patch.passages)
    except UnreadableAnswer as error:
        log.warning("%s: %s", reply.question.name, error)
        return None


def _finish(
    number: int,
    scene: Scene,
    level: Level,
    tasks: Sequence[_Task],
    results: Mapping[int, _Result],
    sorting: _Sorting,
) -> Scene:
    """The Scene with the statements of all its tasks, the model's where it gave any."""
    sorted_patches, warnings = [], []
    for position, task in enumerate(tasks):
        if task.scene != number:
            continue
        statements = results[position].statements if position in results else None
        if position in results and statements is None:
            warnings.append(
                f"{task.patch.name}: the model's comparison could not be read, so it was compared by words."
            )
        sorted_patches.append(replace(task.patch, statements=statements or sorting.without_model(task.patch)))
    alone = scene.first_level if level is Level.WITHIN else ()
    single = [replace(one, statements=single_passage(one.passages)) for one in alone if len(one.passages) == 1]
    return replace(scene.with_patches([*sorted_patches, *single]), stage=_GIVES[level]).with_warnings(*warnings)


def _recorded(
    scene: Scene, stage: str, model: ChatModel, number: int, tasks: Sequence[_Task], results: Mapping[int, _Result]
) -> Scene:
    replies = [
        reply for position, result in results.items() if tasks[position].scene == number for reply in result.replies
    ]
    return replace(scene, records=(*scene.records, record_of(stage, model, replies))) if replies else scene
