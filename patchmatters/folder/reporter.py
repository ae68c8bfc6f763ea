"""Telling how far a run is: a bar on a terminal with notes above it, one line a picture in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, TextIO

from ..jobs.rows import Row


class Reporter:
    """An Audience that writes to `stream` (None: standard error). To be used in one thread."""

    def __init__(
        self, total: int, done: int, stream: TextIO | None = None, *, quiet: bool = False, verbose: bool = False
    ) -> None:
        self._stream, self._quiet, self._verbose = stream or sys.stderr, quiet, verbose
        self._total, self._done, self._failures = total, done, 0
        self._bar = self._open_bar() if self._stream.isatty() and not quiet else None

    def _open_bar(self) -> Any:
        from tqdm import tqdm

        return tqdm(
            total=self._total, initial=self._done, unit="picture", file=self._stream, dynamic_ncols=True, smoothing=0.1
        )

    def done(self, key: str, row: Row) -> None:
        self._step(None if self._bar else f"{shown(key)}: {len(row.caption.split())} words")
        if self._verbose:
            for warning in row.warnings:
                self.note(f"{shown(key)}: {warning}")

    def failed(self, key: str, reason: str) -> None:
        self._failures += 1
        if self._bar is not None:
            self._bar.set_postfix(failed=self._failures, refresh=False)
        self._step(f"{shown(key)}: {reason}", always=True)

    def _step(self, line: str | None, *, always: bool = False) -> None:
        self._done += 1
        if self._bar is not None:
            self._bar.update()
        if line is not None and (always or not self._quiet):
            self.note(f"[{self._done}/{self._total}] {line}")

    def note(self, line: str) -> None:
        """A line above the bar."""
        if self._bar is not None:
            self._bar.write(line, file=self._stream)
        else:
            self._stream.write(line + "\n")
            self._stream.flush()

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.close()


def shown(key: str) -> str:
    """A file name on one line, as it can be printed: control characters and what is no Unicode are escaped."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in key)


def listed(lines: Sequence[str], most: int = 10) -> list[str]:
    """The first lines, and how many more there are."""
    return [*lines[:most], *([f"... and {len(lines) - most} more"] if len(lines) > most else [])]
