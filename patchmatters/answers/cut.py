"""The end of an answer that its token limit cut off."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..language.sentences import FUNCTION_WORDS, words

_TERMINAL = tuple(".!?\u2026\u3002\uff01\uff1f")
_CLOSERS = "\"')\u201d\u2019]\u300d\u300f\uff09*_`"
_CLAUSE = re.compile(r"[,;\uff0c\uff1b\u3001](?=[^,;\uff0c\uff1b\u3001]*\Z)")
_NUMBER_ONLY = re.compile(r"\W*\d{0,3}\W*\Z")


def is_finished(sentence: str) -> bool:
    """Whether a sentence has its end."""
    return sentence.rstrip(_CLOSERS + " ").endswith(_TERMINAL)


def without_cut_end(sentences: Sequence[str], *, cut: bool) -> list[str]:
    """The sentences without a last one that was cut off.

    Of an answer that is known to be cut, that is a last sentence without its end; of its only one, what stands before
    its last comma is kept. Of any other answer it is a sentence that breaks off at a word that never ends one.
    """
    kept = list(sentences)
    while kept and _NUMBER_ONLY.match(kept[-1]):
        kept.pop()
    if not kept or is_finished(kept[-1]):
        return kept
    if len(kept) > 1 and (cut or _breaks_off(kept[-1])):
        return kept[:-1]
    if not cut:
        return kept
    clause = _CLAUSE.search(kept[0])
    return [kept[0][: clause.start()].rstrip()] if clause and len(words(kept[0][: clause.start()])) > 2 else []


def fragment_of(sentence: str) -> str:
    """The beginning of a sentence that was cut off, up to a word that may end one; the last word may be half of one."""
    said = sentence.split()
    said = said[:-1] if len(said) > 1 else said
    while len(said) > 1 and words(said[-1])[-1:] and words(said[-1])[-1] in _NEVER_LAST:
        said.pop()
    return " ".join(said).rstrip(" ,;:-(")


def text_before_cut(text: str) -> str:
    """A cut answer as it came, without the sentence that its limit cut off.

    Unchanged where no sentence ended, and where it is JSON, which shows by itself what is not whole.
    """
    if "{" in text or text.lstrip().startswith("["):
        return text
    ends = [
        found.end()
        for found in re.finditer(
            r"[.!?\u2026\u3002\uff01\uff1f][\"')\u201d\u2019\]]*(?=\s|\Z|<|(?<=[\u3002\uff01\uff1f]))",
            text,  # "<": an end token
        )
    ]
    return text[: ends[-1]] if ends else text


def _breaks_off(sentence: str) -> bool:
    last = words(sentence)[-1:]
    return sentence.rstrip().endswith((",", ":", ";", "\uff0c", "-", "(")) or bool(last and last[0] in _NEVER_LAST)


_NEVER_LAST = FUNCTION_WORDS - frozenset(
    [
        "it",
        "them",
        "him",
        "her",
        "us",
        "me",
        "there",
        "here",
        "off",
        "out",
        "up",
        "down",
        "near",
        "by",
        "on",
        "in",
        "over",
        "under",
        "across",
        "along",
        "around",
        "behind",
        "beside",
        "below",
        "above",
        "between",
        "through",
        "about",
        "inside",
        "outside",
        "before",
        "after",
        "too",
        "well",
        "also",
        "very",
        "away",
        "so",
        "not",
        "no",
        "more",
        "most",
        "all",
        "each",
        "other",
        "another",
        "one",
        "some",
        "any",
        "both",
        "himself",
        "herself",
        "itself",
        "themselves",
        "mine",
        "yours",
        "hers",
        "theirs",
        "that",
        "this",
        "those",
        "these",
    ]
)
