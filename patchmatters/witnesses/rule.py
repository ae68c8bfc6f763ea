"""The one rule by which witnesses and score are weighed.

1. Witnesses are heard point by point (text, count, presence, colour ...): on each point the stronger word wins, and
   equal words on both sides cancel out.
2. What loses on any point is put right, where a witness knows what it should be, and is heard again; else it is
   dropped, whatever its score.
3. What is put right, or wins on a point and loses on none, counts as agreed on: the lower bar of the score.
4. What a witness confirms as a whole, and surely, is kept, whatever its score.
5. Where no witness has a word, the score decides alone; but not of writing that a reader does not find
   (`semantic_filter.keep`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from ..scene import Ruling, Statement, Testimony

_SIGN = {Ruling.CONFIRMED: 1.0, Ruling.CONTRADICTED: -1.0}


def balance(statement: Statement) -> Mapping[str, float]:
    """For each point the strength of the strongest word for the statement less that of the strongest against it.

    The word by which it was put right speaks for it.
    """
    words: dict[str, dict[Ruling, float]] = defaultdict(lambda: dict.fromkeys(Ruling, 0.0))
    for one in statement.testimony:
        ruling = Ruling.CONFIRMED if _put_right(statement, one) else one.ruling
        words[one.about][ruling] = max(words[one.about][ruling], one.strength)
    return {about: round(sum(_SIGN[ruling] * said[ruling] for ruling in Ruling), 6) for about, said in words.items()}


def _put_right(statement: Statement, one: Testimony) -> bool:
    return bool(statement.said and one.instead)


def is_contradicted(statement: Statement) -> bool:
    """Whether the statement loses on a point and was not put right."""
    return any(value < 0 for value in balance(statement).values())


def is_confirmed(statement: Statement) -> bool:
    """Whether the statement wins on a point and loses on none; one that was put right does."""
    values = balance(statement).values()
    return any(value > 0 for value in values) and not any(value < 0 for value in values)


def confirmed_by(statement: Statement) -> float:
    """How sure the surest witness is of a statement that is confirmed; 0 for others."""
    return max(balance(statement).values(), default=0.0) if is_confirmed(statement) else 0.0


def correction(statement: Statement) -> Testimony | None:
    """The strongest word that says how a losing statement should be; None where there is none."""
    lost = {about for about, value in balance(statement).items() if value < 0}
    better = [one for one in statement.testimony if one.about in lost and one.ruling is Ruling.CONTRADICTED]
    return max((one for one in better if one.instead), key=lambda one: one.strength, default=None)


def ruled(statement: Statement) -> Statement:
    """The statement as the score decided it, with the witnesses' word: what they contradict is dropped, what they
    confirm as a whole is kept, and the reason says who said what."""
    if not statement.testimony:
        return statement
    reasons = [statement.reason] if statement.reason else []
    if statement.said:
        reasons.append(f"put right from {statement.said!r}")
    reasons += [_in_words(one) for one in statement.testimony]
    kept = statement.kept
    if is_contradicted(statement):
        kept = False
    elif is_confirmed(statement) and any(one.wholly for one in statement.testimony):
        kept = True
    return replace(statement, kept=kept, reason="; ".join(reasons))


def _in_words(one: Testimony) -> str:
    return f"{one.witness}: {one.evidence} ({one.ruling.value}, {one.strength:.2f})"
