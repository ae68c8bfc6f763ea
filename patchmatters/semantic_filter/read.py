"""Reading a model's sorting of statements, and believing of it only what the passages bear out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..answers.json_answer import UnreadableAnswer, read_object
from ..language.basis import has_basis, supports, tells
from ..language.conflict import find_conflict
from ..language.sentences import statements_of, words
from ..language.similarity import Similarity, containment
from ..scene import Passage, Statement, Verdict

_ENTRY = {
    "type": "object",
    "properties": {"statement": {"type": "string"}, "passage": {"type": "integer"}},
    "required": ["statement", "passage"],
    "additionalProperties": False,
}
SCHEMA: Mapping[str, object] = {
    "type": "object",
    "properties": {
        "same": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "statement": {"type": "string"},
                    "passages": {"type": "array", "items": {"type": "integer"}},
                },
                "required": ["statement", "passages"],
                "additionalProperties": False,
            },
        },
        "contradictory": {"type": "array", "items": {"type": "array", "items": _ENTRY}},
        "unique": {"type": "array", "items": _ENTRY},
    },
    "required": ["same", "contradictory", "unique"],
    "additionalProperties": False,
}
NO_BASIS = "no passage says this"
LEFT_OUT = "the model left it out of its comparison"


def read_sorting(answer: str, passages: Sequence[Passage], similarity: Similarity) -> tuple[Statement, ...]:
    """The statements of a model's answer to the comparing question.

    A statement without a basis in the passages is refused and stays as such. One that the model calls agreed but that
    fewer than two passages support, by their words or by `similarity`, is unique. What the model left out of the
    passages is added as unique. UnreadableAnswer where there is no such object, or nothing in it rests on the passages.
    """
    found = read_object(answer, ("same", "contradictory", "unique"))
    statements = [
        *(_judged(text, sources, passages, similarity) for text, sources in _entries(found.get("same"))),
        *(_judged(text, sources, passages, similarity) for text, sources in _entries(found.get("unique"))),
    ]
    for rivals in _sets(found.get("contradictory")):
        statements.extend(_rival_set(rivals, passages, similarity, start=len(statements)))
    if all(statement.verdict is Verdict.REFUSED for statement in statements):
        raise UnreadableAnswer("Nothing in the answer rests on the passages.")
    return _without_twins((*statements, *_left_out(statements, passages)))


def _entries(group: Any) -> list[tuple[str, tuple[int, ...]]]:
    """(statement, passage indices from 0) of a group, read tolerantly: bare strings and single numbers will do."""
    entries: list[tuple[str, tuple[int, ...]]] = []
    for item in group if isinstance(group, list) else ():
        if isinstance(item, str):
            entries.append((item, ()))
        elif isinstance(item, Mapping) and isinstance(item.get("statement"), str):
            entries.append((item["statement"], _numbers(item.get("passages", item.get("passage")))))
    return [(" ".join(text.split()), sources) for text, sources in entries if text.strip()]


def _numbers(value: Any) -> tuple[int, ...]:
    values = value if isinstance(value, list) else [value]
    numbers = (int(one) for one in values if isinstance(one, (int, str)) and str(one).strip().isdecimal())
    return tuple(number - 1 for number in numbers if number > 0)


def _sets(group: Any) -> list[list[tuple[str, tuple[int, ...]]]]:
    """Sets of rivals; an object {"statements": [...]} and one flat list of rivals are read too."""
    if not isinstance(group, list) or not group:
        return []
    lists = [item.get("statements", item.get("rivals")) if isinstance(item, Mapping) else item for item in group]
    if any(isinstance(item, list) for item in lists):
        return [_entries(item) for item in lists]
    return [_entries(group)]


def _supporting(
    text: str, claimed: Iterable[int], passages: Sequence[Passage], similarity: Similarity
) -> tuple[int, ...]:
    """The passages that bear the statement out: the claimed ones first asked, then all by their words alone.

    A model that finds two wordings the same is believed where the similarity finds it too.
    """
    asked = [index for index in dict.fromkeys(claimed) if index < len(passages)]
    found = [
        index
        for index in asked
        if supports(passages[index].text, text) or _agrees(passages[index].text, text, similarity)
    ]
    found = found or [index for index, passage in enumerate(passages) if supports(passage.text, text)]
    return tuple(sorted(found))


def _agrees(passage: str, text: str, similarity: Similarity) -> bool:
    """Whether a passage says in other words what a statement says, and nothing in that speaks against it."""
    said = statements_of(passage)
    near = similarity.matrix([text], said)[0] if said else []
    return any(
        similarity.agreement(text, one, value) >= similarity.agreed and not find_conflict(text, one)
        for value, one in zip(near, said, strict=True)
    )


def _judged(text: str, claimed: Sequence[int], passages: Sequence[Passage], similarity: Similarity) -> Statement:
    sources = _supporting(text, claimed, passages, similarity)
    if not sources and not has_basis(text, [passage.text for passage in passages]):
        return Statement(text, Verdict.REFUSED, reason=NO_BASIS)
    if not sources:  # put together from several passages: no single one says it
        return Statement(text, Verdict.UNIQUE, _nearest(text, passages))
    return Statement(text, Verdict.SAME if len(sources) > 1 else Verdict.UNIQUE, sources)


def _nearest(text: str, passages: Sequence[Passage]) -> tuple[int, ...]:
    """The first passage that has most of the statement's words."""
    return (max(range(len(passages)), key=lambda index: (containment(text, passages[index].text), -index)),)


