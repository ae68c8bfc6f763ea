"""A second look: what is in doubt after scoring is asked about once more, one short question each, at a nearer crop.

A captioner that describes freely says what usually goes with a picture; asked about one thing alone it looks at it.
Rivals are asked about together ("Is the hull teal or black?"), all else with yes or no. All questions of a batch of
pictures go to the model at once. Where it says how likely both words are, an answer that is hardly likelier than the
other says nothing, as one without either word does.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..language.conflict import find_conflict
from ..language.reading import read
from ..models import ChatModel, Monitor, Question, derive_seed, share_of_first
from ..running.ask import Reply, ask, crop_of, record_of
from ..scene import Box, Patch, Ruling, Scene, Statement, Testimony, Verdict
from .hearing import without_lost_rivals
from .labels import label_of
from .rule import is_confirmed, is_contradicted

NAME = "second look"
_SURE = 0.6  # share of both words' probability that the likelier one must have to be an answer
_STRENGTH = 0.7  # of one short answer; a witness that reads or counts is surer
_NEARER = 0.3  # share of a detected thing's side that is shown around it
_CHOICES = frozenset({"colour", "material", "pattern", "size"})  # of these a question can name both values
_YES, _NO = (
    re.compile(r"\A\W*(?:yes|true|correct)\b", re.IGNORECASE),
    re.compile(r"\A\W*(?:no|false|not)\b", re.IGNORECASE),
)


@dataclass(frozen=True)
class Doubt:
    """A statement to ask about, by patch and number, the part of the picture that it is about, and how near the
    decision was: the smaller, the sooner it is asked about."""

    patch: str
    statement: int
    box: Box
    nearness: float


@dataclass(frozen=True)
class _Asked:
    """A question about a statement, and, where it names both, about its rival; `values` are theirs."""

    doubt: Doubt
    question: Question
    rival: int | None = None
    values: tuple[str, str] = ("", "")


def look_again(
    scenes: Sequence[Scene], doubts: Sequence[Sequence[Doubt]], most: int, model: ChatModel, monitor: Monitor
) -> list[Scene]:
    """The Scenes with what a second look says of the `most` clearest doubts of each, over all levels, rivals first.

    An answer that is neither yes nor no, nor one of the two values, says nothing. ValueError for a model that cannot
    see; what a model fails to answer is left to the score.
    """
    if not model.sees_images:
        raise ValueError(f"{model.name} cannot see images: connect a vision-language model for second looks.")
    plans = [_plan(scene, several, most) for scene, several in zip(scenes, doubts, strict=True)]
    questions = [asked.question for plan in plans for asked in plan]
    monitor.begin(NAME, len(questions))
    replies = iter(ask(model, questions, monitor))
    return [
        _with_answers(scene, plan, [next(replies) for _ in plan], model) if plan else scene
        for scene, plan in zip(scenes, plans, strict=True)
    ]


def doubts_of(patch: Patch, box: Box, scores: Mapping[int, float | None], bar: float) -> list[Doubt]:
    """Rivals, and what was said once, of a patch: the nearer its score to the bar, the greater the doubt.

    What a witness has settled is not asked about, nor what has no score although others have one.
    """
    found = []
    for number, one in enumerate(patch.statements):
        if one.verdict not in (Verdict.CONTRADICTORY, Verdict.UNIQUE) or is_confirmed(one) or is_contradicted(one):
            continue
        score = scores.get(number)
        if one.verdict is Verdict.CONTRADICTORY:
            found.append(Doubt(patch.name, number, box, 0.0))
        elif score is not None and math.isfinite(score):
            found.append(Doubt(patch.name, number, box, abs(score - bar)))
    return found


# --- asking ----------------------------------------------------------------------------------------------------------


def _plan(scene: Scene, doubts: Sequence[Doubt], most: int) -> list[_Asked]:
    most -= sum(record.calls for record in scene.records if record.stage == NAME)
    plan: list[_Asked] = []
    settled: set[tuple[str, int]] = set()
    for doubt in sorted(doubts, key=lambda one: one.nearness):
        if len(plan) >= most or (doubt.patch, doubt.statement) in settled:
            continue
        asked = _asked(scene, doubt)
        settled.add((doubt.patch, doubt.statement))
        if asked.rival is not None:
            settled.add((doubt.patch, asked.rival))
        plan.append(asked)
    return plan


def _asked(scene: Scene, doubt: Doubt) -> _Asked:
    patch = scene.patch(doubt.patch)
    one = patch.statements[doubt.statement]
    for rival in one.rivals:
        conflict = find_conflict(one.text, patch.statements[rival].text)
        if conflict is not None and conflict.attribute in _CHOICES and conflict.thing:
            values = (conflict.values[0].replace("_", " "), conflict.values[1].replace("_", " "))
            text = f"Is the {conflict.thing} {values[0]} or {values[1]}? Answer with one word."
            return _Asked(doubt, _question(scene, doubt, one, text, values), rival, values)
    said = one.text.replace('"', "'")
    text = f'Somebody says of this picture: "{said}" Is that true? Answer with one word, yes or no.'
    return _Asked(doubt, _question(scene, doubt, one, text, ("yes", "no")))


def _question(scene: Scene, doubt: Doubt, statement: Statement, text: str, words: tuple[str, str]) -> Question:
    return Question(
        name=f"{scene.image.name}: {NAME} at {doubt.patch}, statement {doubt.statement + 1}",
        text=text,
        images=(crop_of(scene, nearer(scene, doubt.box, statement.text)),),
        temperature=0.0,
        max_new_tokens=8,
        seed=derive_seed(0, NAME, doubt.patch, doubt.statement),
        words=words,
    )


def nearer(scene: Scene, box: Box, text: str) -> Box:
    """Where the thing of the statement was detected in the box, and a little around it; the box where it was not."""
    subject = read(text).subject
    mine = [
        one.box for one in scene.detections
        if subject and label_of(one.label).thing == subject and one.box.coverage_by(box) > 0.5
    ]  # fmt: skip
    if len(mine) != 1:
        return box
    thing, across, down = mine[0], _NEARER * mine[0].width, _NEARER * mine[0].height
    grown = Box(thing.left - across, thing.top - down, thing.right + across, thing.bottom + down)
    return grown.intersection(scene.image.box)


# --- answers ---------------------------------------------------------------------------------------------------------


def _with_answers(scene: Scene, plan: Sequence[_Asked], replies: Sequence[Reply], model: ChatModel) -> Scene:
    words: dict[tuple[str, int], Testimony] = {}
    for asked, reply in zip(plan, replies, strict=True):
        words.update(_words_of(asked, reply))
    changed = [
        replace(patch, statements=without_lost_rivals([_heard(patch, number, words) for number in _numbers(patch)]))
        for patch in (*scene.first_level, *scene.regions)
        if any(name == patch.name for name, _ in words)
    ]
    records = (*scene.records, record_of(NAME, model, replies))
    return replace(scene.with_patches(changed), records=records)


def _numbers(patch: Patch) -> range:
    return range(len(patch.statements))


def _heard(patch: Patch, number: int, words: Mapping[tuple[str, int], Testimony]) -> Statement:
    one, word = patch.statements[number], words.get((patch.name, number))
    return one if word is None else replace(one, testimony=(*one.testimony, word))


def _words_of(asked: _Asked, reply: Reply) -> dict[tuple[str, int], Testimony]:
    """What one answer says of the statement, and of its rival where both were named."""
    right = None if reply.problem else _is_right(asked, reply)
    if right is None:
        return {}
    evidence = f"asked {asked.question.text!r}, answered {reply.text[:40]!r}{_how_sure(asked, reply)}"
    rulings = {asked.doubt.statement: right} | ({} if asked.rival is None else {asked.rival: not right})
    return {
        (asked.doubt.patch, number): Testimony(
            NAME, NAME, _RULINGS[true], _STRENGTH, evidence, asked.question.images[0].box
        )
        for number, true in rulings.items()
    }


_RULINGS = {True: Ruling.CONFIRMED, False: Ruling.CONTRADICTED}


def _is_right(asked: _Asked, reply: Reply) -> bool | None:
    """Whether the answer bears the statement out; None where it says neither, or was nearly the other."""
    share = share_of_first(reply.answer)
    if share is not None:
        return True if share >= _SURE else False if share <= 1.0 - _SURE else None
    answer = reply.text
    if asked.rival is None:
        return True if _YES.match(answer) else False if _NO.match(answer) else None
    named = [re.search(rf"\b{re.escape(value)}\b", answer, re.IGNORECASE) is not None for value in asked.values]
    return named[0] if named[0] is not named[1] else None


def _how_sure(asked: _Asked, reply: Reply) -> str:
    """How likely the answer's word was beside the other, where that was told."""
    share = share_of_first(reply.answer)
    words = asked.question.words
    return "" if share is None else f", {words[share < 0.5]!r} at {max(share, 1.0 - share):.0%}"
