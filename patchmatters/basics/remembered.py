"""What is found in a short text, kept: every stage asks again about the same few statements."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

SHORT = 2000  # characters: what is longer is no statement, and would fill the memory
Found = TypeVar("Found")


def remembered(maxsize: int, longest: int = SHORT) -> Callable[[Callable[[str], Found]], Callable[[str], Found]]:
    """A function of one text that finds what it finds only once in texts of up to `longest` characters.

    What it finds must not be changed by anybody.
    """

    def deciding(find: Callable[[str], Found]) -> Callable[[str], Found]:
        kept = lru_cache(maxsize)(find)

        @wraps(find)
        def found(text: str) -> Found:
            return kept(text) if len(text) <= longest else find(text)

        return found

    return deciding
