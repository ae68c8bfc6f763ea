"""Files that are there whole or not at all: written under another name, then renamed."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_ENDING = ".part"


@contextmanager
def whole_file(target: Path) -> Iterator[BinaryIO]:
    """A binary file to write to, which becomes `target` when the block ends well, and is removed otherwise.

    RuntimeError, naming the file, where the folder cannot be written to or the disk is full.
    """
    part = target.with_name(f".{secrets.token_hex(6)}{_ENDING}")  # no longer than a short name: names have a limit
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            yield file
        part.replace(target)
    except OSError as error:
        raise RuntimeError(
            f"{target} cannot be written ({error.strerror or error}): make room or choose another place, and run the "
            "same command again."
        ) from None
    finally:
        part.unlink(missing_ok=True)


def write_whole(target: Path, content: bytes) -> None:
    """Write a whole file or none. RuntimeError as in `whole_file`."""
    with whole_file(target) as file:
        file.write(content)


def sweep_parts(folder: Path) -> None:
    """Remove what writes that were killed left in a folder. Only for a folder that nobody else writes to just now."""
    for part in folder.glob(f".????????????{_ENDING}"):
        part.unlink(missing_ok=True)
