"""Sentences that are longer than a scorer's window, in pieces that fit: judged by all of their clauses."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

# Where a sentence can be taken apart: after punctuation, and before a word that opens a clause or joins two.
_JOINTS = re.compile(r"(?<=[,;:])\s+|\s+(?=(?:and|but|while|which|who|where|with|as|or|that)\b)", re.IGNORECASE)


def pieces_of(sentence: str, length: Callable[[str], int], window: int) -> list[str]:
    """The sentence in consecutive pieces of at most `window` tokens, cut at clauses, else between words.

    `length` counts the tokens of a text as the scorer sees it, frame included. Together the pieces hold every word.
    """
    if length(sentence) <= window:
        return [sentence]
    clauses = [part for part in _JOINTS.split(sentence) if part]
    units = [unit for clause in clauses for unit in ([clause] if length(clause) <= window else clause.split())]
    pieces = [units[0]]
    for unit in units[1:]:
        longer = f"{pieces[-1]} {unit}"
        if length(longer) <= window:
            pieces[-1] = longer
        else:
            pieces.append(unit)
    return pieces


def score_by_pieces(
    sentences: Sequence[str],
    length: Callable[[str], int],
    window: int,
    score: Callable[[Sequence[str]], Sequence[float]],
) -> list[float]:
    """One score per sentence; that of a long one is its lowest piece's: it is true only if all of it is.

    `score` is called once, with every distinct piece.
    """
    parts = [pieces_of(sentence, length, window) for sentence in sentences]
    distinct = list(dict.fromkeys(piece for pieces in parts for piece in pieces))
    known = dict(zip(distinct, score(distinct), strict=True)) if distinct else {}
    return [min(known[piece] for piece in pieces) for pieces in parts]
