"""JSON out of a model's answer, whatever stands around it."""

from __future__ import annotations

import json
import re
from typing import Any

from .clean import strip_machinery

_FENCED = re.compile(r"```(?:json|JSON)?\s*(.*?)```", re.DOTALL)
_LIMIT = 65536  # characters; an answer of 512 tokens has about 2,000


class UnreadableAnswer(ValueError):
    """An answer in which no JSON object can be found."""


def read_object(text: str) -> dict[str, Any]:
    """The JSON object in an answer: fences, a preamble, trailing text, single quotes and a cut-off end are tolerated.

    Where several objects stand in the answer, the longest one that parses. UnreadableAnswer where there is none.
    """
    fenced = _FENCED.findall(text[:_LIMIT])
    for candidate in (*fenced, strip_machinery(text[:_LIMIT])):
        found = _strict_object(candidate)
        if found is None:
            found = _repaired_object(candidate)
        if found:
            return found
    raise UnreadableAnswer("The answer holds no JSON object.")


def _strict_object(text: str) -> dict[str, Any] | None:
    """The longest well-formed object in the text, or None."""
    decoder = json.JSONDecoder()
    best: tuple[int, dict[str, Any]] | None = None
    start = text.find("{")
    while start >= 0:
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            start = text.find("{", start + 1)
            continue
        if isinstance(value, dict) and (best is None or end - start > best[0]):
            best = (end - start, value)
        start = text.find("{", end)
    return best[1] if best else None


def _repaired_object(text: str) -> dict[str, Any] | None:
    """The object that a repair of the text yields: from its first brace on."""
    import json_repair

    start = text.find("{")
    if start < 0:
        return None
    try:
        value = json_repair.loads(text[start:], skip_json_loads=True)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list):  # trailing text makes the repair see several values
        value = next((item for item in value if isinstance(item, dict)), None)
    return value if isinstance(value, dict) else None
