"""What became of each picture, one JSON object a line in a gzip file: every other form can be made from it again.

    {"key": "cats/1.jpg", "path": "photos/cats/1.jpg", "caption": "A cat ...", "scene": {...} or null,
     "error": "..." or null, "warnings": [...], "calls": 13, "tokens": 4210, "usd": 0.01 or null, "seconds": 2.5,
     "model": "...", "preset": "careful"}

`scene` is a Scene as `scene_json` writes it. A later reader ignores nothing: unknown fields are errors.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ..basics.whole_files import whole_file
from ..scene import Scene
from ..scene_json import decode_scene, encode_scene

_LEVEL = 6  # of compression: 9 takes three times as long for 2 % less
_KINDS: Mapping[str, tuple[type, ...]] = {
    "key": (str,),
    "path": (str,),
    "caption": (str,),
    "scene": (dict, type(None)),
    "error": (str, type(None)),
    "warnings": (list,),
    "calls": (int,),
    "tokens": (int,),
    "usd": (int, float, type(None)),
    "seconds": (int, float),
    "model": (str,),
    "preset": (str,),
}
_LATER = frozenset({"model", "preset"})  # may be missing


@dataclass(frozen=True)
class Row:
    """One picture's result.

    `key` names it: its path relative to the folder that was captioned, with "/". `path` is where it was. A picture
    that failed has an `error`, no Scene and no caption. `calls` are answers by models, `tokens` those in and out as far
    as they are known, `usd` their cost in US dollars, None where it is unknown. `seconds` is the time for its batch,
    divided by the pictures in it.
    """

    key: str
    path: str
    caption: str = ""
    scene: Scene | None = None
    error: str | None = None
    warnings: tuple[str, ...] = ()
    calls: int = 0
    tokens: int = 0
    usd: float | None = None
    seconds: float = 0.0
    model: str = ""
    preset: str = ""


def row_of_scene(key: str, path: str, scene: Scene, seconds: float, preset: str = "") -> Row:
    """The row of a picture that was captioned: what it cost is summed over the Scene's records."""
    costs = [record.cost for record in scene.records]
    tokens = [(record.input_tokens or 0) + (record.output_tokens or 0) for record in scene.records]
    return Row(
        key,
        path,
        scene.caption_text,
        scene,
        warnings=scene.warnings,
        calls=sum(record.calls for record in scene.records),
        tokens=sum(tokens),
        usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        seconds=seconds,
        model=next((record.model for record in scene.records), ""),
        preset=preset,
    )


def row_of_error(key: str, path: str, error: str, seconds: float = 0.0, preset: str = "") -> Row:
    """The row of a picture that failed."""
    return Row(key, path, error=error, seconds=seconds, preset=preset)


def dump_row(row: Row) -> str:
    """The row as one line of JSON, without the line's end."""
    body = {field.name: getattr(row, field.name) for field in fields(row)}
    body |= {"scene": row.scene and encode_scene(row.scene), "warnings": list(row.warnings)}
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # a file name that is not Unicode
        return json.dumps(body, allow_nan=False, separators=(",", ":"))
    return text


def load_row(text: str, where: str = "row") -> Row:
    """The row of a line. ValueError, saying where and what, for anything that `dump_row` would not write."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where} is not JSON ({error}): give the file that --scenes wrote.") from None
    _check(body, where)
    scene = body.get("scene")
    decoded = None if scene is None else decode_scene(scene, f"{where}.scene")
    return Row(**(body | {"scene": decoded, "warnings": tuple(body["warnings"]), "seconds": float(body["seconds"])}))


def _check(body: Any, where: str) -> None:
    if not isinstance(body, dict):
        raise ValueError(f"{where} must be an object: give the file that --scenes wrote.")
    if unknown := sorted(body.keys() - _KINDS.keys()):
        raise ValueError(f"{where} has unknown fields ({', '.join(unknown)}): update the pack.")
    if missing := sorted(_KINDS.keys() - _LATER - body.keys()):
        raise ValueError(f"{where} lacks {', '.join(missing)}: give the file that --scenes wrote.")
    wrong = [name for name, value in body.items() if not _is_kind(value, _KINDS[name])]
    if wrong or not all(isinstance(warning, str) for warning in body["warnings"]):
        raise ValueError(f"{where} has another kind of value in {', '.join(wrong) or 'warnings'} than it must have.")


def _is_kind(value: Any, kinds: tuple[type, ...]) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


def write_rows(target: Path, rows: Iterable[Row]) -> int:
    """Write a gzip file of rows, whole or not at all; how many. RuntimeError where it cannot be written."""
    count = 0
    with whole_file(target) as raw, gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as file:
        for row in rows:
            file.write(dump_row(row).encode() + b"\n")
            count += 1
    return count


def read_rows(source: Path) -> Iterator[Row]:
    """The rows of a file, one at a time. ValueError, naming the line, for a file that `write_rows` did not write."""
    number = 0
    try:
        with gzip.open(source, "rb") as file:
            for number, line in enumerate(file, 1):
                yield load_row(line.decode(), f"{source}, line {number}")
    except (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError) as error:
        raise ValueError(
            f"{source} is damaged or cut off after line {number} ({error}): write it again with --scenes."
        ) from None
    except OSError as error:
        raise ValueError(f"{source} cannot be read ({error.strerror}): check the path.") from None
