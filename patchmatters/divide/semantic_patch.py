"""Stage 1, optional part: the patch around the main objects (METHOD section 1, "semantic patch")."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..answers.json_answer import UnreadableAnswer, read_object
from ..language.similarity import containment
from ..models import QUIET, ChatModel, Monitor, Question, derive_seed
from ..options import Options, option
from ..prompts import instruction
from ..running.ask import Reply, ask, crop_of, record_of
from ..running.each_picture import or_error, spares_given_up
from ..scene import Failure, Patch, Role, Scene, Stage, require_stage, union_of

log = logging.getLogger(__name__)

STAGE = "semantic patch"
PATCH_NAME = "main objects"
_SCHEMA = {
    "type": "object",
    "properties": {"labels": {"type": "array", "items": {"type": "string"}}},
    "required": ["labels"],
    "additionalProperties": False,
}
_AGAIN = "Your last answer could not be read. Answer with the JSON object only."


@dataclass(frozen=True)
class SemanticPatchSettings(Options):
    """How the main objects are named and matched. The temperature is that of the paper's other short questions."""

    temperature: float = option(
        0.2, "Sampling temperature of the short caption and the match (0: greedy).", minimum=0.0, maximum=2.0, step=0.05
    )
    max_new_tokens: int = option(64, "Longest short caption, in tokens.", minimum=8, maximum=1024, advanced=True)
    seed: int = option(0, "The same seed gives the same answer.", minimum=0, maximum=2**63 - 1)


@dataclass(frozen=True)
class _Match:
    """The labels chosen for one Scene, what it cost and what went wrong; a `problem` leaves nothing to match."""

    labels: tuple[str, ...] = ()
    replies: tuple[Reply, ...] = ()
    warning: str = ""
    problem: str = ""


@spares_given_up
def add_semantic_patch_each(
    scenes: Sequence[Scene],
    model: ChatModel,
    settings: SemanticPatchSettings = SemanticPatchSettings(),
    monitor: Monitor = QUIET,
) -> tuple[Scene, ...]:
    """The Scenes with `semantic` set to the union of the detections that a short caption names.

    A model that cannot follow instructions is asked for the caption only; labels are then matched by their words.
    Without a match the patch is the whole image, and is later not described. A picture of which a model gives no
    caption is given up, and the others go on.
    """
    for scene in scenes:
        require_stage(scene, "Add Semantic Patch", [Stage.DIVIDED], "belongs right after Divide into Patches.")
    labelled = [scene for scene in scenes if _labels(scene)]
    monitor.begin(STAGE, len(labelled) * (2 if model.follows_instructions else 1))
    captions = _short_captions(labelled, model, settings, monitor)
    matched = _matches(labelled, captions, model, settings, monitor)
    by_scene = {id(scene): match for scene, match in zip(labelled, matched, strict=True)}
    none = _Match(warning="No detection has a label: the patch of the main objects is the whole image.")
    return tuple(_with_semantic(scene, by_scene.get(id(scene), none), model) for scene in scenes)


add_semantic_patch = or_error(add_semantic_patch_each)


def _labels(scene: Scene) -> tuple[str, ...]:
    """The labels that were detected, each once."""
    return tuple(dict.fromkeys(detection.label for detection in scene.detections if detection.label))


def _short_captions(
    scenes: Sequence[Scene], model: ChatModel, settings: SemanticPatchSettings, monitor: Monitor
) -> list[Reply]:
    questions = [
        Question(
            name=f"{scene.image.name}: short caption",
            text=instruction("short_caption"),
            images=(crop_of(scene, scene.image.box),),
            temperature=settings.temperature,
            max_new_tokens=settings.max_new_tokens,
            seed=derive_seed(settings.seed, "short caption"),
        )
        for scene in scenes
    ]
    return ask(model, questions, monitor)


def _matches(
    scenes: Sequence[Scene],
    captions: Sequence[Reply],
    model: ChatModel,
    settings: SemanticPatchSettings,
    monitor: Monitor,
) -> list[_Match]:
    found = [_Match(replies=(caption,), problem=_problem(caption)) for caption in captions]
    waiting = [i for i, match in enumerate(found) if model.follows_instructions and not match.problem]
    for attempt in range(2):
        questions = [_match_question(scenes[i], captions[i].text, settings, attempt) for i in waiting]
        for i, reply in zip(tuple(waiting), ask(model, questions, monitor), strict=True):
            found[i] = replace(found[i], replies=(*found[i].replies, reply))
            try:
                found[i] = replace(found[i], labels=_read_labels(reply, _labels(scenes[i])))
                waiting.remove(i)
            except UnreadableAnswer:
                log.info("%s: the match could not be read (attempt %d).", scenes[i].image.name, attempt + 1)
    return [
        _by_words(match, scenes[i], captions[i].text, unreadable=i in waiting)
        if i in waiting or not (model.follows_instructions or match.problem)
        else match
        for i, match in enumerate(found)
    ]


def _problem(caption: Reply) -> str:
    return caption.problem and f"There is no {caption.question.name}: {caption.problem}."


def _match_question(scene: Scene, caption: str, settings: SemanticPatchSettings, attempt: int) -> Question:
    text = f"Caption: {caption}\nLabels: {json.dumps(_labels(scene), ensure_ascii=False)}"
    return Question(
        name=f"{scene.image.name}: main objects",
        text=f"{text}\n{_AGAIN}" if attempt else text,
        prefix=instruction("match_objects"),
        schema=_SCHEMA,
        temperature=settings.temperature,
        max_new_tokens=256,
        seed=derive_seed(settings.seed, "main objects", attempt),
    )


def _read_labels(reply: Reply, allowed: Sequence[str]) -> tuple[str, ...]:
    """The chosen labels; those that were not detected are ignored. UnreadableAnswer where no list was given."""
    if reply.problem:
        raise UnreadableAnswer(reply.problem)
    labels = read_object(reply.answer.text, ("labels",))["labels"]
    if not isinstance(labels, list):
        raise UnreadableAnswer("The answer has no list of labels.")
    chosen = {str(label).strip().lower() for label in labels}
    return tuple(label for label in allowed if label.lower() in chosen)


def _by_words(match: _Match, scene: Scene, caption: str, *, unreadable: bool) -> _Match:
    """The labels whose words the caption contains."""
    labels = tuple(label for label in _labels(scene) if containment(label, caption) >= 1.0)
    warning = "The model's choice of main objects could not be read: labels were matched by their words."
    return replace(match, labels=labels, warning=warning if unreadable else "")


def _with_semantic(scene: Scene, match: _Match, model: ChatModel) -> Scene:
    records = (*scene.records, record_of(STAGE, model, match.replies)) if match.replies else scene.records
    recorded = replace(scene, records=records)
    if match.problem:
        failed = Failure(scene.whole.name, STAGE, match.problem)
        return replace(recorded, failures=(*scene.failures, failed)).given_up(match.problem)
    boxes = [detection.box for detection in scene.detections if detection.label in match.labels]
    box = union_of(boxes) if boxes else scene.image.box
    patch = Patch(PATCH_NAME, Role.SEMANTIC, box, labels=match.labels)
    changed = replace(recorded, semantic=patch)
    return changed.with_warnings(match.warning) if match.warning else changed
