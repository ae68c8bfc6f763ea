"""Comparing passages: which statements agree, which contradict one another, which stand alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from ..answers.json_answer import UnreadableAnswer
from ..language import AUTO, SIMILARITIES, similarity_for
from ..language.sentences import statements_of
from ..language.similarity import Likeness, Similarity
from ..language.tongue import Tongue, tongue_of
from ..models import QUIET, ChatModel, Monitor, Question, derive_seed
from ..options import Options, option
from ..prompts import instruction
from ..regions import overlap_regions
from ..running.ask import Reply, ask, record_of, require_writer
from ..running.each_picture import spares_given_up
from ..scene import Patch, Scene, Stage, Statement, require_stage, said_of
from .read import SCHEMA, read_sorting
from .sort import single_passage, sort_alike, sort_statements
from .support import with_support

log = logging.getLogger(__name__)

_FOREIGN = (
    "The descriptions seem to be in neither English nor Chinese: they were compared by their words alone, and what "
    "contradicts what was not seen. Connect a text_model, or ask the captioner for English."
)
AGAIN = "Your last answer could not be read. Answer with the JSON object only."


class Level(str, Enum):
    """Which passages are compared: the candidates of each patch, or the descriptions of overlapping patches."""

    WITHIN = "within patches"
    ACROSS = "across patches"


@dataclass(frozen=True)
class CompareSettings(Options):
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
        AUTO,
        "How statements are paired without a model: by sentence embeddings (their model, 91 MB, is downloaded once "
        "where it is nowhere), by their words, or (auto) by embeddings where they are at hand.",
        choices=tuple(SIMILARITIES),
        advanced=True,
    )


@dataclass(frozen=True)
class _Task:
    """The passages of one patch of one Scene that are to be compared."""

    scene: int
    patch: Patch


@dataclass(frozen=True)
class _Result:
    """What became of a task: its statements, every reply of the model, and whether none of them could be read."""

    statements: tuple[Statement, ...] = ()
    replies: tuple[Reply, ...] = ()
    unreadable: bool = False


_NEEDS: Mapping[Level, tuple[Stage, str]] = {
    Level.WITHIN: (Stage.DESCRIBED, "needs descriptions: put Describe Patches before it."),
    Level.ACROSS: (
        Stage.MERGED,
        "across patches needs one merged description per patch: put Merge Descriptions before it.",
    ),
}
_GIVES: Mapping[Level, Stage] = {Level.WITHIN: Stage.COMPARED, Level.ACROSS: Stage.COMPARED_ACROSS}


@spares_given_up
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
    similarities = [similarity_for(settings.similarity, said_of(scene), monitor) for scene in scenes]
    monitor.begin(f"compare {level.value}", len(tasks))
    likenesses = [] if model else [_likeness(*pair, level) for pair in zip(scenes, similarities, strict=True)]
    results = (
        _by_words(tasks, likenesses, level, monitor)
        if model is None
        else _by_model(tasks, similarities, model, _questions(scenes, tasks, settings), monitor)
    )
    done = [
        _settled(task, result, similarities[task.scene], level) for task, result in zip(tasks, results, strict=True)
    ]
    finished = (
        _finish(
            scene,
            level,
            {task.patch.name: result for task, result in zip(tasks, done, strict=True) if task.scene == number},
            model,
        )
        for number, scene in enumerate(scenes)
    )
    if model is not None or level is not Level.WITHIN:
        return tuple(finished)  # a model that has read the passages knows better what they agree on
    return tuple(map(with_support, map(_with_tongue, finished), likenesses))


def _likeness(scene: Scene, similarity: Similarity, level: Level) -> Likeness:
    """How alike all is that is said of a picture, measured at once: a model does statements of like length together."""
    passages = (passage for patch in _of_level(scene, level) for passage in patch.passages)
    return Likeness(similarity, (text for passage in passages for text in statements_of(passage.text)))


def _with_tongue(scene: Scene) -> Scene:
    """The Scene, which says so where its language is none that is known without a model."""
    return scene.with_warnings(_FOREIGN) if tongue_of(said_of(scene)) is Tongue.OTHER else scene


def _compared(scene: Scene, level: Level) -> list[Patch]:
    """The patches or regions with at least two passages."""
    return [patch for patch in _of_level(scene, level) if len(patch.passages) > 1]


def _of_level(scene: Scene, level: Level) -> Sequence[Patch]:
    return scene.first_level if level is Level.WITHIN else scene.regions


def _by_words(tasks: Sequence[_Task], likenesses: Sequence[Likeness], level: Level, monitor: Monitor) -> list[_Result]:
    results = []
    for task in tasks:
        monitor.poll()
        likeness, same_extent = likenesses[task.scene], level is Level.WITHIN
        results.append(_Result(sort_alike(task.patch.passages, likeness, same_extent=same_extent)))
        monitor.advance(task.patch.name)
    return results


def _by_model(
    tasks: Sequence[_Task],
    similarities: Sequence[Similarity],
    model: ChatModel,
    question: Callable[[int, int], Question],
    monitor: Monitor,
) -> list[_Result]:
    """The model's sorting of each task, asked once more where the first answer could not be read."""
    results = [_Result(unreadable=True) for _ in tasks]
    for attempt in range(2):
        waiting = [number for number, result in enumerate(results) if result.unreadable]
        replies = ask(model, [question(number, attempt) for number in waiting], monitor)
        for number, reply in zip(waiting, replies, strict=True):
            task = tasks[number]
            statements = _read(reply, task.patch, similarities[task.scene])
            results[number] = _Result(statements, (*results[number].replies, reply), unreadable=not statements)
    return results


