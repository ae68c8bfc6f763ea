"""Sentences as an image model wants them: the thing first, and no words about the picture as a picture."""

from __future__ import annotations

import re

from .tags import tags_of

_FRAME = r"(?:image|picture|photo|photograph|snapshot|scene|view|shot|frame|crop|close-up|closeup)"
_SHOWS = r"(?:shows|depicts|features|displays|captures|presents|portrays|contains|includes|focuses on|is of)"
_CLOSE = r"(?:cropped|close-up|close|detailed|partial)"
_STEPS = (  # in this order
    (re.compile(rf"\A(?:this|the) (?:cropped )?{_FRAME} {_SHOWS} ", re.IGNORECASE), ""),
    (re.compile(rf"\A(?:a|an|the|this) (?:{_CLOSE} )*{_FRAME} of ", re.IGNORECASE), ""),
    (re.compile(rf"\A(?:in|within) (?:this|the) {_FRAME},? ?", re.IGNORECASE), ""),
    (re.compile(rf",? (?:in|within|of) (?:this|the) {_FRAME}(?=\s*(?:[.,;:!?]|\Z))", re.IGNORECASE), ""),
    (re.compile(r",? (?:is |are )?(?:partially |partly |clearly )?visible(?=\s*(?:[.;!?]|\Z))", re.IGNORECASE), ""),
    (re.compile(r",? (?:is |are )?(?:cut off|cropped)(?: (?:by|at) the (?:edge|frame|border))?(?=[.;]|\Z)"), ""),
    (re.compile(r"\A(?:we|you) can see ", re.IGNORECASE), ""),
)
_CONTROLS = dict.fromkeys(range(32), " ") | {0x7F: " "}


def plain(text: str) -> str:
    """The text on one line, without control characters."""
    return " ".join(text.translate(_CONTROLS).split())


def without_frame(text: str) -> str:
    """A sentence without words about the picture or the crop: "The image shows a dog." -> "A dog."

    A text that says nothing else stays as it is.
    """
    bare = plain(text)
    for pattern, replacement in _STEPS:
        bare = pattern.sub(replacement, bare)
    bare = bare.strip(" ,;:")
    return bare[:1].upper() + bare[1:] if any(map(str.isalnum, bare)) else plain(text)


def noun_first(text: str) -> str:
    """The phrases of a sentence with the thing first: "There is a red car in the picture." -> "red car"."""
    return ", ".join(tags_of(without_frame(text))) or plain(text)


def shortened(text: str, words: int) -> str:
    """The text's first `words` words, cut at a mark where there is one in its second half."""
    found = text.split(" ")
    if len(found) <= words:
        return text
    kept = found[:words]
    ends = [number for number in range(words // 2, words) if kept[number].endswith((".", ",", ";"))]
    return " ".join(kept[: ends[-1] + 1] if ends else kept).rstrip(",;")


def same_words(text: str) -> str:
    """What two texts that say the same in the same words have in common."""
    return " ".join(re.findall(r"\w+", text.casefold()))
