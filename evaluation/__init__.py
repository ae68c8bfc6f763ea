"""Does the method tell more and invent less, and what does each stage earn?

    python -m evaluation                      the tables of drawn worlds, whose truth is known; --simulated usual
    python -m evaluation.tables.limits        where the method stops helping
    python -m evaluation.tables.witnesses     what witnesses bring
    python -m evaluation.bank                 captions as real models write them, labelled sentence by sentence
    python -m evaluation.bank.conflicts       planted contradictions
    python -m evaluation.score                your own captions against references, pictures and objects
    python -m evaluation.training             trains the miniatures again

`worlds` are drawn, `players` caption and score them, `judge` reads what was said, `tables` count it.
"""

from __future__ import annotations

import sys
from types import TracebackType


def _said(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A package that is not there ends a command in a sentence: some are imported before any command could catch it."""
    if not isinstance(error, ModuleNotFoundError):
        sys.__excepthook__(kind, error, trace)
        return
    sys.stderr.write(
        f"This needs the Python package {error.name}: install it, or use the Python of .venv-test, which "
        "scripts/test.py makes.\n"
    )


def say_what_is_missing() -> None:
    """For the packages of commands; it leaves alone who only imports them."""
    if sys.argv[:1] == ["-m"]:  # what Python calls a command until it has found it
        sys.excepthook = _said


say_what_is_missing()
