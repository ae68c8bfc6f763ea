"""JSON out of a model's answer, whatever stands around it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from .clean import strip_machinery

_FENCED = re.compile(r"```(?:json|JSON)?\s*(.*?)```", re.DOTALL)
_ATTEMPTS = 100  # braces from which well-formed JSON is tried: a text of braces only must not take minutes
_REPAIRS = 3  # braces from which a repair is tried
_LIMIT = 65536  # characters; an answer of 512 tokens has about 2,000


class UnreadableAnswer(ValueError):
    """An answer in which no JSON object can be found."""


def read_object(text: str, keys: Collection[str]) -> dict[str, Any]:
    """The JSON object in an answer that has any of these keys, as it is or repaired.

    Fences, a preamble, trailing text, single quotes, small damage and a cut-off end are tolerated. Of several objects
    the longest well-formed one. UnreadableAnswer where there is none.
    """
    fenced = _FENCED.findall(text[:_LIMIT])
    candidates = (*fenced, strip_machinery(text[:_LIMIT]))
    for attempt in (_well_formed, _repaired):
        for candidate in candidates:
            found = [value for value in attempt(candidate) if not value.keys().isdisjoint(keys)]
            if found:
                return max(found, key=lambda value: len(repr(value)))
    raise UnreadableAnswer(f"The answer holds no JSON object with {', '.join(sorted(keys))}.")


def _well_formed(text: str) -> Iterator[dict[str, Any]]:
    """The well-formed objects of a text that do not lie within one another."""
    decoder = json.JSONDecoder()
    start = text.find("{")
    for _ in range(_ATTEMPTS):
        if start < 0:
            return
        try:
            value, end = decoder.raw_decode(text, start)
        except RecursionError:  # nothing but braces: every later one is as deep
            return
        except ValueError:
            end = start + 1
        else:
            yield value
        start = text.find("{", end)


def _repaired(text: str) -> Iterator[dict[str, Any]]:
    """What a repair makes of the text from its first braces on."""
    import json_repair

    starts = [match.start() for match in itertools.islice(re.finditer(r"\{", text), _REPAIRS)]
    for start in starts:
        try:
            value = json_repair.loads(text[start:], skip_json_loads=True)
        except (ValueError, RecursionError):
            continue
        yield from (item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict))
