"""The pictures of a report: a thumbnail of each, and where the page finds the picture itself."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..basics.whole_files import whole_file
from ..picture import open_picture
from .settings import ReportSettings

if TYPE_CHECKING:
    from PIL.Image import Image

_SHOWN_BY_BROWSERS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".bmp"})
_QUALITY = 82


@dataclass(frozen=True)
class Shown:
    """Addresses of a picture relative to the page, None where there is none."""

    thumb: str | None
    picture: str | None


def show_picture(path: str, report: Path, settings: ReportSettings) -> Shown:
    """The thumbnail of a picture, written if it is not there yet, and the picture's address.

    A picture that cannot be read has neither. RuntimeError where the report cannot be written.
    """
    linked = None if settings.copies else _address_of(Path(path), report)
    try:
        name = _name(Path(path))
        thumb, copy = f"thumbs/{name}-{settings.thumbnail}.jpg", f"pictures/{name}-{settings.longest}.jpg"
        wanted = {thumb: settings.thumbnail} | ({} if linked else {copy: settings.longest})
        if missing := {file: edge for file, edge in wanted.items() if not (report / file).exists()}:
            _write_small(open_picture(path), missing, report)
    except (ValueError, OSError):  # the row says why: the picture could not be captioned, or it is gone
        return Shown(None, None)
    return Shown(thumb, linked or copy)


def _name(path: Path) -> str:
    """A name that changes when the file does, below one of 256 folders."""
    found = path.stat()
    key = f"{path.absolute()}\0{found.st_size}\0{found.st_mtime_ns}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(key, digest_size=12).hexdigest()
    return f"{digest[:2]}/{digest[2:]}"


def _write_small(picture: Image, edges: dict[str, int], report: Path) -> None:
    for file, edge in edges.items():
        small = picture.copy()
        small.thumbnail((edge, edge))
        with whole_file(report / file) as target:
            small.save(target, "JPEG", quality=_QUALITY)


def _address_of(path: Path, report: Path) -> str | None:
    """Where the page finds the original; None where a browser would not show it."""
    if path.suffix.lower() not in _SHOWN_BY_BROWSERS:
        return None
    try:
        relative = os.path.relpath(path, report).replace(os.sep, "/")
    except ValueError:  # another drive
        return path.absolute().as_uri()
    return quote(os.fsencode(relative))
