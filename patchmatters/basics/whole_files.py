"""Files that are there whole or not at all: written under another name, then renamed."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_STALE_S = 3600.0  # a part that nobody has touched for so long was left by a process that was killed


@contextmanager
def whole_file(target: Path, *, alone: bool = False) -> Iterator[BinaryIO]:
    """A binary file to write to, which becomes `target` when the block ends well, and is removed otherwise.

    `alone` says that nobody else writes this target just now: then what a killed process left is written over.
    RuntimeError, naming the file, where the folder cannot be written to or the disk is full.
    """
    digest = hashlib.blake2b(target.name.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    part = target.with_name(f".{digest}{'' if alone else '-' + secrets.token_hex(4)}.part")  # short: names have a limit
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not alone:
            _sweep(target.parent, digest)
        with part.open("wb") as file:
            yield file
        part.replace(target)
    except OSError as error:
        raise RuntimeError(
            f"{target} cannot be written ({error.strerror or error}): make room or choose another place, and run the "
            "same command again."
        ) from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def write_whole(target: Path, content: bytes, *, alone: bool = False) -> None:
    """Write a whole file or none. RuntimeError as in `whole_file`."""
    with whole_file(target, alone=alone) as file:
        file.write(content)


def _sweep(folder: Path, digest: str) -> None:
    for part in folder.glob(f".{digest}-????????.part"):
        with contextlib.suppress(OSError):
            if part.stat().st_mtime < time.time() - _STALE_S:
                part.unlink()
