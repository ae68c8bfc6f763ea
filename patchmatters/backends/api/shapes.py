"""Reading JSON that may be anything: what has another shape than was expected is as good as nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def mapping(value: Any) -> Mapping[str, Any]:
    """The value as an object; an empty one where it is something else. SDK models become plain objects."""
    plain = value.to_dict() if hasattr(value, "to_dict") else value
    return plain if isinstance(plain, Mapping) else {}


def items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def text(value: Any) -> str:
    """A string; of content parts, their texts: a list of strings and objects, or one object."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return text(value["text"]) if isinstance(value.get("text"), str) else ""
    return "".join(map(text, items(value)))


def count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
