"""Choosing what a caption tells: each addition must say something new, the most certain and most telling first.

Twelve descriptions of one picture tell every fact again and again. A caption is a cover of what they tell: greedily,
the statement with most new content words for its length and the greatest certainty is taken, until nothing new is left
or the caption is full. Of a statement only those clauses are told that add something; what its speaker guesses is left
out.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..language.chinese import WORDS_A_CHARACTER, is_chinese
from ..language.claims import parts_of, put_together, without_guesses
from ..language.conflict import find_conflict, is_measured
from ..language.prose import has_act
from ..language.quotes import is_part_of_writing, quotes_as_much, tell_of_two_writings
from ..language.sentences import content_words, words
from ..language.similarity import Similarity, containment, is_short
from ..scene import Box, Patch, Ruling, Statement
from ..witnesses.rule import confirmed_by
from .tell import Told

FRESH = 0.4  # share of a clause's content words that must be new (the rest may repeat what it hangs on)
_OPENING = 3  # content words from which on the first sentence of the whole-image caption says what the picture is of
_SURE = 0.5  # certainty of a statement of which neither score nor support is known
_BACKBONE = 1.5  # what the whole-image caption says comes before what a part says as well
_ONE_LINE = 0.5  # share of a line's box in another's from which on both are one line: neighbours touch
_CAUTION = 14  # power of the certainty: what is new may be new because it was invented


@dataclass(frozen=True)
class _Candidate:
    """A statement that may be told: its number in reading order, how certain it is (0 to 1), and where a witness read
    what it quotes."""

    number: int
    told: Told
    certainty: float
    read: tuple[Box, ...] = ()


class _Caption:
    """What is told so far, and what another statement would add to it."""

    def __init__(self, nearness: Sequence[Sequence[float]], similarity: Similarity) -> None:
        self.taken: list[_Candidate] = []
        self._nearness, self._similarity = nearness, similarity

    def offer(self, one: _Candidate) -> tuple[float, _Candidate]:
        """(what telling it adds, 0 for nothing new; the part of it that would be told)."""
        row, similarity = self._nearness[one.number], self._similarity
        apart = [
            other
            for other in self.taken
            if _are_read_apart(one, other)
            or (row[other.number] >= similarity.rival and _is_of_another(one.told, other.told))
        ]
        others = [other for other in self.taken if other not in apart]
        if any(row[other.number] >= similarity.told for other in others):
            return 0.0, one
        return _worth(one, [other.told.text for other in others])


def cover(told: Sequence[Told], patches: Mapping[str, Patch], similarity: Similarity, max_words: int) -> list[Told]:
    """Those that together tell most in `max_words` words, each something new, in their order.

    A statement is told again where its likeness to one that was taken reaches `similarity.told`, or where less than
    `FRESH` of its content words are new. Guesses, moods and words about the picture are told only where nothing else
    is.
    What opens the whole-image caption comes first: it says what the picture is of.
    """
    plain = [replace(one, text=without_guesses(one.text)) for one in told]
    if not any(one.text for one in plain):  # a picture of which nothing else is known
        plain = list(told)
    candidates = [
        _Candidate(number, one, _certainty(one, patches), _read_at(one, patches))
        for number, one in enumerate(plain)
        if one.text
    ]
    candidates = [one for one in candidates if not _is_told_by_more(one, candidates)]
    texts = [one.text for one in told]
    nearness = similarity.matrix(texts, texts)
    taken = _most_telling(candidates, _Caption(nearness, similarity), max_words)
    if not taken:  # nothing in it has a word that tells: better all of it than no caption
        return list(told)
    return [one.told for one in sorted(taken, key=lambda one: one.number)]


def _most_telling(candidates: Sequence[_Candidate], caption: _Caption, room: float) -> list[_Candidate]:
    """Greedily the most worth, until nothing new is left or there is no room.

    What a statement adds hardly grows as others are told, so each is looked at again only when it comes first.
    """
    rated = [(-math.inf if _opens(one) else -caption.offer(one)[0], one.number, one) for one in candidates]
    heapq.heapify(rated)
    while rated:
        worth, _, one = heapq.heappop(rated)
        now, short = caption.offer(one)
        if now <= 0:
            continue
        if rated and worth > -math.inf and -now > rated[0][0]:
            heapq.heappush(rated, (-now, one.number, one))
        elif (length := _length(short.told.text)) <= room:
            caption.taken.append(short)
            room -= length
    return caption.taken


def _length(text: str) -> float:
    """The length of a text in words; a Chinese character tells less than an English word."""
    return len(words(text)) * (WORDS_A_CHARACTER if is_chinese(text) else 1)


def _opens(one: _Candidate) -> bool:
    return one.number == 0 and not one.told.boxes and len(content_words(one.told.text)) >= _OPENING


def _worth(one: _Candidate, known: Sequence[str]) -> tuple[float, _Candidate]:
    """What telling a statement adds to what is known, and the part of it that is told."""
    short = replace(one, told=replace(one.told, text=_new_clauses(one.told.text, known)))
    content = content_words(short.told.text)
    fresh = 1.0 - containment(short.told.text, known) if known else 1.0
    if not content or fresh < FRESH:
        return 0.0, one
    worth = one.certainty**_CAUTION * fresh * len(content) / _length(short.told.text)
    return (worth if one.told.boxes else _BACKBONE * worth), short


def _new_clauses(text: str, known: Sequence[str]) -> str:
    """The statement without the clauses that tell nothing new."""
    main, *others = parts_of(text)
    fresh = [part for part in others if content_words(part) and containment(part, [*known, main]) <= 1 - FRESH]
    return text if len(fresh) == len(others) else put_together(main, fresh)


def _certainty(one: Told, patches: Mapping[str, Patch]) -> float:
    """The mean of the score and the support that are known of what it rests on, the best of each; at least as much as
    a witness is sure of it."""
    statements = [patches[basis.patch].statements[basis.statement] for basis in one.basis]
    known = [value for value in (_best(statements, "score"), _best(statements, "support")) if value is not None]
    return max(sum(known) / len(known) if known else _SURE, *map(confirmed_by, statements))


def _read_at(one: Told, patches: Mapping[str, Patch]) -> tuple[Box, ...]:
    """Where what it says is written was read, all of it."""
    several = (patches[basis.patch].statements[basis.statement] for basis in one.basis)
    statements = [statement for statement in several if quotes_as_much(statement.text, one.text)]
    words = (word for statement in statements for word in statement.testimony)
    return tuple(word.box for word in words if word.about == "text" and word.box and word.ruling is Ruling.CONFIRMED)


def _is_told_by_more(one: _Candidate, others: Sequence[_Candidate]) -> bool:
    """Whether another tells the whole of the writing of which it tells a part, read in the same place."""
    return any(
        is_part_of_writing(one.told.text, other.told.text) and not _are_read_apart(one, other)
        for other in others
        if one.read and other.read
    )


def _are_read_apart(one: _Candidate, other: _Candidate) -> bool:
    """Whether both tell writing that was read, each in another place."""
    pairs = [(mine, theirs) for mine in one.read for theirs in other.read]
    return bool(pairs) and not any(mine.overlap(theirs) > _ONE_LINE for mine, theirs in pairs)


def _best(statements: Sequence[Statement], field: str) -> float | None:
    return max((value for one in statements if (value := getattr(one, field)) is not None), default=None)


def _is_of_another(one: Told, other: Told) -> bool:
    """Whether two statements that are alike are none the less of two things.

    A part may have another number of a thing than the whole, or none. Of two short ones that only name a thing each
    word tells: another noun or value, or another part of the picture, is another thing. "The sky" is always the same.
    What is written on two signs is written twice.
    """
    if tell_of_two_writings(one.text, other.text):
        return True
    conflict = find_conflict(one.text, other.text, same_extent=False)
    if conflict is not None and conflict.attribute in ("number", "negation"):
        return True
    if not (_only_names(one.text) and _only_names(other.text)) or _same_definite(one.text, other.text):
        return False
    if conflict is not None or containment(one.text, other.text) < 1.0 > containment(other.text, one.text):
        return True
    return bool(one.boxes and other.boxes) and not any(a.intersection(b).area for a in one.boxes for b in other.boxes)


def _only_names(text: str) -> bool:
    """Whether a statement says no more than that a thing is there, and what it is like."""
    return is_short(text) and not has_act(text)


def _same_definite(one: str, other: str) -> bool:
    """Whether both speak of the same thing as known: "The sky is white." and "The sky is bright.".

    "The light" and "the dominant colour" are others in each part of the picture.
    """
    first, second = words(one)[:2], words(other)[:2]
    return first == second and first[:1] == ["the"] and not is_measured(one)
