"""Merging what the filter kept of a patch, or of a region, into one description (METHOD sections 3 and 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..models import QUIET, ChatModel, Monitor, Question, derive_seed
from ..options import Options, option
from ..prompts import instruction
from ..regions import overlap_groups
from ..running.ask import record_of, require_writer
from ..running.each_picture import spares_given_up
from ..scene import Basis, Patch, Scene, Sentence, Stage, Statement, require_stage
from ..semantic_filter.sort import single_passage
from .rewrite import Sources, Written, lost, write_all
from .tell import ended, tell_patch

_GIVES: Mapping[Stage, Stage] = {
    Stage.DESCRIBED: Stage.MERGED,
    Stage.FILTERED: Stage.MERGED,
    Stage.FILTERED_ACROSS: Stage.MERGED_ACROSS,
}
_NEEDS = "needs filtered statements: put Compare Statements and Filter Statements before it."
_ASKED_ONCE = "asked once, not compared"


@dataclass(frozen=True)
class MergeSettings(Options):
    """How descriptions are written from reliable statements. The default temperature is the paper's."""

    temperature: float = option(
        0.6, "Sampling temperature of the writing model (0: greedy).", minimum=0.0, maximum=2.0, step=0.05
    )
    max_new_tokens: int = option(1024, "Longest description, in tokens.", minimum=16, maximum=8192, advanced=True)
    seed: int = option(0, "The same seed gives the same text.", minimum=0, maximum=2**63 - 1, advanced=True)


@dataclass(frozen=True)
class _Task:
    """A patch of a Scene whose statements a model is to put to text."""

    scene: int
    patch: Patch


@spares_given_up
def merge(
    scenes: Sequence[Scene],
    settings: MergeSettings = MergeSettings(),
    model: ChatModel | None = None,
    monitor: Monitor = QUIET,
    *,
    told_at: float | None = None,
) -> tuple[Scene, ...]:
    """The Scenes with one description per patch, or per region once overlapping patches were compared.

    Without a model, and where a model's text cannot be used, kept statements are told in reading order. A patch that
    was asked for only once needs no filter: all that its passage says is told. The model does not write patches
    that overlap by an IoU above `told_at`: their statements are compared next, and written once, as a region. None: it
    writes each, as in the paper. ValueError for a Scene in another stage, or a model that cannot write.
    """
    require_writer(model, "Merge Descriptions")
    ready = [_ready(scene) for scene in scenes]
    tasks = _tasks(ready, None if model is None else told_at)
    monitor.begin("merge", len(tasks))
    if model is None:
        return tuple(_told(scene, monitor) for scene in ready)
    sources = [_sources(task.patch) for task in tasks]
    written = write_all(model, lambda task, attempt: _question(ready, tasks[task], settings, attempt), sources, monitor)
    return tuple(
        _finish(
            scene,
            {task.patch.name: text for task, text in zip(tasks, written, strict=True) if task.scene == number},
            model,
        )
        for number, scene in enumerate(ready)
    )


def _tasks(scenes: Sequence[Scene], told_at: float | None) -> list[_Task]:
    """What is written: every patch with several passages, but those that a region will tell together with others."""
    found: list[_Task] = []
    for number, scene in enumerate(scenes):
        left = _members(scene, told_at)
        found += [_Task(number, patch) for patch in _merged(scene) if _written(patch) and patch.name not in left]
    return found


def _told(scene: Scene, monitor: Monitor) -> Scene:
    """The Scene merged without a model. Telling takes its time in a batch, so a cancel is noticed between pictures."""
    told = _finish(scene, {})
    for patch in filter(_written, _merged(scene)):
        monitor.advance(patch.name)
    monitor.poll()
    return told


