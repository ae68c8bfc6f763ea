"""Holding words that were said against words that were read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum
from itertools import accumulate

from ..language.quotes import plain
from .reader import SURE, Line, Token

_READ = 0.5  # score from which on what was read bears out what was said
_NEAR = 0.6  # likeness from which on a word that was said is taken for a misreading of one that was read
_SHORTEST = 3  # letters of a word that can be a misreading, or stand within a longer one
_SHORT_SURE = 0.8
_WHOLE_QUOTE = 4  # letters of a piece of writing that is held against a line as a whole ...
_NEAR_WHOLE = 0.75  # ... and its likeness to words of the line from which on it is a misreading of them
_LETTERS_A_SLIP = 5  # a misreading has a letter more or less, and another for so many letters
_LETTERS_LOST = 2  # letters of a word that are missed at one of its ends; what is longer is another word


class Match(Enum):
    """What became of one word or piece of writing."""

    FOUND = "found"
    PARTLY = "partly"  # as far as it can be read
    OTHER = "other"  # something else is read in its place
    MISSING = "missing"


@dataclass(frozen=True)
class Compared:
    """A piece of writing held against lines: the words as they should be, the lines that say so, and how surely."""

    match: Match
    words: tuple[str, ...]
    lines: tuple[Line, ...] = ()
    score: float = 0.0


def is_cjk(text: str) -> bool:
    return any("\u3040" <= letter <= "\u30ff" or "\u3400" <= letter <= "\u9fff" for letter in text)


def is_misread_as(said: str, read: str) -> bool:
    """Whether two words of as many letters are so near that one of them may be a misreading of the other."""
    return len(said) == len(read) and _ratio(said, read) >= _NEAR


def compare_writing(said: str, lines: Sequence[Line], cut: Collection[Line] = ()) -> Compared:
    """What was said to be written against all that was read there, as a whole and then word by word.

    Of the lines that are `cut`, whoever said it saw a part.
    """
    whole = _found_whole(said, lines) or _read_otherwise(said, lines, cut)
    if whole is not None:
        return whole
    words = said.split()
    results = [_compare_word(word, lines, {plain(other) for other in words if other != word}) for word in words]
    found = _beside_found(words, results) or _summed(words, results)
    return (found.match is Match.MISSING and _short_otherwise(said, lines)) or found


def _short_otherwise(said: str, lines: Sequence[Line]) -> Compared | None:
    """The one surely read word that short writing may be a misreading of: a number, Chinese."""
    wanted = plain(said)
    if not wanted or (len(wanted) >= _SHORTEST and not is_cjk(wanted)):
        return None
    words = [(word, line) for line in lines if line.score >= SURE for word in line.text.split()]
    like = [(word, line) for word, line in words if _is_like(wanted, plain(word), plain(line.text))]
    if len({plain(word) for word, _ in like}) != 1:
        return None
    word, line = like[0]
    return Compared(Match.OTHER, (word,), (line,), line.score)


def _is_like(wanted: str, read: str, line: str) -> bool:
    """Whether a word of a line has as many letters, half of them the same; or both are one Chinese character alone."""
    if len(read) != len(wanted) or is_cjk(read) != is_cjk(wanted):
        return False
    same = sum(one == other for one, other in zip(wanted, read, strict=True))
    return 2 * same >= len(wanted) or (len(line) == 1 and is_cjk(line))


def _found_whole(said: str, lines: Sequence[Line]) -> Compared | None:
    """The writing as one run of letters over neighbouring lines, wherever the reader saw spaces."""
    wanted = plain(said)
    if len(wanted) < (2 if is_cjk(wanted) else _SHORTEST):
        return None
    readable = [line for line in lines if line.score >= _READ]
    for first in range(len(readable)):
        run = ""
        for last in range(first, len(readable)):
            run += plain(readable[last].text)
            used = readable[first : last + 1]
            if wanted in run and _is_whole(wanted, run, used):
                needed = _needed(wanted, used)
                return Compared(Match.FOUND, (said,), needed, min(line.score for line in needed))
            if len(run) > 4 * len(wanted) + 40:
                break
    return None


def _is_whole(wanted: str, run: str, lines: Sequence[Line]) -> bool:
    """Whether the writing ends where words do, or well within them: a letter or two of a word are not missing.

    A reader that saw no space between two words leaves more of the other one.
    """
    lengths = [len(plain(token.text)) for line in lines for token in line.tokens]
    ends = {0, len(run), *accumulate(lengths)}
    start = run.index(wanted)
    end = start + len(wanted)
    lost = (start - max(edge for edge in ends if edge <= start), min(edge for edge in ends if edge >= end) - end)
    if len(_needed(wanted, lines)) > 1:  # "SALE" above "SALE" is not "SALES"
        return lost == (0, 0)
    return all(letters == 0 or letters > _LETTERS_LOST for letters in lost)


def _needed(wanted: str, lines: Sequence[Line]) -> tuple[Line, ...]:
    """The last of the lines that hold the writing together."""
    first = max(at for at in range(len(lines)) if wanted in "".join(plain(line.text) for line in lines[at:]))
    return tuple(lines[first:])


def _read_otherwise(said: str, lines: Sequence[Line], cut: Collection[Line]) -> Compared | None:
    """Neighbouring words of a surely read line that the whole writing is nearly like, wherever spaces were seen."""
    wanted = plain(said)
    if len(wanted) < _WHOLE_QUOTE or is_cjk(wanted):
        return None
    runs = [run for line in lines for run in _runs(line, wanted, line in cut) if run.divides_as(said)]
    found = max(runs, key=lambda run: run.near, default=None)
    if found is None or found.near < _NEAR_WHOLE or any(run.goes_on and run.holds(found) for run in runs):
        return None
    score = min(token.score for token in found.tokens)
    return Compared(Match.OTHER, _as_read(said.split(), found.tokens), (found.line,), score)


def _as_read(words: Sequence[str], tokens: Sequence[Token]) -> tuple[str, ...]:
    """The words that were read, as they were said where that is the same, with the stops around them."""
    if len(words) != len(tokens):
        return tuple(token.text for token in tokens)
    pairs = zip(words, tokens, strict=True)
    return tuple(word if plain(word) == plain(token.text) else _in_place_of(word, token.text) for word, token in pairs)


@dataclass(frozen=True)
class _Run:
    """Neighbouring words of a line, and how near the writing is to them: 0 where it may go on after them."""

    line: Line
    tokens: tuple[Token, ...]
    near: float
    goes_on: bool = False

    def divides_as(self, said: str) -> bool:
        """Whether as many words were read as said: who misses the spaces misses letters too."""
        return self.goes_on or len(self.tokens) == len(said.split())

    def holds(self, other: _Run) -> bool:
        """Whether these are the other's words and more."""
        return self.line is other.line and len(self.tokens) > len(other.tokens) and set(other.tokens) <= {*self.tokens}