def _questions(
    scenes: Sequence[Scene], tasks: Sequence[_Task], settings: CompareSettings
) -> Callable[[int, int], Question]:
    """The question for a task and an attempt, both from 0."""

    def question(number: int, attempt: int) -> Question:
        patch = tasks[number].patch
        passages = "\n".join(f"{number}. {passage.text}" for number, passage in enumerate(patch.passages, 1))
        return Question(
            name=f"{scenes[tasks[number].scene].image.name}: compare {patch.name}" + (", again" if attempt else ""),
            text=f"Passages:\n{passages}" + (f"\n\n{AGAIN}" if attempt else ""),
            prefix=instruction("compare"),
            schema=SCHEMA,
            temperature=settings.temperature,
            top_p=settings.top_p,
            max_new_tokens=settings.max_new_tokens,
            seed=derive_seed(settings.seed, "compare", patch.name, attempt),
        )

    return question


def _read(reply: Reply, patch: Patch, similarity: Similarity) -> tuple[Statement, ...]:
    """The statements of an answer, none where it cannot be read."""
    if reply.problem:
        log.warning("%s: %s.", reply.question.name, reply.problem)
        return ()
    try:
        return read_sorting(reply.answer.text, patch.passages, similarity)
    except UnreadableAnswer as error:
        log.warning("%s: %s", reply.question.name, error)
        return ()


def _settled(task: _Task, result: _Result, similarity: Similarity, level: Level) -> _Result:
    """The result, with the statements sorted by their words where the model's sorting could not be read."""
    if not result.unreadable:
        return result
    sorted_ = sort_statements(task.patch.passages, similarity, same_extent=level is Level.WITHIN)
    return replace(result, statements=sorted_)


def _finish(scene: Scene, level: Level, results: Mapping[str, _Result], model: ChatModel | None) -> Scene:
    """The Scene with the statements of its patches; an only passage has nothing to be compared with."""
    compared = [replace(scene.patch(name), statements=result.statements) for name, result in results.items()]
    alone = scene.first_level if level is Level.WITHIN else ()
    single = [replace(one, statements=single_passage(one.passages)) for one in alone if len(one.passages) == 1]
    changed = replace(scene.with_patches([*compared, *single]), stage=_GIVES[level]).with_warnings(
        *(
            f"{name}: the model's comparison could not be read, so it was compared by words."
            for name, result in results.items()
            if result.unreadable
        )
    )
    replies = [reply for result in results.values() for reply in result.replies]
    if model is None or not replies:
        return changed
    return replace(changed, records=(*changed.records, record_of(f"compare {level.value}", model, replies)))
