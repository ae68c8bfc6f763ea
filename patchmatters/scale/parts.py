"""Parts: what became of the pictures of a shard, in one file that is there whole or not at all."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ..jobs.rows import Row, dump_row, load_row
from ..scene_json import decode_scene, encode_scene
from .filesystems import Place, pyarrow_module, read_from, written_whole
from .sources import damaged

JSONL, PARQUET = "jsonl", "parquet"
_GROUP = 256  # rows of a Parquet row group, and so the most that are in memory


@dataclass(frozen=True)
class Form:
    """A line of the table: the ending of a part, how rows are written to a file, and how they are read from it."""

    ending: str
    write: Callable[[Any, Iterable[Row]], None]
    read: Callable[[Place], Iterator[Row]]


def write_part(place: Place, rows: Iterable[Row]) -> None:
    """Write a part whole or not at all, in the form of its ending. RuntimeError where that is not possible."""
    with written_whole(place) as file:
        form_of(place.path).write(file, rows)


def read_part(place: Place) -> Iterator[Row]:
    """The rows of a part. RuntimeError where it is damaged."""
    try:
        yield from form_of(place.path).read(place)
    except (EOFError, OSError, ValueError) as error:
        raise damaged(place.address, error) from None


def form_of(path: str) -> Form:
    """The form of a part by its ending."""
    return next(form for form in FORMS.values() if path.endswith(form.ending))


def _write_lines(file: Any, rows: Iterable[Row]) -> None:
    with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
        for row in rows:
            packed.write(dump_row(row).encode() + b"\n")


def _read_lines(place: Place) -> Iterator[Row]:
    with read_from(place) as file, gzip.GzipFile(fileobj=file) as packed:
        for number, line in enumerate(packed, 1):
            yield load_row(line.decode(), f"{place.address}, line {number}")


def part_schema() -> Any:
    """The columns of a part, for pyarrow. `scene` is a Scene as JSON text, null where the picture failed."""
    pyarrow = pyarrow_module()
    text, number, real = pyarrow.string(), pyarrow.int64(), pyarrow.float64()
    kinds = {
        "key": text, "path": text, "caption": text, "scene": text, "error": text, "warnings": pyarrow.list_(text),
        "calls": number, "tokens": number, "usd": real, "seconds": real, "model": text, "preset": text,
    }  # fmt: skip
    return pyarrow.schema(list(kinds.items()))


def columns_of(row: Row) -> dict[str, Any]:
    """The row as plain values, one a column of `part_schema`."""
    scene = None if row.scene is None else json.dumps(encode_scene(row.scene), ensure_ascii=False)
    values = {name: getattr(row, name) for name in part_schema().names}
    return {
        name: _unicode(value) for name, value in (values | {"scene": scene, "warnings": list(row.warnings)}).items()
    }


def _unicode(value: Any) -> Any:
    """A file name that is no Unicode cannot be in a table: its bytes are written as \\xNN."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _write_table(file: Any, rows: Iterable[Row]) -> None:
    pyarrow, schema, source = pyarrow_module(), part_schema(), iter(rows)
    with pyarrow.parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        while group := [columns_of(row) for row in islice(source, _GROUP)]:
            writer.write_table(pyarrow.Table.from_pylist(group, schema))


def _read_table(place: Place) -> Iterator[Row]:
    with read_from(place, seekable=True) as file:
        for batch in pyarrow_module().parquet.ParquetFile(file).iter_batches(_GROUP):
            for values in batch.to_pylist():
                scene = values["scene"] and decode_scene(json.loads(values["scene"]), place.address)
                yield Row(**(values | {"scene": scene, "warnings": tuple(values["warnings"])}))


FORMS: Mapping[str, Form] = {
    JSONL: Form(".jsonl.gz", _write_lines, _read_lines),
    PARQUET: Form(".parquet", _write_table, _read_table),
}