def _runs(line: Line, wanted: str, cut: bool) -> Iterator[_Run]:
    """The runs of a line's words, each of them surely read; of a cut line also those whose outer word is seen in part.

    Those that may go on where their end is hidden are no misreading, nor is a part of them.
    """
    tokens = [token for token in line.tokens if plain(token.text)]
    for first in range(len(tokens)):
        for last in range(first + 1, len(tokens) + 1):
            run = tuple(tokens[first:last])
            read = plain("".join(token.text for token in run))
            at_start, at_end = first == 0, last == len(tokens)
            sure = all(token.score >= SURE for token in run) and len(read) >= _SHORTEST
            if sure and _may_go_on(wanted, read, at_start=at_start, at_end=at_end):
                yield _Run(line, run, 0.0, goes_on=True)
            elif sure:
                open_ends = (cut and at_start, cut and at_end)
                yield _Run(line, run, _likeness(wanted, read, plain(run[0].text), plain(run[-1].text), open_ends))


def _may_go_on(wanted: str, read: str, *, at_start: bool, at_end: bool) -> bool:
    """Whether what was read is all of the writing but what may be hidden at the outer ends of a line."""
    before, found, after = wanted.partition(read)
    return bool(found) and (not before or at_start) and (not after or at_end)


def _likeness(wanted: str, read: str, first: str, last: str, open_ends: tuple[bool, bool]) -> float:
    """How near the writing is to what was read, 0 to 1, where a cut may hide letters of the first or the last word."""
    most = [max(0, len(read) - len(wanted) + 1) if is_open else 0 for is_open in open_ends]
    shown = {read[at:] for at in range(min(most[0], len(first) - 1) + 1)}
    shown |= {read[: len(read) - at] for at in range(1, min(most[1], len(last) - 1) + 1)}
    return max((_ratio(wanted, part) for part in shown if _as_long(part, wanted)), default=0.0)


