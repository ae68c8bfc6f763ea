"""Where the cleaning of answers was until 0.2 (it is `patchmatters.answers` now), for scripts that still ask here."""

from __future__ import annotations

from ..answers import read_answer
from ..answers.refusals import is_refusal

__all__ = ["clean_answer", "is_refusal", "strip_machinery"]


def clean_answer(text: str) -> str:
    """The description that an answer holds; "" where it holds none."""
    return read_answer(text).text


strip_machinery = clean_answer  # what it left in, headings and lead-ins, nobody asked for
