"""Any file system that pyarrow opens, behind the few things that shards and parts need of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, FileSystem

PARTIAL = ".partial-"  # hidden, so that a reader of the folder takes none for a part


@dataclass(frozen=True)
class Place:
    """A file or folder of a file system; `address` is what the user gave."""

    system: FileSystem
    path: str
    address: str

    def below(self, name: str) -> Place:
        """A file in this folder."""
        return Place(self.system, f"{self.path.rstrip('/')}/{name}", f"{self.address.rstrip('/')}/{name}")


def pyarrow_module() -> Any:
    """pyarrow with its file systems. RuntimeError, with the way out, where it is not installed."""
    try:
        import pyarrow
        import pyarrow.fs
        import pyarrow.parquet
    except ImportError as error:
        raise RuntimeError(
            f'scale needs the package pyarrow ({error}): pip install "patchmatters[scale]", or pip install pyarrow.'
        ) from None
    return pyarrow


def place_of(address: str) -> Place:
    """The place at a path or an address like s3://bucket/folder.

    ValueError for an address that pyarrow does not know; RuntimeError where it cannot get there.
    """
    fs = pyarrow_module().fs
    if "://" not in address:
        return Place(fs.LocalFileSystem(), Path(address).absolute().as_posix(), address)
    try:
        system, path = fs.FileSystem.from_uri(address)
    except (ValueError, NotImplementedError) as error:
        raise ValueError(
            f"{address} is no address that pyarrow opens ({_line(error)}): give s3://, gs:// or a path."
        ) from None
    except OSError as error:
        raise RuntimeError(
            f"{address} cannot be reached ({_line(error)}): check the address and your rights."
        ) from None
    return Place(system, path, address)


def files_in(place: Place) -> list[FileInfo]:
    """The files at or below a place, by path; hidden ones and those in hidden folders are left out. [] for none."""
    fs = pyarrow_module().fs
    with _told(place, "read"):
        (info,) = place.system.get_file_info([place.path])
        if info.type == fs.FileType.File:
            return [info]
        found = place.system.get_file_info(fs.FileSelector(place.path, recursive=True, allow_not_found=True))
    files = [one for one in found if one.type == fs.FileType.File and not _is_hidden(one.path[len(place.path) :])]
    return sorted(files, key=lambda one: one.path)


def _is_hidden(relative: str) -> bool:
    return any(part.startswith(".") for part in relative.split("/"))


def is_there(place: Place) -> bool:
    """Whether there is such a file."""
    fs = pyarrow_module().fs
    with _told(place, "read"):
        return bool(place.system.get_file_info([place.path])[0].type == fs.FileType.File)


@contextmanager
def read_from(place: Place, *, seekable: bool = False) -> Iterator[Any]:
    """A file to read bytes from; with `seekable` anywhere in it. RuntimeError where it cannot be opened."""
    with _told(place, "read"):
        system, path = place.system, place.path
        # without compression=None pyarrow unpacks what is called .gz
        file = system.open_input_file(path) if seekable else system.open_input_stream(path, compression=None)
    with file:
        yield file


@contextmanager
def written_whole(place: Place) -> Iterator[Any]:
    """A file to write bytes to, which is at `place` when the block ends well, and nowhere otherwise.

    It has another, hidden name until then. RuntimeError where it cannot be written.
    """
    folder, _, name = place.path.rpartition("/")
    partial = f"{folder}/{PARTIAL}{secrets.token_hex(6)}-{name}"
    done = False
    try:
        with _told(place, "written"):
            place.system.create_dir(folder, recursive=True)
            with place.system.open_output_stream(partial, compression=None) as file:
                yield file
            place.system.move(partial, place.path)
        done = True
    finally:
        if not done:
            _removed(place.system, partial)


def _removed(system: FileSystem, path: str) -> None:
    """Leave nothing behind. What cannot be removed is hidden: it only takes room, and the first error is to be told."""
    try:
        system.delete_file(path)
    except OSError:
        return


def sweep_partials(folder: Place) -> None:
    """Remove what workers that were killed left behind. Only for a folder whose parts are all there."""
    fs = pyarrow_module().fs
    for file in folder.system.get_file_info(fs.FileSelector(folder.path)):
        if file.base_name.startswith(PARTIAL):
            _removed(folder.system, file.path)


@contextmanager
def _told(place: Place, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RuntimeError(
            f"{place.address} cannot be {what} ({_line(error)}): check the place, your rights and the room there, and "
            "run the same command again."
        ) from None


def _line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
