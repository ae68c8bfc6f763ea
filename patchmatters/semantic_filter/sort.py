"""Sorting statements without a model: pairs by similarity, rivals by a conflicting value for the same thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from ..language.conflict import find_conflict, tell_of_two_things
from ..language.dispute import find_dispute, tell_of_others
from ..language.quotes import tell_of_two_writings
from ..language.sentences import content_words, statements_of
from ..language.similarity import Likeness, Similarity
from ..scene import Passage, Statement, Verdict
from .common import common_statements


@dataclass(frozen=True)
class _Said:
    """A statement where it was said: passage index and text."""

    passage: int
    text: str


def single_passage(passages: Sequence[Passage]) -> tuple[Statement, ...]:
    """The statements of an only passage: there is nothing to compare them with, each is said once."""
    return tuple(
        Statement(text, Verdict.UNIQUE, sources=(0,))
        for passage in passages[:1]
        for text in statements_of(passage.text)
    )


def sort_statements(passages: Sequence[Passage], similarity: Similarity, *, same_extent: bool) -> tuple[Statement, ...]:
    """Sort everything that two or more passages say into same, contradictory and unique.

    Statements of different passages are one where their similarity reaches `similarity.same` and nothing in them
    conflicts, and rivals where it reaches `similarity.rival` and something does. Where their agreement reaches
    `similarity.agreed` they stay two, each in its own words and agreed on by the other's passage: one that tells more
    than the other is not lost. `same_extent` says whether all passages describe the same part of the picture. In the
    reading order of the first passage that says each.
    """
    statements = [text for passage in passages for text in statements_of(passage.text)]
    return sort_alike(passages, Likeness(similarity, statements), same_extent=same_extent)


def sort_alike(passages: Sequence[Passage], likeness: Likeness, *, same_extent: bool) -> tuple[Statement, ...]:
    """The same where the likeness of all statements of the passages is known."""
    said = [_Said(index, text) for index, passage in enumerate(passages) for text in statements_of(passage.text)]
    similarity = likeness.similarity
    links, clashes = _relations(said, likeness, same_extent=same_extent)
    groups = _groups(len(said), [link for link in links if link[0] >= similarity.same], clashes)
    rivals = _group_rivals(groups, clashes)
    agreeing = _agreeing(links)
    found = [_statement(group, rivals[number], agreeing, said, likeness) for number, group in enumerate(groups)]
    return (*found, *common_statements(found))


def _agreeing(links: Sequence[tuple[float, int, int]]) -> dict[int, set[int]]:
    """For each statement the statements of other passages that agree with it."""
    found: dict[int, set[int]] = {}
    for _, a, b in links:
        found.setdefault(a, set()).add(b)
        found.setdefault(b, set()).add(a)
    return found


def _relations(
    said: Sequence[_Said], likeness: Likeness, *, same_extent: bool
) -> tuple[list[tuple[float, int, int]], set[tuple[int, int]]]:
    """Pairs of statements that say the same, with their similarity, and pairs that clash."""
    known: dict[tuple[str, str], tuple[float, bool]] = {}
    links, clashes = [], set()
    for (a, one), (b, other) in combinations(enumerate(said), 2):
        if one.passage == other.passage:
            continue
        pair = one.text, other.text
        if pair not in known:
            known[pair] = known[pair[::-1]] = _kind_of_pair(*pair, likeness, same_extent=same_extent)
        near, clash = known[pair]
        if clash:
            clashes.add((a, b))
        elif near:
            links.append((near, a, b))
    return links, clashes


def _kind_of_pair(one: str, other: str, likeness: Likeness, *, same_extent: bool) -> tuple[float, bool]:
    """The likeness of two wordings that say the same or clash, 0 where they do neither; and whether they clash."""
    if one == other:
        return 1.0, False
    similarity, near = likeness.similarity, likeness.of(one, other)
    if near < similarity.rival:
        return 0.0, False
    agree = similarity.agreement(one, other, near) >= similarity.agreed
    find = find_dispute if agree or near >= similarity.alike else find_conflict
    if find(one, other, same_extent=same_extent) is not None:
        return near, True
    return (near if agree and not _of_two_things(one, other, same_extent=same_extent) else 0.0), False


def _of_two_things(one: str, other: str, *, same_extent: bool) -> bool:
    """Whether two statements that are alike tell of two things, as far as their values or what is written there say."""
    if tell_of_two_writings(one, other):
        return True
    return same_extent and (tell_of_two_things(one, other) or tell_of_others(one, other))


def _groups(
    count: int, links: Sequence[tuple[float, int, int]], clashes: set[tuple[int, int]]
) -> list[tuple[int, ...]]:
    """Unite linked statements, the most similar first, but never two that clash; ordered by their first member."""
    member_of: dict[int, tuple[int, ...]] = {index: (index,) for index in range(count)}
    for _, a, b in sorted(links, key=lambda link: (-link[0], link[1:])):
        first, second = member_of[a], member_of[b]
        if first != second and not _any_clash(first, second, clashes):
            united = tuple(sorted({*first, *second}))
            member_of.update(dict.fromkeys(united, united))
    return sorted(set(member_of.values()))


def _any_clash(first: Sequence[int], second: Sequence[int], clashes: set[tuple[int, int]]) -> bool:
    return any((min(a, b), max(a, b)) in clashes for a in first for b in second)


def _group_rivals(groups: Sequence[tuple[int, ...]], clashes: set[tuple[int, int]]) -> list[tuple[int, ...]]:
    """For each group the numbers of the groups that it clashes with."""
    return [
        tuple(other for other, members in enumerate(groups) if other != number and _any_clash(group, members, clashes))
        for number, group in enumerate(groups)
    ]


def _statement(
    group: Sequence[int],
    rivals: tuple[int, ...],
    agreeing: Mapping[int, set[int]],
    said: Sequence[_Said],
    likeness: Likeness,
) -> Statement:
    saying = {one for index in group for one in (index, *agreeing.get(index, ()))}
    sources = tuple(sorted({said[index].passage for index in saying}))
    text = _most_agreed([said[index].text for index in group], likeness)
    verdict = Verdict.CONTRADICTORY if rivals else Verdict.SAME if len(sources) > 1 else Verdict.UNIQUE
    return Statement(text, verdict, sources, rivals)


def _most_agreed(texts: Sequence[str], likeness: Likeness) -> str:
    """The wording nearest to all others; of equally near ones the plainest, which claims least."""
    if len(texts) == 1:
        return texts[0]
    ranked: Iterator[tuple[float, int, int]] = (
        (-round(sum(likeness.row(text, texts)), 4), len(content_words(text)), index) for index, text in enumerate(texts)
    )
    return texts[min(ranked)[2]]
