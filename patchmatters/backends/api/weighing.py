"""How likely words are as an answer, read from the log-probabilities that chat completions give.

A server lists the likeliest tokens at each place of its answer. A word has several forms ("yes", " Yes", "YES.") and
may be several tokens long ("te" of "teal"): a token that only one of the words begins with counts for that word.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...models import LEAST
from .shapes import items, mapping

# Blanks, quotes, stars, full stops, and the marks of tokenizers for a blank and a line's end, which count as letters.
_AROUND = re.compile(r"[\W_\u0120\u010a]+")
_BEHIND_THOUGHTS = re.compile(r"(?s).*</\w*think\w*>")


@dataclass(frozen=True)
class Place:
    """A token of an answer, and the likeliest tokens there with their log-probabilities; the chosen one may be
    among them."""

    token: str
    likeliest: tuple[tuple[str, float], ...]


def places_of(logprobs: Any) -> tuple[Place, ...]:
    """The places of a choice's `logprobs`, of a whole answer or of a piece of a stream; empty for anything else.

    The form is that of OpenAI's chat completions, or of the older text completions, in which some servers answer.
    """
    found = mapping(logprobs)
    if found.get("content"):
        return tuple(_place(mapping(one)) for one in items(found["content"]))
    tokens, tops = items(found.get("tokens")), items(found.get("top_logprobs"))
    return tuple(
        Place(token, tuple(_pairs(mapping(top).items())))
        for token, top in zip(tokens, tops, strict=False)
        if isinstance(token, str)
    )


def _place(entry: Mapping[str, Any]) -> Place:
    tops = [mapping(top) for top in items(entry.get("top_logprobs"))]
    token = entry.get("token")
    return Place(
        token if isinstance(token, str) else "", tuple(_pairs((top.get("token"), top.get("logprob")) for top in tops))
    )


def _pairs(values: Any) -> list[tuple[str, float]]:
    return [
        (token, float(value))
        for token, value in values
        if isinstance(token, str) and isinstance(value, (int, float)) and not math.isnan(value)
    ]


def probabilities_of(words: Sequence[str], text: str, places: Sequence[Place]) -> tuple[float, ...]:
    """How likely each word is as the answer, 0 to 1; empty where no likeliest tokens were given.

    Read at the first place of the answer, behind what was thought, at which the words have a part worth the name;
    where there is none, at the answer's first place.
    """
    weighed = [_weights(words, place) for place in _of_answer(text, places) if place.likeliest]
    return next(filter(decided, weighed), weighed[0]) if weighed else ()


def decided(probabilities: Sequence[float]) -> bool:
    """Whether words have a part in what the model would answer at all."""
    return sum(probabilities) >= LEAST


def _of_answer(text: str, places: Sequence[Place]) -> Sequence[Place]:
    """The places from which on the tokens are the text; servers list those of thoughts that they cut off as well."""
    said = _BEHIND_THOUGHTS.sub("", text).strip()
    written = "".join(place.token for place in places)
    start = written.rfind(said)
    if not said or start < 0:
        return places
    behind = 0
    for number, place in enumerate(places):
        behind += len(place.token)
        if behind > start:
            return places[number:]
    return places


def _weights(words: Sequence[str], place: Place) -> tuple[float, ...]:
    found = [0.0] * len(words)
    for token, value in place.likeliest:
        number = _begun(token, words)
        if number is not None:
            found[number] += math.exp(min(value, 0.0))
    return tuple(min(one, 1.0) for one in found)


def _begun(token: str, words: Sequence[str]) -> int | None:
    """The number of the only word that a token can be the beginning of, or all of."""
    plain = _AROUND.sub("", token).casefold()
    mine = [number for number, word in enumerate(words) if plain and _AROUND.sub("", word).casefold().startswith(plain)]
    return mine[0] if len(mine) == 1 else None
