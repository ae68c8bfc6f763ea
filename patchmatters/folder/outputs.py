"""The other forms of a captioned folder: one file for all pictures, written whole at the end of a run.

Each form takes the entries one at a time, so that memory does not grow with their number.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from ..basics.whole_files import whole_file
from ..jobs.rows import Row, write_rows
from ..scene_json import encode_scene
from .command_options import TAGS

_GROUP = 1000  # rows of a Parquet row group


@dataclass(frozen=True)
class Entry:
    """A picture as it is handed on: its row, its captions by style, the first one first, and its repeats."""

    row: Row
    captions: Mapping[str, str]
    repeats: int = 1

    @property
    def caption(self) -> str:
        return next(iter(self.captions.values()), "")

    @property
    def others(self) -> dict[str, str]:
        """The captions after the first, by a field's name: {"text_short": ...}."""
        return {f"text_{style}": text for style, text in list(self.captions.items())[1:]}


def write_scenes(target: Path, entries: Iterable[Entry]) -> None:
    """The rows themselves (see `rows`), with captions as they were written; failed pictures too."""
    write_rows(target, rows_of(entries))


def rows_of(entries: Iterable[Entry]) -> Iterator[Row]:
    """The rows with the captions that were written."""
    return (replace(entry.row, caption=entry.caption or entry.row.caption) for entry in entries)


def write_metadata(target: Path, entries: Iterable[Entry]) -> None:
    """Hugging Face's imagefolder: {"file_name", "text"} a line; names are relative to the file's folder."""
    _write_lines(
        target,
        (
            {"file_name": _relative(entry.row.path, target), "text": entry.caption, **entry.others}
            for entry in _captioned(entries)
        ),
    )


def write_musubi(target: Path, entries: Iterable[Entry]) -> None:
    """musubi-tuner's {"image_path", "caption"} a line; paths are absolute."""
    _write_lines(
        target,
        ({"image_path": os.path.abspath(entry.row.path), "caption": entry.caption} for entry in _captioned(entries)),  # noqa: PTH100
    )


def write_meta_cap(target: Path, entries: Iterable[Entry]) -> None:
    """kohya's metadata for fine-tuning: {picture: {"caption", "tags"}} with whole paths, as --full_path has it."""
    with whole_file(target) as file:
        for number, entry in enumerate(_captioned(entries)):
            body = {"caption": entry.caption} | ({"tags": entry.captions[TAGS]} if TAGS in entry.captions else {})
            path = os.path.abspath(entry.row.path)  # noqa: PTH100
            line = f"{_text(path)}: {_text(body)}"
            file.write(((",\n" if number else "{\n") + line).encode())
        file.write(b"\n}\n" if file.tell() else b"{}\n")


def write_webdataset(target: Path, entries: Iterable[Entry]) -> None:
    """A tar of samples: picture, .txt and .json under one number. RuntimeError where a picture is gone."""
    with whole_file(target) as file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for number, entry in enumerate(_captioned(entries)):
            for ending, content in _sample(entry):
                member = tarfile.TarInfo(f"{number:09d}{ending}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))


def _sample(entry: Entry) -> Iterator[tuple[str, bytes]]:
    row = entry.row
    try:
        picture = Path(row.path).read_bytes()
    except OSError as error:
        raise RuntimeError(
            f"{row.path} cannot be read ({error.strerror}), and a tar needs the pictures: put it back, or leave it out "
            "with --exclude."
        ) from None
    about = {"key": row.key, "caption": entry.caption, "repeats": entry.repeats, **entry.others}
    yield PurePosixPath(row.key).suffix.lower() or ".img", picture
    yield ".txt", entry.caption.encode()
    yield ".json", _text(about).encode()


def write_parquet(target: Path, entries: Iterable[Entry]) -> None:
    """A Parquet file of the rows, the Scene as JSON text. RuntimeError where pyarrow is missing."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise RuntimeError(
            f"Parquet needs the package pyarrow ({error}): install it, or write --scenes and --metadata."
        ) from None
    schema = parquet_schema()
    with whole_file(target) as file, pyarrow.parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for group in _groups(map(_parquet_row, entries)):
            writer.write_table(pyarrow.Table.from_pylist(group, schema))


def parquet_schema() -> Any:
    """The columns, for pyarrow."""
    import pyarrow

    text, number = pyarrow.string(), pyarrow.int64()
    kinds = {"scene": text, "warnings": pyarrow.list_(text), "calls": number, "tokens": number, "repeats": number}
    kinds |= {"usd": pyarrow.float64(), "seconds": pyarrow.float64()}
    names = ("key", "path", "caption", "scene", "error", "warnings", "calls", "tokens", "usd", "seconds", "model")
    return pyarrow.schema([(name, kinds.get(name, text)) for name in (*names, "preset", "repeats")])


def _parquet_row(entry: Entry) -> dict[str, Any]:
    row = entry.row
    scene = None if row.scene is None else _text(encode_scene(row.scene))
    key, path = (name.encode("utf-8", "backslashreplace").decode() for name in (row.key, row.path))
    return {
        **{name: getattr(row, name) for name in ("error", "calls", "tokens", "usd", "seconds", "model", "preset")},
        **{"key": key, "path": path, "caption": entry.caption or row.caption, "scene": scene},
        **{"warnings": list(row.warnings), "repeats": entry.repeats},
    }


def _groups(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    for row in rows:
        group.append(row)
        if len(group) == _GROUP:
            yield group
            group = []
    if group:
        yield group


def _captioned(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Trainers are handed only pictures that have a caption."""
    return (entry for entry in entries if entry.caption)


def _write_lines(target: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    with whole_file(target) as file:
        for line in lines:
            file.write(_text(line).encode() + b"\n")


def _text(value: Any) -> str:
    """JSON; letters stay letters unless a file name in it is no Unicode."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def _relative(path: str, target: Path) -> str:
    return os.path.relpath(path, target.parent).replace(os.sep, "/")
