"""What a statement says is written in the picture: quoted words, and what "reads", "says" or "number" lead to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from ..basics.remembered import remembered
from .morphology import word_set

_MARKS = ('""', "\u201c\u201d", "\u201e\u201c", "\u00ab\u00bb", "\u300c\u300d", "\u300e\u300f", "\u300a\u300b")
# Marks with nothing between them are a pair as well: else what follows them would be quoted up to the next mark.
_MARKED = re.compile(
    "|".join(
        rf"{left}{right}(?=[\s.,;:!?]|\Z)|{left}([^{left}{right}\n]{{1,200}}){right}"
        for left, right in map(tuple, _MARKS)
    )
)
_SINGLE = re.compile(r"(?<![\w])['\u2018]([^'\u2018\u2019\n]{1,200}(?:['\u2019]\w[^'\u2018\u2019\n]*)?)['\u2019](?!\w)")
_LEAD = (
    r"\b(?:reads|(?:signs?|texts?|labels?|banners?|posters?|plates?|letters|words?|logos?|boards?|shirts?|screens?|"
    r"inscriptions?) (?:read|reading)|says?|saying|spells?|spelling|labell?ed|labell?ing|marked|inscribed|lettered|"
    r"titled)"
)
# Words without marks are taken only where they look like a sign's: in capitals, or a number.
_UNMARKED = re.compile(
    rf"{_LEAD}(?: (?:as|with|the|words?|word|text|name|number|letters?))*:? ((?:[A-Z\u00c0-\u00dd0-9][\w&'\u2019/.-]*)"
    r"(?: (?:[A-Z\u00c0-\u00dd0-9&][\w&'\u2019/.-]*|of|and|the|to|for|&))*)"
)
_NUMBER = re.compile(
    r"\b(?:[Nn]umbers?|[Pp]late|[Rr]egistration|[Rr]oute|[Pp]latform) ((?=[\w-]*\d)[A-Z0-9][A-Z0-9-]*)\b"
)
_CUE = re.compile(
    r"\b(?:reads?|reading|says?|saying|spell\w*|label\w*|text\w*|words?|wording|letter\w*|sign\w*|logos?|number\w*|"
    r"writ\w*|wrote|print\w*|paint\w*|inscri\w*|mark\w*|brand\w*|names?|named|title\w*|caption\w*|display\w*|"
    r"banner\w*|poster\w*|plates?|registration|adverti\w*|slogan|initials|characters?|headline|billboard\w*|screen|"
    r"stickers?|tags?|badge\w*|emblem\w*|stamp\w*|bears?|bearing|shows?|showing)\b"
    r"|[\u5b57\u5199\u5beb\u6807\u6a19\u724c\u540d\u53f7\u865f]",
    re.IGNORECASE,
)
_NO_TEXT = re.compile(
    r"\b(?:no|not contain any|without any|not have any|no visible|no readable|no legible) "
    r"(?:visible |readable |legible |written )*(?:text|writing|words|letters|lettering)\b"
    r"(?! (?:or|and|on|in the b|at))",
    re.IGNORECASE,
)
_NEAR = 0.6  # likeness of two pieces of writing, letter by letter, from which on they may be one, read twice
_AROUND = " .,;:!?\u3002\uff0c\uff01\uff1f"


@dataclass(frozen=True)
class Quote:
    """Words that a statement says are written: the words, and where they stand in it (start, end)."""

    text: str
    start: int
    end: int


def plain(text: str) -> str:
    """Letters and digits alone, without case, accents kept: what writing is compared by."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


@remembered(4096)
def quotes_of(statement: str) -> tuple[Quote, ...]:
    """Every piece of writing that a statement tells of, in its order, without the stops around it."""
    found: list[Quote] = []
    for pattern in (_MARKED, _SINGLE, _UNMARKED, _NUMBER):
        for match in pattern.finditer(statement):
            group = match.lastindex or 0
            quote = _stripped(match.group(group), match.start(group)) if group else None
            if quote and all(quote.end <= other.start or quote.start >= other.end for other in found):
                found.append(quote)
    return tuple(sorted(found, key=lambda quote: quote.start))


