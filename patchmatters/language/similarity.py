"""How alike two statements are, by their words. Sentence embeddings are in `patchmatters.language.embeddings`.

A similarity cannot tell a contradiction from a paraphrase: "the bus is red" and "the bus is blue" are alike. So each
one carries two thresholds, calibrated for it, and `patchmatters.language.conflict` tells the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol, runtime_checkable

from ..basics.remembered import remembered
from .chinese import is_chinese
from .morphology import word_set
from .reading import LONGEST, read, values_of
from .sentences import FUNCTION_WORDS, content_words, words
from .vocabulary import CONCEPTS, FILLERS


@runtime_checkable
class Similarity(Protocol):
    """Measures how alike statements are.

    At `same` or more, without a conflict, two statements say the same in the same words; where their agreement reaches
    `agreed` they agree in other words, and from `told` on a caption that tells one need not tell the other. At `rival`
    or more, with a conflict, they contradict each other, and from `alike` on they are about one thing even where they
    name it differently. A statement is supported where other looks at the picture bear it out by `support` or more.
    """

    @property
    def same(self) -> float: ...

    @property
    def rival(self) -> float: ...

    @property
    def alike(self) -> float: ...

    @property
    def agreed(self) -> float: ...

    @property
    def told(self) -> float: ...

    @property
    def support(self) -> float: ...

    def agreement(self, one: str, other: str, near: float) -> float:
        """How far two statements of the likeness `near` agree: 0 (not at all) to `agreed` and more."""
        ...

    def backing(self, statement: str, look: Sequence[str], near: float) -> float:
        """How far what a look says bears a statement out, 0 to 1; `near` is the likeness to the nearest of it."""
        ...

    def matrix(self, a: Sequence[str], b: Sequence[str]) -> list[list[float]]:
        """One row per statement of `a`, one column per statement of `b`: 0 (nothing in common) to 1 (the same)."""
        ...


_SHORT = 4  # content words beside those for places: with so few, each one tells one thing from another
_HELD = 0.95  # share of a short statement's words that one statement must have
_SIDES = word_set("top bottom left right center centre middle upper lower side corner part visible")


@remembered(1024)
def is_short(statement: str) -> bool:
    """Whether a statement says so little that any other word makes it another one ("A small red ring")."""
    return len(set(content_words(statement)) - _SIDES) <= _SHORT


def bears_out(statement: str, look: Sequence[str]) -> bool:
    """Whether one of a look's statements has all words of a short statement, places aside."""
    bare = _without_sides(statement)
    return any(containment(bare, said) >= _HELD for said in look)


@remembered(1024)
def _without_sides(statement: str) -> str:
    return " ".join(word for word in content_words(statement) if word not in _SIDES)


class Likeness:
    """How alike the statements of one picture are, every pair measured at once: embedding is dear one by one."""

    def __init__(self, similarity: Similarity, statements: Iterable[str]) -> None:
        self.similarity = similarity
        texts = list(dict.fromkeys(statements))
        self._number = {text: number for number, text in enumerate(texts)}
        self._matrix = similarity.matrix(texts, texts)

    def learn(self, statements: Iterable[str]) -> None:
        """Measure these as well, each against all."""
        fresh = [text for text in dict.fromkeys(statements) if text not in self._number]
        self._number |= {text: number for number, text in enumerate(fresh, len(self._number))}
        rows = self.similarity.matrix(fresh, list(self._number))
        for known, column in zip(self._matrix, zip(*rows, strict=True), strict=False):
            known.extend(column)
        self._matrix.extend(rows)

    def of(self, one: str, other: str) -> float:
        """The likeness of two of the statements, 0 to 1."""
        return self._matrix[self._number[one]][self._number[other]]

    def nearest(self, one: str, others: Iterable[str]) -> float:
        """The likeness of one of the statements to the nearest of some others; 0 where there are none."""
        row = self._matrix[self._number[one]]
        return max(map(row.__getitem__, map(self._number.__getitem__, others)), default=0.0)

    def row(self, one: str, others: Sequence[str]) -> list[float]:
        """The likeness of one of the statements to each of some others."""
        row = self._matrix[self._number[one]]
        return [row[self._number[other]] for other in others]


# --- by words ---------------------------------------------------------------------------------------------------

# Weights of a word: things and acts count fully; a value of an attribute little, so that rivals are alike; words such
# as "image" and "suggest" hardly.
_THING, _VALUE, _FILLER = 1.0, 0.35, 0.2
_SPREAD = 0.3  # how much the smaller statement's share counts beside the mean of both
_SAME_SUBJECT, _OTHER_SUBJECT = 0.15, 0.75
_EXCHANGED = 0.25  # weight in an agreement of what each has of the other's words
_CACHED = 4096


@dataclass(frozen=True, slots=True)
class _Profile:
    """A statement as sets of meanings, by weight; `weight` is their sum, `subject` and its `kinds` what it is about."""

    things: frozenset[str]
    values: frozenset[str]
    fillers: frozenset[str]
    weight: float
    subject: str
    kinds: frozenset[str]
    words: tuple[str, ...]


@lru_cache(maxsize=_CACHED)
def _profile(statement: str) -> _Profile:
    if is_chinese(statement):
        pairs = frozenset(content_words(statement))
        return _Profile(pairs, frozenset(), frozenset(), len(pairs) * _THING, "", frozenset(), tuple(words(statement)))
    reading = read(statement)
    content = [word for word in reading.lemmas if word not in _EMPTY]
    fillers = FILLERS.intersection(content)
    kinds = {kind for word in content if word not in fillers for kind in meaning_of(word)}
    values = frozenset(filter(_is_value, kinds))
    things = frozenset(kinds - values)
    weight = len(things) * _THING + len(values) * _VALUE + len(fillers) * _FILLER
    return _Profile(things, values, fillers, weight, reading.subject, reading.subject_kinds, reading.tokens)


