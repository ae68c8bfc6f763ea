"""Caption files: where a picture's is, what is in it, and whether it may be written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath

from .sources import Picture


class Existing(str, Enum):
    """What to do where a picture has a caption file that was not written by this run."""

    SKIP = "skip"  # the picture is not captioned
    OVERWRITE = "overwrite"
    APPEND = "append"  # another line: trainers take lines for variants
    ERROR = "error"


@dataclass(frozen=True)
class Sidecars:
    """Where caption files are: beside the pictures, or mirrored below `out`, with `ending` in place of the picture's.

    An empty `ending` means that there are none.
    """

    ending: str = ".txt"
    out: Path | None = None

    def path(self, picture: Picture) -> Path | None:
        """The picture's caption file."""
        if not self.ending:
            return None
        place = Path(picture.path) if self.out is None else self.out / PurePosixPath(picture.key)
        return place.with_name(
            place.name[: -len(place.suffix)] + self.ending if place.suffix else place.name + self.ending
        )


def read_caption(path: Path) -> str:
    """The text of a caption file, "" where there is none or nothing in it. RuntimeError where it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8-sig", errors="replace").strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise RuntimeError(f"{path} cannot be read ({error.strerror}): check the file.") from None


def is_captioned(path: Path | None) -> bool:
    """Whether a caption file is there with something in it."""
    if path is None:
        return False
    try:
        size = path.stat().st_size
    except OSError:
        return False
    return size > 64 or bool(size and read_caption(path))


def text_to_write(path: Path, captions: Iterable[str], existing: Existing) -> str:
    """The whole text of a caption file: a line a caption, after those that are there where they are to stay."""
    before = read_caption(path) if existing is Existing.APPEND else ""
    return "\n".join(filter(None, [before, *captions]))


def twins(pictures: Iterable[Picture], sidecars: Sidecars, *, folded: bool) -> dict[str, str]:
    """Of pictures that would share a caption file ("a.jpg", "a.png") all but the first: key -> key of the first.

    `folded` says that the file system takes "A.txt" and "a.txt" for one.
    """
    first: dict[str, str] = {}
    found: dict[str, str] = {}
    for picture in pictures:
        path = str(sidecars.path(picture))
        other = first.setdefault(path.casefold() if folded else path, picture.key)
        if other != picture.key:
            found[picture.key] = other
    return found


def folds_case(file: Path) -> bool:
    """Whether the file system of an existing file takes names in capitals for the same."""
    return file.with_name(file.name.swapcase()).exists()