def _stripped(text: str, start: int) -> Quote | None:
    """The words without stops and spaces around them; None where no letter or digit is left."""
    bare = text.strip(_AROUND)
    start += text.index(bare) if bare else 0
    return Quote(bare, start, start + len(bare)) if any(map(str.isalnum, bare)) else None


def read_otherwise(one: str, other: str) -> tuple[str, str] | None:
    """Two pieces of writing, one of each statement, that are nearly alike: one sign that was read in two ways.

    None where a statement quotes nothing, where a piece is part of the other, and where both have a piece in common.
    """
    pieces, others = _writings(one), _writings(other)
    if not pieces or not others or _shared(pieces, others):
        return None
    pairs = ((pieces[mine], others[theirs]) for mine in pieces for theirs in others if is_near(mine, theirs))
    return next(pairs, None)


def quote_the_same(one: str, other: str) -> bool:
    """Whether both statements quote a piece of writing, or one of them a part of it."""
    return _shared(_writings(one), _writings(other))


def quotes_as_much(fuller: str, other: str) -> bool:
    """Whether every word of writing that one statement quotes is quoted by a fuller one: "SALES" is not "SALE"."""
    return _quoted_words(other) <= _quoted_words(fuller)


def is_part_of_writing(part: str, whole: str) -> bool:
    """Whether both say nothing but what is written, and one only a part of it."""
    if not (tells_only_of_writing(part) and tells_only_of_writing(whole)):
        return False
    mine, theirs = ("".join(_writings(one)) for one in (part, whole))
    return mine != theirs and mine in theirs


def _quoted_words(statement: str) -> set[str]:
    return {plain(word) for text in _writings(statement).values() for word in text.split()} - {""}


def tell_of_two_writings(one: str, other: str) -> bool:
    """Whether both statements quote, and nothing that one of them quotes is in the other, or nearly."""
    pieces, others = _writings(one), _writings(other)
    if not pieces or not others or _shared(pieces, others):
        return False
    return not any(is_near(mine, theirs) for mine in pieces for theirs in others)


@lru_cache(maxsize=4096)
def _writings(statement: str) -> dict[str, str]:
    """What a statement quotes, as it is compared -> as it stands there."""
    return {plain(quote.text): quote.text for quote in quotes_of(statement)}


def _shared(pieces: Iterable[str], others: Iterable[str]) -> bool:
    return any(mine in theirs or theirs in mine for mine in pieces for theirs in others)


def is_near(one: str, other: str) -> bool:
    """Whether two pieces of writing, as they are compared, may be one that was read in two ways."""
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= _NEAR


def tells_of_writing(statement: str) -> bool:
    """Whether the statement says that what it quotes is written in the picture; quotation marks alone may be irony."""
    return bool(_CUE.search(statement))


def denies_writing(statement: str) -> bool:
    """Whether the statement says that there is no text at all: "The image does not contain any text." """
    return bool(_NO_TEXT.search(statement))


def tells_only_of_writing(statement: str) -> bool:
    """Whether a statement quotes writing, and says nothing but that it is there."""
    quotes = quotes_of(statement)
    return bool(quotes) and is_all_about(statement, quotes)


def is_all_about(statement: str, quotes: tuple[Quote, ...]) -> bool:
    """Whether the statement says of the writing only that it is there: 'The text "EXIT" is visible.'"""
    rest = statement
    for quote in reversed(quotes):
        rest = rest[: quote.start] + rest[quote.end :]
    words = re.findall(r"[a-z]+", rest.lower())
    return all(word in _BARE for word in words)


_BARE = word_set(
    """
    the a an there is are it text texts word words letter letters number numbers writing reads read says say that
    visible written printed seen displayed shown can be sign in on image picture photo and with which
    """
)
