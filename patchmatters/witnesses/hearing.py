"""Hearing witnesses about the statements of a Scene, before anything is scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ..language.conflict import find_conflict
from ..models import Monitor
from ..picture import Crop
from ..running.ask import crop_of
from ..scene import Box, Patch, Record, Role, Scene, Stage, Statement, Testimony, Verdict
from .base import Attentive, Witness
from .rule import correction, is_contradicted

_ROUNDS = 3  # a statement that was put right is heard again, as often as there may be points to put right

BoxOf = Callable[[Scene, Patch, Statement], Box]


def hear(
    scene: Scene, patches: Iterable[Patch], witnesses: Sequence[Witness], box_of: BoxOf, monitor: Monitor
) -> Scene:
    """The Scene in which the statements of these patches carry what witnesses say of them.

    `box_of` says which part of the picture a statement is held against. What witnesses can put right is put right;
    what they add stands among the statements of the whole image. RuntimeError for a witness that breaks its promise of
    one answer per statement.
    """
    if not witnesses:
        return scene
    told_of = [(patch.box, [one.text for one in patch.statements for _ in one.sources]) for patch in scene.first_level]
    for witness in witnesses:
        if isinstance(witness, Attentive):
            witness.attend(crop_of(scene, scene.image.box), told_of)
    heard = []
    for patch in patches:
        monitor.poll()
        judged = [_heard(scene, patch, one, witnesses, box_of) for one in patch.statements]
        heard.append(replace(patch, statements=without_lost_rivals(judged)))
    told = [one.text for patch in (*scene.first_level, *heard) for one in patch.statements]
    complete = [
        _with_offers(scene, patch, witnesses, told) if _takes_offers(scene, patch) else patch for patch in heard
    ]
    return _recorded(scene.with_patches(complete), complete, witnesses)


def _heard(scene: Scene, patch: Patch, statement: Statement, witnesses: Sequence[Witness], box_of: BoxOf) -> Statement:
    if statement.verdict is Verdict.REFUSED:
        return statement
    crop = crop_of(scene, box_of(scene, patch, statement))
    for _ in range(_ROUNDS):
        found = [one for witness in witnesses for one in _words_of(witness, crop, statement.text)]
        statement = replace(statement, testimony=(*statement.testimony, *found))
        better = correction(statement)
        if better is None:
            return statement
        statement = replace(statement, text=better.instead, said=statement.said or statement.text)
    return statement


def _words_of(witness: Witness, crop: Crop, text: str) -> tuple[Testimony, ...]:
    answers = witness.testify(crop, [text])
    if len(answers) != 1:
        raise RuntimeError(f"{witness.name} gave {len(answers)} answers to 1 statement: report this witness.")
    return answers[0]


def without_lost_rivals(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """Statements without those rivals that a witness refutes, or that agree since one of both was put right."""

    def opposed(one: Statement, other: Statement) -> bool:
        if is_contradicted(other):
            return False
        return not (one.said or other.said) or find_conflict(one.text, other.text) is not None

    found = []
    for one in statements:
        rivals = tuple(number for number in one.rivals if opposed(one, statements[number]))
        verdict = one.verdict
        if one.rivals and not rivals and verdict is Verdict.CONTRADICTORY and not is_contradicted(one):
            verdict = Verdict.SAME if len(one.sources) > 1 else Verdict.UNIQUE
        found.append(replace(one, rivals=rivals, verdict=verdict))
    return tuple(found)


def _takes_offers(scene: Scene, patch: Patch) -> bool:
    """What is added is added once: to the whole image, at the first level."""
    return patch.role is Role.WHOLE and scene.stage is Stage.COMPARED


def _with_offers(scene: Scene, whole: Patch, witnesses: Sequence[Witness], told: Sequence[str]) -> Patch:
    picture = crop_of(scene, scene.image.box)
    offers = [offer for witness in witnesses for offer in witness.volunteer(picture, told)]
    added = (Statement(offer.text, Verdict.UNIQUE, testimony=(offer.testimony,)) for offer in offers)
    return replace(whole, statements=(*whole.statements, *added))


def _recorded(scene: Scene, heard: Sequence[Patch], witnesses: Sequence[Witness]) -> Scene:
    """The Scene with what each witness said: how many statements it had a word on."""
    said = [{word.witness for word in one.testimony} for patch in heard for one in patch.statements]
    records = (Record("witness", one.name, calls=sum(one.name in names for names in said)) for one in witnesses)
    return replace(scene, records=(*scene.records, *records))
