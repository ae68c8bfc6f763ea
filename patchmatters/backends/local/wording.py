"""What a model's own code raises, as a sentence that names the model and says what to install or change.

Processors, templates and models of a hundred families fail in as many ways: a package that is missing, a value that a
folder lacks, a version that does not fit. This is the boundary to all of them, so that it catches whatever they raise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_MISSING = re.compile(r"requires the (\w[\w.-]*) library|No module named '([\w-]+)|requires? (?:the package )?`(\w+)`")
_REMEDIES: Sequence[tuple[type[BaseException], str]] = (
    (ImportError, "install the package that it names, or choose another model"),
    (MemoryError, "close other programs, or choose a smaller model"),
    (
        Exception,
        "its small files (config.json, processor_config.json, chat_template.jinja ...) lack something or belong to "
        "another version. Download them again, install the newest transformers, or choose another model",
    ),
)


@contextmanager
def in_words(model: str, part: str) -> Iterator[None]:
    """Whatever the `part` of a model raises becomes a RuntimeError; lack of memory is left to who makes batches."""
    from .batches import is_out_of_memory

    try:
        yield
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise RuntimeError(sentence(model, part, error)) from error


def name_of(model: Any) -> str:
    """What a module of transformers is called: the folder that it came from."""
    return last_part(getattr(getattr(model, "config", None), "name_or_path", "")) or type(model).__name__


def last_part(path: str) -> str:
    return Path(path).name


def sentence(model: str, part: str, error: BaseException) -> str:
    """The model, what went wrong in which part, and what to do."""
    told = f"{error} {error.__cause__ or ''}"
    found = _MISSING.search(told)
    if found:
        package = next(filter(None, found.groups())).lower()
        return f'The {part} of {model} needs the package {package}: run "pip install {package}", and start again.'
    remedy = next(remedy for kind, remedy in _REMEDIES if isinstance(error, kind))
    return f"The {part} of {model} failed ({_first_line(error)}): {remedy}."


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().split("\n")
    return f"{type(error).__name__}: {lines[0][:200].rstrip('.')}" if lines[0] else type(error).__name__