def _ready(scene: Scene) -> Scene:
    """The Scene with statements for every patch; one that was not filtered must not have had a choice."""
    require_stage(scene, "Merge Descriptions", _GIVES, _NEEDS)
    if scene.stage is not Stage.DESCRIBED:
        return scene
    if any(len(patch.passages) > 1 for patch in scene.first_level):
        raise ValueError(f"Merge Descriptions {_NEEDS} Or ask Describe Patches for one candidate only.")
    return scene.with_patches(
        replace(
            patch,
            statements=tuple(
                replace(statement, kept=True, reason=_ASKED_ONCE) for statement in single_passage(patch.passages)
            ),
        )
        for patch in scene.first_level
    )


def _merged(scene: Scene) -> tuple[Patch, ...]:
    """The patches of the Scene's level that have statements: regions of one patch carry its description already."""
    patches = scene.regions if scene.stage is Stage.FILTERED_ACROSS else scene.first_level
    return tuple(patch for patch in patches if patch.statements)


def _written(patch: Patch) -> bool:
    """Whether there is something for a writer to do: several passages, and something reliable in them."""
    return len(patch.passages) > 1 and bool(patch.kept)


def _members(scene: Scene, told_at: float | None) -> set[str]:
    """The patches that will be told by a region together with others."""
    if told_at is None or scene.stage is not Stage.FILTERED:
        return set()
    groups = ([scene.patches[number] for number in group] for group in overlap_groups(scene.patches, told_at))
    several = ([patch.name for patch in group if patch.kept] for group in groups)
    return {name for names in several if len(names) > 1 for name in names}


def _numbered(patch: Patch, *, kept: bool) -> tuple[tuple[Basis, Statement], ...]:
    return tuple(
        (Basis(patch.name, number), statement)
        for number, statement in enumerate(patch.statements)
        if bool(statement.kept) is kept
    )


def _sources(patch: Patch) -> Sources:
    return Sources(
        texts=(*(passage.text for passage in patch.passages), *(statement.text for statement in patch.kept)),
        kept=_numbered(patch, kept=True),
        dropped=tuple(statement for _, statement in _numbered(patch, kept=False)),
    )


def _question(scenes: Sequence[Scene], task: _Task, settings: MergeSettings, attempt: int) -> Question:
    reliable = "\n".join(f"- {statement.text}" for statement in task.patch.kept)
    passages = "\n".join(f"{number}. {passage.text}" for number, passage in enumerate(task.patch.passages, 1))
    return Question(
        name=f"{scenes[task.scene].image.name}: merge {task.patch.name}" + (", again" if attempt else ""),
        text=f"Reliable statements:\n{reliable}\n\nPassages:\n{passages}",
        prefix=instruction("merge"),
        temperature=settings.temperature,
        max_new_tokens=settings.max_new_tokens,
        seed=derive_seed(settings.seed, "merge", task.patch.name, attempt),
    )


def _finish(scene: Scene, written: Mapping[str, Written], model: ChatModel | None = None) -> Scene:
    patches, warnings = [], []
    for patch in _merged(scene):
        text = written.get(patch.name)
        if text is None:
            patches.append(replace(patch, sentences=tell_patch(patch)))
            continue
        patches.append(replace(patch, sentences=_sentences(patch, text)))
        warnings.extend(_complaints(patch, text))
    merged = replace(scene.with_patches(patches), stage=_GIVES[scene.stage]).with_warnings(*warnings)
    replies = [reply for text in written.values() for reply in text.replies]
    if model is None or not replies:
        return merged
    return replace(merged, records=(*merged.records, record_of("merge", model, replies)))


def _sentences(patch: Patch, written: Written) -> tuple[Sentence, ...]:
    """The model's sentences, and after them the reliable statements that it lost; without any, all of them told."""
    if not written.sentences:
        return tell_patch(patch)
    missing = lost(written.sentences, _numbered(patch, kept=True))
    return (*written.sentences, *(Sentence(ended(statement.text), (basis,)) for basis, statement in missing))


def _complaints(patch: Patch, written: Written) -> list[str]:
    if not written.sentences:
        return [
            f"{patch.name}: the model's description could not be used, so the kept statements were told as they are."
        ]
    return [f"{patch.name}: refused a sentence that nothing supports: {sentence!r}" for sentence in written.refused]