def _rival_set(
    entries: Sequence[tuple[str, tuple[int, ...]]], passages: Sequence[Passage], similarity: Similarity, start: int
) -> list[Statement]:
    """Rivals of one another, numbered from `start`; a set of which only one has a basis is no contradiction."""
    judged = [_judged(text, sources, passages, similarity) for text, sources in entries]
    based = [start + number for number, one in enumerate(judged) if one.verdict is not Verdict.REFUSED]
    if len(based) < 2:
        return judged
    return [
        one
        if one.verdict is Verdict.REFUSED
        else Statement(
            one.text,
            Verdict.CONTRADICTORY,
            one.sources,
            rivals=tuple(other for other in based if other != start + number),
        )
        for number, one in enumerate(judged)
    ]


def _left_out(statements: Sequence[Statement], passages: Sequence[Passage]) -> list[Statement]:
    """What the passages say and no statement of the answer tells."""
    told = [one.text for one in statements if one.verdict is not Verdict.REFUSED]
    everything = " ".join(told)
    return [
        Statement(text, Verdict.UNIQUE, (index,), reason=LEFT_OUT)
        for index, passage in enumerate(passages)
        for text in statements_of(passage.text)
        if not tells(everything, text)
    ]


def _without_twins(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """Each wording once. What was said of it twice is united: its sources, and its rivals, which move along."""
    twins: dict[tuple[str, ...], list[int]] = {}
    for number, statement in enumerate(statements):
        twins.setdefault(tuple(words(statement.text)), []).append(number)
    place = {number: index for index, numbers in enumerate(twins.values()) for number in numbers}
    return tuple(
        _united([statements[number] for number in numbers], place, index)
        for index, numbers in enumerate(twins.values())
    )


def _united(twins: Sequence[Statement], place: Mapping[int, int], index: int) -> Statement:
    """Statements of one wording as one, at `index`; `place` says where each old number went."""
    rivals = sorted({place[rival] for twin in twins for rival in twin.rivals} - {index})
    sources = tuple(sorted({source for twin in twins for source in twin.sources}))
    verdict = Verdict.CONTRADICTORY if rivals else Verdict.SAME if len(sources) > 1 else Verdict.UNIQUE
    if not sources:
        verdict = Verdict.REFUSED
    return replace(twins[0], verdict=verdict, sources=sources, rivals=tuple(rivals))
