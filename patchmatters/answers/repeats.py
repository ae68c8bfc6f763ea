"""Endless repetition: the loops that a model falls into, within a sentence and between sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..language.sentences import FUNCTION_WORDS, words

_LONGEST_PERIOD = 32  # words or signs; longer loops are whole sentences nearly always
_TOKEN = re.compile(r"\S+")
_DENSE_WORD = re.compile(r"[^\x00-\u2fff\s]\S{5,}|\S{60,}")  # Chinese or Japanese, or a word that is too long to be one
_NUMBER = re.compile(r"\A\W*\d{1,3}[.)]\s+")


def without_loops(sentence: str) -> str:
    """The sentence with what is said three times in a row (a single word: four times) said once.

    Text without blanks is read sign by sign, and a single sign may stand three times.
    """
    found = list(_TOKEN.finditer(sentence))
    spans = [(one.start(), one.end()) for one in found]
    keys = [one.group().lower().strip(".,;:!?\"'()") or one.group() for one in found]
    kept = _outside_loops(keys, _copies_of_words)
    if len(kept) < len(keys):
        return without_loops(_joined(sentence, spans, kept))
    return _DENSE_WORD.sub(lambda word: _without_dense_loops(word.group()), sentence)


def without_repeats(sentences: Sequence[str]) -> list[str]:
    """Each sentence once, in the order of its first appearance; case, punctuation and list numbers do not count."""
    seen: set[tuple[str, ...]] = set()
    fresh = []
    for sentence in sentences:
        key = tuple(words(_NUMBER.sub("", sentence)))
        if key and key not in seen:
            seen.add(key)
            fresh.append(sentence)
    return fresh


def _joined(sentence: str, spans: Sequence[tuple[int, int]], kept: Sequence[int]) -> str:
    """The kept words, with the sentence's own end where its last word went."""
    said = [sentence[spans[index][0] : spans[index][1]] for index in kept]
    while len(said) > 1 and kept[-1] + 1 < len(spans) and said[-1].lower() in FUNCTION_WORDS:
        said.pop()  # "a hat on top of": what leads back into the loop
    text = " ".join(said).rstrip(" ,;:")
    end = re.search(r"[.!?\u2026]+[\"'\u201d)]*\Z", sentence)
    return text if not end or text.endswith(end.group()) else text + end.group()


def _without_dense_loops(word: str) -> str:
    kept = _outside_loops(list(word), _copies_of_signs)
    return "".join(word[index] for index in kept)


def _copies_of_words(period: int) -> int:
    return 4 if period == 1 else 3


def _copies_of_signs(period: int) -> int:
    return {1: 6, 2: 4, 3: 4}.get(period, 3)


def _outside_loops(keys: Sequence[str], copies: Callable[[int], int]) -> list[int]:
    """The indices that remain when every loop is one copy of what it repeats, short periods first."""
    indices = list(range(len(keys)))
    again = len(keys) - len(set(keys)) + 1  # keys that another one equals; the last may be cut off and still be one
    for period in range(1, min(_LONGEST_PERIOD, len(keys) // 3) + 1):
        if again >= period * (copies(period) - 1):
            indices = _without_period(keys, indices, period, copies(period))
    return indices


def _without_period(keys: Sequence[str], indices: list[int], period: int, copies: int) -> list[int]:
    """Cut runs in which each key equals the one `period` before it, if they hold so many copies."""
    kept: list[int] = []
    run = 0  # how many keys in a row equal their predecessor
    for position, index in enumerate(indices):
        same = position >= period and _equal(
            keys[index], keys[indices[position - period]], position + 1 == len(indices)
        )
        if not same:
            run = 0
        kept.append(index)
        run += same
        if run >= period * (copies - 1) and _ends_run(keys, indices, position, period):
            del kept[-run:]
            run = 0
    return kept


def _equal(key: str, earlier: str, is_last: bool) -> bool:
    """Whether a key says the earlier one again; the last one may have been cut off within."""
    return key == earlier or (is_last and earlier.startswith(key))


def _ends_run(keys: Sequence[str], indices: Sequence[int], position: int, period: int) -> bool:
    following = position + 1
    if following == len(indices):
        return True
    is_last = following + 1 == len(indices)
    return not _equal(keys[indices[following]], keys[indices[following - period]], is_last)
