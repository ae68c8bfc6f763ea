"""Parts of a caption that are too long by themselves, in pieces: tags and phrases between marks, then their start."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from .clauses import Clause

Fits = Callable[[str], bool]

_MARK = re.compile(r"[,;:]\s+|[\uff0c\uff1b\uff1a\u3001]\s*|\s+[\u2013\u2014-]\s+")
_END = re.compile(r"[.!?\u3002\uff01\uff1f\u2026]+\Z")
_NESTS = re.compile(r"\\.|[()\[\]{}\"\u201c\u201d]")
# Before these a sentence may end early and still be one.
_CLAUSE = re.compile(
    r"\s+(?=(?:and|but|or|while|which|who|that|where|when|as|because|so|with|without|behind|beside|near|under|over|"
    r"above|below|in|on|at|by|from|to|into|through|across|against|between|during)\b)",
    re.IGNORECASE,
)
_WORD = re.compile(r"\s+")
_SPACELESS = re.compile(r"(?<=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])(?=.)")  # between the letters of such scripts


def _fits_before(fits: Fits, end: str, text: str) -> bool:
    return fits(text + end)


def in_pieces(clause: Clause, fits: Fits) -> tuple[list[Clause], list[Clause]]:
    """(pieces of a part that is too long, what had to be cut off them), both in reading order.

    Pieces stand between commas and the like, outside parentheses and quotation marks. One that is still too long ends
    before a clause of its own, else before a word; one of which not even a word fits is left as it is. `fits` says
    whether a text fits by itself.
    """
    pieces, cut = [], []
    for piece in _between_marks(clause):
        kept = _beginning(piece.text, partial(_fits_before, fits, piece.end))
        pieces.append(replace(piece, text=kept or piece.text))
        if kept and kept != piece.text:
            cut.append(replace(piece, text=piece.text[len(kept) :].strip()))
    return pieces, cut


def _between_marks(clause: Clause) -> Iterator[Clause]:
    end = _END.search(clause.text)
    text = clause.text[: end.start()] if end else clause.text
    start, closing = 0, end[0] if end and not clause.place else ""
    for mark in _marks(text):
        if mark.start() > start:
            yield replace(clause, text=text[start : mark.start()], mark=mark[0], end=closing)
        start = mark.end()
    if text[start:].strip():
        yield replace(clause, text=text[start:], mark=" ", end=closing)


def _marks(text: str) -> list[re.Match[str]]:
    """The marks outside of brackets and quotation marks."""
    inside = _nested(text)
    return [mark for mark in _MARK.finditer(text) if not inside[mark.start()]]


def _nested(text: str) -> list[bool]:
    """Of each character whether it stands between brackets or quotation marks that are closed again."""
    flags, opened = [False] * len(text), list[re.Match[str]]()
    for sign in _NESTS.finditer(text):
        letter = sign[0]
        if letter in ("(", "[", "{", "\u201c") or (letter == '"' and not any(one[0] == '"' for one in opened)):
            opened.append(sign)
        elif len(letter) == 1 and opened:
            first = opened.pop()
            flags[first.start() : sign.end()] = [True] * (sign.end() - first.start())
    return flags


def _beginning(text: str, fits: Fits) -> str:
    """The longest beginning that fits: up to a clause, else a word, else a letter of Chinese and the like."""
    if fits(text):
        return text
    for pattern in (_CLAUSE, _WORD, _SPACELESS):
        ends = [0, *(one.start() for one in pattern.finditer(text) if one.start())]
        longest = ends[_last_fitting(text, ends, fits)]
        if longest:
            return text[:longest].rstrip(" ,;:")
    return ""


def _last_fitting(text: str, ends: Sequence[int], fits: Fits) -> int:
    """Number of the last end up to which the text fits; longer texts take more tokens."""
    return bisect_right(ends, 0, key=lambda end: bool(end) and not fits(text[:end])) - 1
