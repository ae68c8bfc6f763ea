"""What rests on what: whether a sentence has a basis in given texts, and which statements it tells."""

from __future__ import annotations

from collections.abc import Sequence

from ..scene import Basis, Statement
from .conflict import find_conflict
from .sentences import content_words, statements_of
from .similarity import containment

BASIS = 0.6  # share of a sentence's content words that its sources must contain; paraphrase lies above, invention below
TOLD = 0.5  # share of a statement's content words from which on a text counts as telling it


def has_basis(sentence: str, texts: Sequence[str]) -> bool:
    """Whether the texts together contain enough of the sentence's content words. False for a sentence without any."""
    return bool(content_words(sentence)) and containment(sentence, " ".join(texts)) >= BASIS


def supports(passage: str, statement: str) -> bool:
    """Whether a passage says what the statement says: it has its words, and no sentence of it says otherwise."""
    if not has_basis(statement, [passage]):
        return False
    nearest = max(statements_of(passage), key=lambda said: containment(statement, said), default="")
    return bool(nearest) and find_conflict(statement, nearest) is None


def tells(text: str, statement: str) -> bool:
    """Whether a text contains the most part of a statement."""
    return containment(statement, text) >= TOLD


def trace(sentence: str, statements: Sequence[tuple[Basis, Statement]]) -> tuple[Basis, ...]:
    """The statements that a sentence tells; where it tells none by half, the one with most of its words."""
    told = tuple(basis for basis, statement in statements if tells(sentence, statement.text))
    if told or not statements:
        return told
    share, nearest = max(
        (
            (containment(sentence, statement.text), -number, basis)
            for number, (basis, statement) in enumerate(statements)
        ),
        key=lambda found: found[:2],
    )[::2]
    return (nearest,) if share > 0 else ()