@lru_cache(maxsize=8192)
def _is_value(kind: str) -> bool:
    return kind in _MARKERS or bool(values_of(kind))


_MARKERS = frozenset(("male", "female", "child"))
_EMPTY = FUNCTION_WORDS | frozenset(("be", "have", "do", "appear", "seem"))


class _Bits:
    """Sets of words as bits of one number each, because what two have in common is asked of every pair."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def of(self, found: Iterable[str]) -> int:
        places = self._places
        return sum(1 << places.setdefault(one, len(places)) for one in found)


class _Counted(NamedTuple):
    """A profile whose sets are bits."""

    profile: _Profile
    things: int
    values: int
    fillers: int


def _counted(profiles: Iterable[_Profile], bits: _Bits) -> list[_Counted]:
    return [_Counted(one, bits.of(one.things), bits.of(one.values), bits.of(one.fillers)) for one in profiles]


def _likeness(a: _Counted, b: _Counted) -> float:
    one, two = a.profile, b.profile
    if not one.weight or not two.weight:
        return float(one.words == two.words)
    common = (a.things & b.things).bit_count() * _THING + (a.values & b.values).bit_count() * _VALUE
    common += (a.fillers & b.fillers).bit_count() * _FILLER
    if not common:
        return 0.0
    mean = 2 * common / (one.weight + two.weight)
    alike = mean + _SPREAD * (common / min(one.weight, two.weight) - mean)
    if not one.subject or not two.subject:
        return alike
    if one.subject != two.subject or (one.kinds and two.kinds and one.kinds.isdisjoint(two.kinds)):
        return alike * _OTHER_SUBJECT  # a man and a woman who do the same are two people
    return alike + _SAME_SUBJECT * (1 - alike)


def _symmetric(statements: Sequence[_Counted]) -> list[list[float]]:
    """Every statement against every other; each pair is computed once."""
    matrix = [[0.0] * len(statements) for _ in statements]
    for row, one in enumerate(statements):
        for column, other in enumerate(statements[row:], row):
            matrix[row][column] = matrix[column][row] = _likeness(one, other)
    return matrix


@dataclass(frozen=True)
class LexicalSimilarity:
    """Words in common, weighted, with synonyms; needs nothing but this package.

    Symmetric, 1 for a statement and itself. `same` is calibrated on the pairs in `tests/data` and on the captions of
    `evaluation.bank.conflicts`, against the sentence embeddings; the others were chosen by `evaluation.bank`.
    """

    same: float = 0.72
    rival: float = 0.25
    alike: float = 0.25
    agreed: float = 0.41
    told: float = 0.36
    support: float = 0.38

    def agreement(self, one: str, other: str, near: float) -> float:
        """The likeness, and what the statement with more to tell has of its words in the other."""
        return near + _EXCHANGED * min(shares(one, other))

    def backing(self, statement: str, look: Sequence[str], near: float) -> float:
        """The mean of the likeness to the nearest statement of a look and of the share of words that the look has."""
        return (near + share_within(statement, meanings(look))) / 2

    def matrix(self, a: Sequence[str], b: Sequence[str]) -> list[list[float]]:
        """One row per statement of `a`, one column per statement of `b`, 0 to 1."""
        bits = _Bits()
        columns = _counted((_profile(text[:LONGEST]) for text in b), bits)
        if a is b:
            return _symmetric(columns)
        rows = _counted((_profile(text[:LONGEST]) for text in a), bits)
        return [[_likeness(row, column) for column in columns] for row in rows]


def containment(a: str, b: str | Sequence[str]) -> float:
    """The share of the content words of `a` that `b` contains, 0 to 1, with the same synonyms as the similarity.

    `b` is one text or several taken together. A man is a person, but a person need not be a man. A statement without
    content words is contained where all its words are; an empty one never is.
    """
    if _wanted(a):
        return share_within(a, _meanings(b) if isinstance(b, str) else meanings(b))
    bare = set(words(a))
    return float(bool(bare) and bare <= {word for text in ((b,) if isinstance(b, str) else b) for word in words(text)})


def share_within(statement: str, meant: frozenset[str]) -> float:
    """The share of a statement's content words that are among these meanings, 0 to 1; 0 of one without any."""
    wanted = _wanted(statement)
    found = 0.0
    for kinds in wanted:  # not as a sum of an expression: this is the innermost loop of all
        if kinds <= meant:
            found += 1
        elif len(kinds) > 1:
            found += len(kinds & meant) / len(kinds)
    return found / len(wanted) if wanted else 0.0


@remembered(_CACHED, LONGEST)
def _wanted(statement: str) -> tuple[frozenset[str], ...]:
    return tuple(map(meaning_of, content_words(statement)))


def meanings(texts: Sequence[str]) -> frozenset[str]:
    """What the content words of texts mean, taken together."""
    texts = tuple(texts)
    return _united(texts) if sum(map(len, texts)) <= LONGEST else _united_of(texts)


def _united_of(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset().union(*map(_meanings, texts))


_united = lru_cache(maxsize=256)(_united_of)  # a caption in the making is asked about once for each candidate


def shares(one: str, other: str) -> tuple[float, float]:
    """The share of the content words of each statement that the other contains."""
    return containment(one, other), containment(other, one)


@lru_cache(maxsize=8192)
def meaning_of(word: str) -> frozenset[str]:
    """What a word in base form means to others: a woman is a person and female."""
    return frozenset(CONCEPTS.get(word, (word,)))


@remembered(_CACHED, LONGEST)
def _meanings(text: str) -> frozenset[str]:
    return frozenset().union(*map(meaning_of, content_words(text)))
