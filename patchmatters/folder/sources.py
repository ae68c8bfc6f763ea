"""Which pictures: folders, patterns and list files in, pictures with stable names out."""

# ruff: noqa: PTH100, PTH113, PTH118, PTH119, PTH120, PTH122, PTH206, PTH207
# Names are texts here: a hundred thousand Path objects are slow and large.
from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

_LISTS = (".txt", ".lst", ".list")
_MAGIC = re.compile(r"[*?\[]")
_REPEATS = re.compile(r"(\d+)_")
# Files and folders of trainers that are no pictures to caption: masks, and pictures that control others.
_LEFT_ALONE = ("*-masklabel.png", "*-condlabel.png")
_LEFT_ALONE_FOLDERS = ("_controls",)
# What Pillow knows by name only, or needs another program for.
_WITHOUT_PIXELS = frozenset({"BUFR", "EPS", "FITS", "GRIB", "HDF5", "MPEG", "PDF", "WMF"})


@dataclass(frozen=True)
class SourceSettings:
    """Which files of the sources are taken.

    `include` and `exclude` are patterns ("*.png", "cats/*", "rejected"), compared without regard to case with a
    picture's path from the root, with its name and with the names of its folders. No `include` takes all.
    """

    recursive: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to caption: `key` is its path from the root, with "/"; `path` is where it is."""

    key: str
    path: str

    @property
    def repeats(self) -> int:
        """How often a trainer shows the picture: 10 in a folder called "10_name", 1 in any other."""
        found = _REPEATS.match(Path(self.path).absolute().parent.name)
        return max(int(found[1]), 1) if found else 1


@dataclass(frozen=True)
class Found:
    """The pictures of the sources in the order of their keys, and the folder that all of them are in."""

    root: Path
    pictures: tuple[Picture, ...]


def find_pictures(sources: Sequence[str], settings: SourceSettings = SourceSettings()) -> Found:
    """All pictures of folders, picture files, patterns and list files.

    A list file (.txt, .lst, .list) names a file on each line, or between NUL characters, relative to its own folder.
    Hidden files and folders, `_controls` and `*-masklabel.png` are left alone unless they are named themselves.
    ValueError, saying what to do, for a source that is not there and where there is no picture at all.
    """
    if not sources:
        raise ValueError("No pictures are named: give a folder, a pattern such as 'photos/*.jpg', or a list file.")
    found = [_of_source(source, settings) for source in sources]
    root = _common([folder for folder, _ in found])
    paths = dict.fromkeys(path for _, paths in found for path in paths)
    pictures = sorted((Picture(_key(path, root), path) for path in _once(paths)), key=lambda picture: picture.key)
    taken = tuple(picture for picture in pictures if _is_taken(picture.key, settings))
    if not taken:
        raise ValueError(_nothing(sources, settings, len(pictures)))
    _check_patterns(settings, pictures)
    return Found(Path(root), taken)


def _of_source(source: str, settings: SourceSettings) -> tuple[str, list[str]]:
    """The absolute folder that a source's pictures are below, and their paths."""
    path = Path(source)
    if path.is_dir():
        return os.path.abspath(path), list(_walk(path, settings.recursive))
    if path.is_file():
        return _of_list(path) if path.suffix.lower() in _LISTS else (os.path.abspath(path.parent), [str(path)])
    if _MAGIC.search(source):
        return _of_pattern(source)
    raise ValueError(f"{source} does not exist: give a folder, a picture, a pattern in quotes, or a list file.")


def _walk(folder: Path, recursive: bool) -> Iterator[str]:
    endings = picture_endings()

    def unreadable(error: OSError) -> None:
        raise RuntimeError(f"{error.filename} cannot be read ({error.strerror}): check its permissions.") from None

    for where, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(filter(_is_open, folders)) if recursive else []
        yield from (os.path.join(where, name) for name in sorted(names) if _is_picture(name, endings))


def _is_open(folder: str) -> bool:
    return not folder.startswith(".") and folder not in _LEFT_ALONE_FOLDERS


def _is_picture(name: str, endings: frozenset[str]) -> bool:
    if name.startswith(".") or os.path.splitext(name)[1].lower() not in endings:
        return False
    return not any(fnmatchcase(name.lower(), pattern) for pattern in _LEFT_ALONE)


def picture_endings() -> frozenset[str]:
    """The endings of every format whose pixels Pillow can read here, with what its plugins add."""
    from PIL import Image

    Image.init()
    return frozenset(
        ending
        for ending, form in Image.registered_extensions().items()
        if form in Image.OPEN and form not in _WITHOUT_PIXELS
    )


def _of_pattern(pattern: str) -> tuple[str, list[str]]:
    fixed = os.path.dirname(_MAGIC.split(pattern, maxsplit=1)[0])
    endings = picture_endings()
    found = (path for path in sorted(glob.glob(pattern, recursive=True)) if os.path.isfile(path))
    below = [path for path in found if all(map(_is_open, os.path.relpath(path, fixed or ".").split(os.sep)[:-1]))]
    return os.path.abspath(fixed), [path for path in below if _is_picture(os.path.basename(path), endings)]


def _of_list(path: Path) -> tuple[str, list[str]]:
    """The files that a list names, and the folder of the list, or of the files where one is not below it."""
    try:
        text = os.fsdecode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}): check the list file.") from None
    lines = text.split("\0") if "\0" in text else text.splitlines()
    named = [str(path.parent / line) for line in lines if line.strip()]
    folder = os.path.abspath(path.parent)
    inside = all(os.path.abspath(one).startswith(os.path.join(folder, "")) for one in named)
    return (folder if inside else _common([os.path.dirname(os.path.abspath(one)) for one in named])), named


def _common(folders: Sequence[str]) -> str:
    try:
        return os.path.commonpath(folders)
    except ValueError:
        raise ValueError("The pictures lie on several drives: caption each drive by itself.") from None


def _key(path: str, root: str) -> str:
    return os.path.relpath(os.path.abspath(path), root).replace(os.sep, "/")


def _once(paths: Iterable[str]) -> Iterator[str]:
    """Each file once, however often the sources name it."""
    seen: set[str] = set()
    for path in paths:
        where = os.path.normcase(os.path.abspath(path))
        if where not in seen:
            seen.add(where)
            yield path


def _is_taken(key: str, settings: SourceSettings) -> bool:
    included = not settings.include or any(_matches(key, pattern) for pattern in settings.include)
    return included and not any(_matches(key, pattern) for pattern in settings.exclude)


def _matches(key: str, pattern: str) -> bool:
    folded = pattern.casefold().rstrip("/")
    return any(fnmatchcase(part.casefold(), folded) for part in (key, *key.split("/")))


def _nothing(sources: Sequence[str], settings: SourceSettings, passed_over: int) -> str:
    where = ", ".join(sources[:3]) + (", ..." if len(sources) > 3 else "")
    if passed_over:
        return f"--include and --exclude leave none of the {passed_over} pictures of {where}: check the patterns."
    if not settings.recursive and any(Path(source).is_dir() for source in sources):
        return f"There are no pictures in {where}: name another folder, or look into its folders with --recursive."
    return f"There are no pictures in {where}: check the path, or the pattern (in quotes)."


def _check_patterns(settings: SourceSettings, pictures: Sequence[Picture]) -> None:
    """A list of things after --exclude is meant for captions, not for files."""
    for pattern in settings.exclude:
        if " " in pattern.strip() and not any(_matches(picture.key, pattern) for picture in pictures):
            raise ValueError(
                f"--exclude {pattern!r} matches no picture: it takes patterns of file names. What captions are not to "
                "speak of goes after --exclude-about."
            )
