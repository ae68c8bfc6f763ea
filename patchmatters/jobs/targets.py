"""What a run writes: never one of its inputs, and nothing twice."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path


def check_targets(targets: Sequence[str | Path], inputs: Iterable[str | Path]) -> None:
    """ValueError, before anything is asked, where a target is an input or another target.

    Paths are compared as files: through links, hard links, ".." and, because some file systems do, without regard to
    case.
    """
    read = [Path(one) for one in inputs]
    written: list[Path] = []
    for target in map(Path, targets):
        if hurt := next((one for one in read if _is_same(target, one)), None):
            raise ValueError(f"{target} would overwrite {hurt}, which is read: write to another name or folder.")
        if twin := next((one for one in written if _is_same(target, one)), None):
            raise ValueError(f"{target} and {twin} are one file, and would be written twice: give each its own name.")
        written.append(target)


def _is_same(one: Path, other: Path) -> bool:
    if _key(one) == _key(other):
        return True
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there yet
        return False


def _key(path: Path) -> str:
    return os.path.realpath(path).casefold()
