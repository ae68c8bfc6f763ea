"""Sentences as comma-separated phrases, for models that were trained on tags."""

from __future__ import annotations

import re

from ..language.sentences import split_sentences

_COPULA = r"(?:is|are|was|were)"
_STEPS = (  # in this order: what a phrase does not need
    (re.compile(rf"^(?:There|there) {_COPULA} "), ""),
    (re.compile(rf"^(?:It|They|He|She|it|they|he|she) {_COPULA} "), ""),
    (re.compile(rf" (?:who|which|that) {_COPULA}\b"), ""),
    (re.compile(rf" {_COPULA}\b(?! of\b)"), ""),
    (re.compile(r"^(?:A|An|The|a|an|the) "), ""),
    (re.compile(r"(?<=[ (])(?:a|an|the) "), ""),
)
_BREAK = re.compile(r"[,;:](?=\s)|[\uff0c\uff1b\uff1a\u3001]")
_LAST = ".!,;:\u3002\uff01\uff0c\uff1b\uff1a\u3001"


def tags_of(text: str) -> list[str]:
    """The phrases of one or more sentences, without articles, copulas and full stops; negations stay.

    "There is a red car; the sky is clear." -> ["red car", "sky clear"]. Nothing is reworded.
    """
    pieces = [piece for sentence in split_sentences(text) for piece in _BREAK.split(sentence)]
    return [tag for piece in pieces if (tag := _tag(piece.strip().rstrip(_LAST)))]


def _tag(piece: str) -> str:
    for pattern, replacement in _STEPS:
        piece = pattern.sub(replacement, piece)
    return re.sub(r"^(?:and|or) ", "", piece).strip()
