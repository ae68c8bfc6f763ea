"""Choosing what a caption tells: each addition must say something new, the most certain and most telling first.

Twelve descriptions of one picture tell every fact again and again. A caption is a cover of what they tell: greedily,
the statement with most new content words for its length and the greatest certainty is taken, until nothing new is left
or the caption is full. Of a statement only those clauses are told that add something; what its speaker guesses is left
out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..language.claims import parts_of, put_together, without_guesses
from ..language.conflict import find_conflict
from ..language.sentences import content_words, words
from ..language.similarity import Similarity, containment, is_short
from ..scene import Patch, Statement
from .tell import Told

FRESH = 0.5  # share of a clause's content words that must be new (the rest may repeat what it hangs on)
_SURE = 0.5  # certainty of a statement of which neither score nor support is known
_BACKBONE = 1.5  # what the whole-image caption says comes before what a part says as well
_CAUTION = 5  # power of the certainty: what is new may be new because it was invented


@dataclass(frozen=True)
class _Candidate:
    """A statement that may be told: its number in reading order, and how certain it is (0 to 1)."""

    number: int
    told: Told
    certainty: float


def cover(told: Sequence[Told], patches: Mapping[str, Patch], similarity: Similarity, max_words: int) -> list[Told]:
    """Those that together tell most in `max_words` words, each something new, in their order.

    A statement is told again where its likeness to one that was taken reaches `similarity.told`, or where less than
    half of its content words are new. Guesses, moods and words about the picture are told only where nothing else is.
    """
    plain = [replace(one, text=without_guesses(one.text)) for one in told]
    if not any(one.text for one in plain):  # a picture of which nothing else is known
        plain = list(told)
    candidates = [_Candidate(number, one, _certainty(one, patches)) for number, one in enumerate(plain) if one.text]
    nearness = similarity.matrix([one.text for one in told], [one.text for one in told])
    taken: list[_Candidate] = []
    room, waiting = max_words, candidates
    while waiting:
        rated = [(_worth(one, taken, nearness, similarity), -one.number, one) for one in waiting]
        worth, _, best = max(rated, key=lambda item: item[:2])
        if worth <= 0:
            break
        waiting = [one for value, _, one in rated if value > 0 and one is not best]
        short = replace(best, told=replace(best.told, text=_new_clauses(best.told.text, taken)))
        length = len(words(short.told.text))
        if length <= room:
            taken.append(short)
            room -= length
    if not taken:  # nothing in it has a word that tells: better all of it than no caption
        return list(told)
    return [one.told for one in sorted(taken, key=lambda one: one.number)]


def _new_clauses(text: str, taken: Sequence[_Candidate]) -> str:
    """The statement without the clauses that tell nothing new."""
    main, *others = parts_of(text)
    known = [one.told.text for one in taken]
    fresh = [part for part in others if content_words(part) and containment(part, [*known, main]) <= 1 - FRESH]
    return text if len(fresh) == len(others) else put_together(main, fresh)


def _certainty(one: Told, patches: Mapping[str, Patch]) -> float:
    """The mean of the score and the support that are known of what it rests on, the best of each."""
    statements = [patches[basis.patch].statements[basis.statement] for basis in one.basis]
    known = [value for value in (_best(statements, "score"), _best(statements, "support")) if value is not None]
    return sum(known) / len(known) if known else _SURE


def _best(statements: Sequence[Statement], field: str) -> float | None:
    return max((value for one in statements if (value := getattr(one, field)) is not None), default=None)


def _worth(
    one: _Candidate, taken: Sequence[_Candidate], nearness: Sequence[Sequence[float]], similarity: Similarity
) -> float:
    """What telling it adds: 0 for nothing new."""
    row = nearness[one.number]
    apart = [other for other in taken if row[other.number] >= similarity.rival and _is_of_another(one.told, other.told)]
    if any(row[other.number] >= similarity.told for other in taken if other not in apart):
        return 0.0
    content = content_words(one.told.text)
    known = [other.told.text for other in taken if other not in apart]
    fresh = 1.0 - containment(one.told.text, known) if known else 1.0
    if not content or fresh < FRESH:
        return 0.0
    worth = one.certainty**_CAUTION * fresh * len(content) / len(words(one.told.text))
    return worth if one.told.boxes else _BACKBONE * worth


def _is_of_another(one: Told, other: Told) -> bool:
    """Whether two statements that are alike are none the less of two things.

    A part may have another number of a thing than the whole, or none. Of two short ones each word tells: another noun
    or value, or another part of the picture, is another thing.
    """
    conflict = find_conflict(one.text, other.text, same_extent=False)
    if conflict is not None and conflict.attribute in ("number", "negation"):
        return True
    if not (is_short(one.text) and is_short(other.text)):
        return False
    if conflict is not None or containment(one.text, other.text) < 1.0 > containment(other.text, one.text):
        return True
    return bool(one.boxes and other.boxes) and not any(a.intersection(b).area for a in one.boxes for b in other.boxes)
