"""JSON out of a model's answer, whatever stands around it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from ..language.sentences import words
from .turns import said_of
from .wrappers import plain_signs, without_preamble

_FENCED = re.compile(r"```(?:json|JSON|python|text)?[ \t]*\n?(.*?)(?:```|\Z)", re.DOTALL)
_BEGINS = re.compile(r"\s*(?:\{\s*[\"'\w]|\[\s*[\"'{\[])")
_LANGUAGE = re.compile(r"\Ajson\s*\n\s*", re.I)  # of a fence that went
_ATTEMPTS = 100  # braces from which well-formed JSON is tried: a text of braces only must not take minutes
_REPAIRS = 3  # braces from which a repair is tried
_LIMIT = 65536  # characters; an answer of 512 tokens has about 2,000


class UnreadableAnswer(ValueError):
    """An answer in which no JSON object can be found."""


def read_object(text: str, keys: Collection[str]) -> dict[str, Any]:
    """The JSON object in an answer that has any of these keys, as it is or repaired.

    Thoughts with their drafts, fences, a preamble, trailing text, single quotes and small damage are tolerated. Of an
    object that was cut off, what stands whole before the cut. Of several objects the longest well-formed one.
    UnreadableAnswer where there is none.
    """
    said = said_of(plain_signs(text[:_LIMIT]), prose=False).text
    candidates = (*_FENCED.findall(said), said)
    for attempt in (_well_formed, _mended):
        for candidate in candidates:
            found = [value for value in attempt(candidate) if not value.keys().isdisjoint(keys)]
            if found:
                return max(found, key=lambda value: len(repr(value)))
    raise UnreadableAnswer(f"The answer holds no JSON object with {', '.join(sorted(keys))}.")


def read_value(text: str) -> tuple[Any, bool]:
    """The object or list that an answer is instead of prose, and whether it is whole.

    Of one that was cut off the last string is there as far as it goes.

    UnreadableAnswer where the answer is prose, which may hold brackets.
    """
    fenced = _FENCED.search(text)
    for candidate in (fenced[1] if fenced else "", without_preamble(text), text):
        body = _LANGUAGE.sub("", candidate.strip())
        if _BEGINS.match(body) and (value := _value(body)) is not None:
            return value, _closed(body) is None and body.endswith(("}", "]"))
    raise UnreadableAnswer("The answer is no JSON.")


def _value(body: str) -> Any:
    try:
        value, end = json.JSONDecoder(strict=False).raw_decode(body)
    except (ValueError, RecursionError):
        value, end = _repaired_value(body), len(body)
    behind = len(words(body[end:]))
    return value if isinstance(value, (dict, list)) and value and behind <= len(words(body[:end])) else None


def _repaired_value(body: str) -> Any:
    import json_repair

    try:
        return json_repair.loads(body, skip_json_loads=True)
    except (ValueError, RecursionError):
        return None


_OPENS = {"{": "}", "[": "]"}


def _mended(text: str) -> Iterator[dict[str, Any]]:
    """The objects of a damaged text; of one that is cut off, what stands whole before the cut."""
    start = text.find("{")
    closed = _closed(text[start:]) if start >= 0 else None
    if closed is None:
        yield from _repaired(text)
    elif closed:
        found = list(_well_formed(closed))
        yield from found or _repaired(closed)


def _closed(text: str) -> str | None:
    """An unfinished object up to its last whole value, with the brackets that it lacks; None for a finished one."""
    stack: list[str] = []
    whole, brackets = 0, ""
    position, is_value = 0, False
    while position < len(text):
        sign = text[position]
        if sign in _OPENS:
            stack.append(_OPENS[sign])
            is_value = sign == "["
        elif stack and sign == stack[-1]:
            stack.pop()
            whole, brackets = position + 1, "".join(reversed(stack))
            if not stack:
                return None
        elif sign in "\"'":
            position = _end_of_string(text, position)
            if position < 0:
                break
            if is_value:
                whole, brackets = position + 1, "".join(reversed(stack))
        elif sign in ":,":
            is_value = sign == ":" or (bool(stack) and stack[-1] == "]")
        position += 1
    return text[:whole] + brackets if whole else ""


_STRING_END = re.compile(r"\s*(?:[,:}\]])")


def _end_of_string(text: str, start: int) -> int:
    """The place of the quotation mark that ends the string begun at `start`; -1 where it has no end."""
    quote = text[start]
    position = start + 1
    while position < len(text):
        if text[position] == "\\":
            position += 1
        elif text[position] == quote and _STRING_END.match(text, position + 1):
            return position
        position += 1
    return -1


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
