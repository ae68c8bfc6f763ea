"""Where a false statement of a caption came from, and at which stage a true one was lost.

It walks a finished Scene: passages, statements with their verdicts, descriptions, regions, caption. What a patch says
is judged in the patch's own frame, the caption in the picture's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evaluation.worlds.scenes import World
from patchmatters.scene import Basis, Box, Patch, Scene, Statement, Verdict

from .claims import Fact, Told, judge


@dataclass(frozen=True)
class Trace:
    """Counts over one or more Scenes.

    `false` are the caption's false statements by the stage that let them through and their falsity, `lost` the facts
    that a passage told and the caption does not, by the stage that lost them. `examples` are sentences for people.
    """

    false: Counter[tuple[str, str]]
    lost: Counter[tuple[str, str]]
    examples: tuple[str, ...] = ()

    def __add__(self, other: Trace) -> Trace:
        return Trace(self.false + other.false, self.lost + other.lost, (*self.examples, *other.examples))


def nothing() -> Trace:
    return Trace(Counter(), Counter())


def trace(scene: Scene, world: World) -> Trace:
    """The provenance of one composed Scene."""
    false: Counter[tuple[str, str]] = Counter()
    examples = []
    known: set[Fact] = set()
    for sentence in scene.caption:
        for told in judge(sentence.text, world).told:
            known |= told.facts
            if told.false:
                stage = _let_through(scene, world, told, sentence.basis)
                false.update((stage, kind) for kind in told.false)
                examples.append(f"{stage}: {'+'.join(told.false)}: {told.said!r} in {sentence.text[:120]!r}")
    return Trace(false, _lost(scene, world, known), tuple(examples))


def _let_through(scene: Scene, world: World, told: Told, basis: Sequence[Basis]) -> str:
    """What believed the statement behind a false clause; "compose" where the statement itself was true."""
    found = [(scene.patch(one.patch), scene.patch(one.patch).statements[one.statement]) for one in basis]
    wrong = [
        (patch, statement)
        for patch, statement in found
        if any(one.false for one in judge(statement.text, world, _frame(scene, patch, statement)).told)
        and _shares(statement.text, told.said)
    ]
    if not wrong:
        return "compose"
    patch, statement = wrong[0]
    if patch.name == scene.whole.name:
        return "whole caption, not corrected"
    level = "across" if patch.members else "within"
    reasons = {Verdict.SAME: "agreed", Verdict.UNIQUE: "scored", Verdict.CONTRADICTORY: "best rival"}
    return f"{level}: {reasons.get(statement.verdict, 'refused')}"


def _shares(statement: str, said: str) -> bool:
    """Whether a clause is told by a statement: most of its words are in it."""
    words = set(said.lower().split())
    return len(words & set(statement.lower().rstrip(".").split())) >= 0.6 * len(words)


def _frame(scene: Scene, patch: Patch, statement: Statement) -> Box:
    """The frame in which a statement was said: of a region, that of the member that said it first."""
    box = patch.box
    if patch.members and statement.sources:
        box = scene.patch(patch.passages[statement.sources[0]].source).box
    return box.normalised(scene.image.width, scene.image.height)


def _lost(scene: Scene, world: World, known: Iterable[Fact]) -> Counter[tuple[str, str]]:
    """Facts that passages told, by the last stage after which they were gone."""
    patches = scene.first_level
    said = _facts(world, [(passage.text, _of(scene, patch)) for patch in patches for passage in patch.passages])
    kept = _facts(world, [(one.text, _of(scene, patch)) for patch in patches for one in patch.kept])
    merged = _facts(world, [(patch.description, _of(scene, patch)) for patch in patches])
    united = _facts(
        world,
        [
            (statement.text, _frame(scene, region, statement))
            for region in scene.regions
            if region.statements
            for statement in region.kept
        ]
        + [(patch.description, _of(scene, patch)) for patch in patches if not _in_region(scene, patch)],
    )
    stages = (("filter", said, kept), ("merge", kept, merged), ("across", merged, united if scene.regions else merged))
    lost: Counter[tuple[str, str]] = Counter()
    gone: set[Fact] = set()
    for stage, before, after in stages:
        for fact in sorted(before - after - set(known) - gone):
            lost[stage, fact[0]] += 1
            gone.add(fact)
    for fact in sorted(merged - set(known) - gone):
        lost["compose", fact[0]] += 1
    return lost


def _in_region(scene: Scene, patch: Patch) -> bool:
    return any(patch.name in region.members and region.statements for region in scene.regions)


def _of(scene: Scene, patch: Patch) -> Box:
    return patch.box.normalised(scene.image.width, scene.image.height)


def _facts(world: World, texts: Iterable[tuple[str, Box]]) -> set[Fact]:
    judged = [judge(text, world, frame) for text, frame in texts if text]
    return {fact for one in judged for told in one.told for fact in told.facts}
