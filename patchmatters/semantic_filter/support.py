"""Support: how far the other looks at a picture bear a statement out.

Candidates of one patch come from one crop and one captioner, and are wrong alike; what was said of another crop was
seen anew. On labelled captions of photographs the second tells true statements from false ones (area under the ROC
curve 0.72), the first hardly (0.54), so a statement is measured by what the other patches say. What candidates of one
patch say in nearly the same words counts as well, because a paraphrase by chance does not go that far.

Two measures are one number: how near the nearest other statement comes, and how many of the statement's words the
others have together (area 0.70 alone, 0.73 with them: a long sentence is borne out in pieces).

How alike is alike depends on the speaker: one with few words says everything in nearly the same ones. The sentences of
one answer tell different things, so what they have in common is chance, and support must go beyond it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

from ..language.conflict import find_conflict
from ..language.quotes import quote_the_same, tells_only_of_writing
from ..language.sentences import statements_of
from ..language.similarity import Likeness, bears_out, is_short, meanings, share_within
from ..scene import Box, Patch, Scene, Statement

_BEST, _SECOND = 0.7, 0.3  # weights of the look that bears a statement out best, and of the next one
_POOLED = 0.3  # weight of the share of a statement's words that all other looks together have
_DISPUTE, _DISPUTES = 0.054, 2  # what each statement that says otherwise takes away, and how many of them count
_NEAREST = 8  # statements of a patch that are asked whether they say otherwise: hundreds would be asked for nothing new
_CHANCE = 0.7  # quantile of the likeness of a sentence to the next one of its own answer that support must reach
_SHARED = 0.5  # overlap of two looks from which on both can see one sign
_MOST = 0.95  # no more is asked: one who says everything in the same words can still be borne out word for word


@dataclass(frozen=True)
class _Look:
    """What one passage says: the patch that it is about, its box, and its statements."""

    patch: str
    box: Box
    statements: tuple[str, ...]


@dataclass(frozen=True)
class _Measures:
    """What is known of each statement: how far each look bears it out, whether it has it as a whole (of short ones),
    and which patches say otherwise."""

    backing: Mapping[str, Sequence[float]]
    held: Mapping[str, Sequence[bool]]
    disputes: Mapping[str, frozenset[str]]


def with_support(scene: Scene, likeness: Likeness) -> Scene:
    """The Scene whose compared statements say how far other patches, and other candidates word for word, support them.

    Unmeasured stay statements of a Scene in which only one patch was described. `likeness` is of what its passages say.
    """
    looks = [
        _Look(patch.name, patch.box, tuple(statements_of(passage.text)))
        for patch in scene.first_level
        for passage in patch.passages
    ]
    measured = _measured([patch for patch in scene.first_level if patch.statements], looks, likeness)
    return scene.with_patches(measured)


def _measured(patches: Sequence[Patch], looks: Sequence[_Look], likeness: Likeness) -> list[Patch]:
    texts = list(dict.fromkeys(one.text for patch in patches for one in patch.statements))
    likeness.learn(texts)  # what rivals have in common is said by no passage
    limit = min(max(likeness.similarity.support, _chance(looks, likeness)), _MOST)
    backing = {text: _backing(text, looks, likeness) for text in texts}
    held = {text: [bears_out(text, look.statements) for look in looks] for text in texts if is_short(text)}
    disputes = _disputes(texts, looks, likeness)
    return [_supported(patch, looks, _Measures(backing, held, disputes), likeness, limit) for patch in patches]


def _backing(text: str, looks: Sequence[_Look], likeness: Likeness) -> list[float]:
    """How far what each look says bears a statement out, 0 to 1."""
    return [
        likeness.similarity.backing(text, said, likeness.nearest(text, said)) if said else 0.0
        for said in _comparable(text, [look.statements for look in looks])
    ]


def _comparable(text: str, passages: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    """What of each passage may bear a statement out: of one that only says what is written, whatever reads the same or
    a part of it."""
    if not tells_only_of_writing(text):
        return passages
    return [[one for one in said if quote_the_same(text, one)] for said in passages]


def _chance(looks: Sequence[_Look], likeness: Likeness) -> float:
    """How alike different things are told in this Scene: 0 to 1, 0 where no answer has two sentences."""
    nearest: list[float] = []
    for said in {look.statements for look in looks if len(set(look.statements)) > 1}:
        texts = list(dict.fromkeys(said))
        for number, text in enumerate(texts):
            others = [*texts[:number], *texts[number + 1 :]]
            nearest.append(_both(likeness.nearest(text, others), share_within(text, meanings(others))))
    return sorted(nearest)[min(int(_CHANCE * len(nearest)), len(nearest) - 1)] if nearest else 0.0


def _supported(
    patch: Patch,
    looks: Sequence[_Look],
    known: _Measures,
    likeness: Likeness,
    limit: float,
) -> Patch:
    elsewhere = [number for number, look in enumerate(looks) if look.patch != patch.name]
    if not elsewhere:
        return patch
    pooled = meanings([text for number in elsewhere for text in looks[number].statements])

    def support(statement: Statement) -> float:
        row, disputing = known.backing[statement.text], known.disputes[statement.text] - {patch.name}
        able = _able(statement.text, patch, elsewhere, looks)
        near = _weighted([row[number] for number in able if looks[number].patch not in disputing])
        held = known.held.get(statement.text)  # a short one must be in one of the looks
        all_looks = share_within(statement.text, pooled) if held is None else any(held[one] for one in able)
        seen = _both(near, all_looks)
        against = len(disputing) + bool(statement.rivals)
        seen -= _DISPUTE * min(against, _DISPUTES)
        return max(0.0, seen, _said_again(patch, statement, likeness))

    return replace(
        patch,
        statements=tuple(replace(one, support=_scaled(support(one), limit)) for one in patch.statements),
    )


def _able(text: str, patch: Patch, elsewhere: Sequence[int], looks: Sequence[_Look]) -> Sequence[int]:
    """The looks that can bear a statement out: of one that only says what is written, those that see its place."""
    if not tells_only_of_writing(text):
        return elsewhere
    return [number for number in elsewhere if looks[number].box.overlap(patch.box) >= _SHARED]


def _both(near: float, pooled: float) -> float:
    """One measure of the likeness to the nearest statement and of the share of words that is told elsewhere."""
    return (near + _POOLED * pooled) / (1 + _POOLED)


def _scaled(value: float, limit: float) -> float:
    """A measure as a number that means the same for every similarity: 0.5 where it just reaches its limit."""
    part = value / limit / 2 if value < limit else 0.5 + (value - limit) / (1 - limit) / 2
    return round(min(part, 1.0), 4)


def _weighted(values: Iterable[float]) -> float:
    best, second = (*sorted(values, reverse=True), 0.0, 0.0)[:2]
    return _BEST * best + _SECOND * second


def _said_again(patch: Patch, statement: Statement, likeness: Likeness) -> float:
    """The second-best likeness to a passage of the statement's own patch, where it is nearly word for word."""
    if len(statement.sources) < 2:
        return 0.0
    passages = [statements_of(patch.passages[source].text) for source in statement.sources]
    own = _comparable(statement.text, passages)
    near = sorted(likeness.nearest(statement.text, said) for said in own if said)
    return near[-2] if len(near) > 1 and near[-2] >= likeness.similarity.same else 0.0


def _disputes(texts: Sequence[str], looks: Sequence[_Look], likeness: Likeness) -> dict[str, frozenset[str]]:
    """For each statement the patches of which some statement says otherwise."""
    said: dict[str, list[str]] = {}
    for text, patch in {text: look.patch for look in looks for text in look.statements}.items():
        said.setdefault(patch, []).append(text)
    return {
        text: frozenset(patch for patch, others in said.items() if _disputed(text, others, likeness)) for text in texts
    }


def _disputed(text: str, others: Sequence[str], likeness: Likeness) -> bool:
    """Whether one of the statements of a patch that are nearest says otherwise."""
    rival = likeness.similarity.rival
    near = [(value, other) for value, other in zip(likeness.row(text, others), others, strict=True) if value >= rival]
    nearest = near if len(near) <= _NEAREST else heapq.nlargest(_NEAREST, near, key=itemgetter(0))
    return any(find_conflict(text, other, same_extent=False) for _, other in nearest)
