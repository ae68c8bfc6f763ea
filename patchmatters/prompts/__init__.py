"""The instructions, one text file each, so that they can be read and improved without touching code."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def instruction(name: str) -> str:
    """The text of `prompts/<name>.txt` without surrounding white space."""
    return (Path(__file__).parent / f"{name}.txt").read_text(encoding="utf-8").strip()