def _as_long(read: str, wanted: str) -> bool:
    """Whether what was read has about as many letters as the writing, so that this may be a misreading of it."""
    return abs(len(read) - len(wanted)) <= 1 + len(wanted) // _LETTERS_A_SLIP


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


@dataclass(frozen=True)
class _Word:
    match: Match
    text: str
    line: Line | None = None
    score: float = 0.0


def _compare_word(said: str, lines: Sequence[Line], others: set[str]) -> _Word:
    wanted = plain(said)
    if not wanted:
        return _Word(Match.FOUND, said, None, 1.0)
    tokens = [(token, line) for line in lines for token in line.tokens if plain(token.text)]
    least = _SHORT_SURE if len(wanted) < _SHORTEST else _READ
    for token, line in tokens:
        if plain(token.text) == wanted and token.score >= least:
            return _Word(Match.FOUND, said, line, token.score)
    if len(wanted) < _SHORTEST:
        return _Word(Match.MISSING, said)
    return _within_or_near(said, wanted, tokens, others)


def _within_or_near(said: str, wanted: str, tokens: Iterable[tuple[Token, Line]], others: set[str]) -> _Word:
    """A word that a longer one holds, of which a part is read, or that resembles a sure one which nobody else said."""
    best = _Word(Match.MISSING, said, None, 0.0)
    nearest = _NEAR
    for token, line in tokens:
        read = plain(token.text)
        if wanted in read and len(read) - len(wanted) > _LETTERS_LOST and token.score >= _READ:
            return _Word(Match.FOUND, said, line, token.score)
        if _is_cut(wanted, read, token, line):
            best, nearest = _Word(Match.PARTLY, said, line, token.score), 1.0
        if not _as_long(read, wanted):
            continue
        near = _ratio(wanted, read)
        if near >= nearest and len(read) >= _SHORTEST and token.score >= SURE and not _holds_other(read, others):
            best, nearest = _Word(Match.OTHER, _in_place_of(said, token.text), line, token.score), near
    return best


def _holds_other(read: str, others: set[str]) -> bool:
    """Whether what was read is another word of the writing, or that one and more, without the space between them."""
    return any(
        read == other or (len(other) > 1 and (read.startswith(other) or read.endswith(other))) for other in others
    )


def _is_cut(wanted: str, read: str, token: Token, line: Line) -> bool:
    """Whether what was read may be the word with its outer end hidden; of two equal letters none is hidden alone."""
    if len(read) < _SHORTEST or 2 * len(read) < len(wanted) or read == wanted:
        return False
    if wanted.endswith(read) and line.tokens[0] is token:
        return wanted != read[0] + read
    return wanted.startswith(read) and line.tokens[-1] is token and wanted != read + read[-1]


def _in_place_of(said: str, read: str) -> str:
    """What was read, with the stops that stood around what was said."""
    bare = said.strip(".,;:!?")
    return said.replace(bare, read.strip(".,;:!?"), 1)


def _beside_found(words: Sequence[str], results: Sequence[_Word]) -> Compared | None:
    """Words of one line, most of whose letters are found there: the others are what stands in their places."""
    lines = {one.line for one in results if one.line is not None}
    (line,) = lines if len(lines) == 1 else (None,)
    tokens = [token for token in line.tokens if plain(token.text)] if line else []
    if line is None or len(tokens) != len(words) or any(one.match is Match.PARTLY for one in results):
        return None
    same = [plain(word) == plain(token.text) for word, token in zip(words, tokens, strict=True)]
    letters = sum(len(plain(word)) for word, right in zip(words, same, strict=True) if right)
    others = [token.score for token, right in zip(tokens, same, strict=True) if not right]
    if not others or min(others) < SURE or 2 * letters <= len(plain("".join(words))):
        return None
    return Compared(Match.OTHER, _as_read(words, tokens), (line,), min(others))


def _summed(words: Sequence[str], results: Sequence[_Word]) -> Compared:
    lines = tuple(dict.fromkeys(one.line for one in results if one.line is not None))
    score = min((one.score for one in results if one.line is not None), default=0.0)
    matches = {one.match for one in results}
    if matches == {Match.FOUND} and lines:
        return Compared(Match.FOUND, tuple(words), lines, score)
    if Match.OTHER in matches and Match.MISSING not in matches:
        return Compared(Match.OTHER, tuple(one.text for one in results), lines, score)
    if matches == {Match.MISSING}:
        return Compared(Match.MISSING, tuple(words))
    return Compared(Match.PARTLY, tuple(words), lines, score)
