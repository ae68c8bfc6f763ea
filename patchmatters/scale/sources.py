"""Shards: the tars, Parquet row groups and lists of files that a source consists of, and the pictures in each."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from .filesystems import Place, files_in, place_of, pyarrow_module, read_from

TAR, PARQUET, FILES = "tar", "parquet", "files"
_PICTURES = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".png",
        ".webp",
        ".gif",
        ".bmp",
        ".tif",
        ".tiff",
        ".avif",
        ".heic",
        ".jp2",
        ".jxl",
        ".ppm",
        ".img",
    }
)
_PACKED = (".tar.gz", ".tgz", ".tar.zst", ".tar.bz2", ".tar.xz")
_KEYS = ("key", "__key__", "id", "file_name", "filename", "url")
_IMAGES = ("image", "bytes", "jpg", "jpeg", "png", "webp", "picture", "content", "path", "image_path")
_ROWS = 16  # of a Parquet file in memory at a time
_TAR_END = 512  # bytes of zeros that a whole tar ends with, at least


@dataclass(frozen=True)
class SourceOptions:
    """How a source is taken apart.

    `files` loose pictures are a shard. The columns of a Parquet file are found by their names where they are not given.
    """

    files: int = 256
    image_column: str = ""
    key_column: str = ""

    def __post_init__(self) -> None:
        if self.files < 1:
            raise ValueError(f"files is {self.files}, but a shard needs at least one.")


@dataclass(frozen=True)
class Shard:
    """A part of a source that is captioned by one worker, whole.

    `source` is the address of a tar, a Parquet file or the folder of `files`; `size` of the file in bytes. `row_group`
    and the columns are a Parquet file's.
    """

    kind: str
    source: str
    size: int = 0
    row_group: int = 0
    files: tuple[str, ...] = ()
    image_column: str = ""
    key_column: str = ""

    @property
    def name(self) -> str:
        """A name that no other shard has, and that changes when what is in the shard does: its part is called so."""
        own = asdict(self) | ({"source": ""} if self.kind == FILES else {"source": PurePosixPath(self.source).name})
        digest = hashlib.blake2b(json.dumps(own).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
        stem = PurePosixPath(self.source).stem.lstrip(".") or "shard"
        group = f"-{self.row_group:05d}" if self.kind == PARQUET else ""
        return f"{stem}{group}-{digest}"


@dataclass(frozen=True)
class Item:
    """A picture of a shard: its key, where it is, and its bytes, or None where `problem` says why there are none."""

    key: str
    path: str
    content: bytes | None
    problem: str = ""


def shards_of(source: str, options: SourceOptions = SourceOptions()) -> tuple[Shard, ...]:
    """The shards of a folder or file, in the order of their names.

    ValueError where there is nothing to caption; RuntimeError where the source cannot be read.
    """
    root = place_of(source)
    files = files_in(root)
    if packed := next((one.path for one in files if one.path.endswith(_PACKED)), None):
        raise ValueError(f"{packed} is compressed, and a broken one could not be read to its end: unpack it to a .tar.")
    tars = [Shard(TAR, _address(root, one.path), one.size) for one in files if one.path.endswith(".tar")]
    tables = [one for one in files if one.path.endswith(".parquet")]
    groups = [shard for one in tables for shard in _row_groups(root, one, options)]
    loose = [_relative(root, one.path) for one in files if PurePosixPath(one.path).suffix.lower() in _PICTURES]
    starts = range(0, len(loose), options.files)
    lists = [Shard(FILES, source, files=tuple(loose[start : start + options.files])) for start in starts]
    if not (shards := (*tars, *groups, *lists)):
        raise ValueError(f"{source} holds no pictures, .tar or .parquet files: check the path.")
    return shards


def _address(root: Place, path: str) -> str:
    """The address of a file below a place."""
    return root.address if path == root.path else f"{root.address.rstrip('/')}/{_relative(root, path)}"


def _relative(root: Place, path: str) -> str:
    return PurePosixPath(path).name if path == root.path else path[len(root.path.rstrip("/")) + 1 :]


def _row_groups(root: Place, file: Any, options: SourceOptions) -> Iterator[Shard]:
    address = _address(root, file.path)
    with _parquet(place_of(address)) as table:
        columns = table.schema_arrow.names
        image = options.image_column or _named(columns, _IMAGES, address, "image")
        key = options.key_column or next((one for one in _KEYS if one in columns), "")
        if missing := [one for one in (image, key) if one and one not in columns]:
            raise ValueError(f"{address} has no column {missing[0]!r}; it has: {', '.join(columns)}.")
        count = table.num_row_groups
    for group in range(count):
        yield Shard(PARQUET, address, file.size, group, image_column=image, key_column=key)


def _named(columns: Sequence[str], known: Sequence[str], address: str, what: str) -> str:
    found = next((one for one in known if one in columns), None)
    if found is None:
        raise ValueError(
            f"{address} has no column of pictures that is known by its name; name one of these with --{what}-column: "
            f"{', '.join(columns)}."
        )
    return found


@contextmanager
def _parquet(place: Place) -> Iterator[Any]:
    """A Parquet file, open. RuntimeError, naming it, where it is damaged."""
    with read_from(place, seekable=True) as file:
        try:
            table = pyarrow_module().parquet.ParquetFile(file)
        except (OSError, ValueError) as error:
            raise damaged(place.address, error) from None
        yield table


def damaged(address: str, error: object) -> RuntimeError:
    """What is said of a file that ends too early or holds something else."""
    told = str(error).strip().splitlines() or [type(error).__name__]
    return RuntimeError(f"{address} is damaged or cut off ({told[0]}): write or download it again.")


def items_of(shard: Shard) -> Iterator[Item]:
    """The pictures of a shard, a few in memory at a time. RuntimeError where the shard cannot be read to its end."""
    yield from _READERS[shard.kind](shard)


def _items_of_tar(shard: Shard) -> Iterator[Item]:
    place = place_of(shard.source)
    name = PurePosixPath(shard.source).name
    with read_from(place) as file:
        try:
            with tarfile.open(fileobj=file, mode="r|") as tar:
                for member in tar:
                    if not member.isfile() or PurePosixPath(member.name).suffix.lower() not in _PICTURES:
                        continue
                    if (packed := tar.extractfile(member)) is not None:  # as it is for every file
                        yield Item(f"{name}/{member.name}", f"{shard.source}/{member.name}", packed.read())
                end = tar.offset
        except (tarfile.TarError, EOFError) as error:
            raise damaged(shard.source, error) from None
    if end + _TAR_END > shard.size:
        raise damaged(shard.source, "its end is missing")


def _items_of_parquet(shard: Shard) -> Iterator[Item]:
    columns = list(dict.fromkeys(filter(None, (shard.image_column, shard.key_column))))
    with _parquet(place_of(shard.source)) as table:
        batches = table.iter_batches(_ROWS, row_groups=[shard.row_group], columns=columns)
        number = 0
        try:
            for batch in batches:
                for row in batch.to_pylist():
                    yield _item_of_row(row, number, shard)
                    number += 1
        except (OSError, ValueError) as error:
            raise damaged(f"{shard.source}, row group {shard.row_group},", error) from None


def _item_of_row(row: Mapping[str, Any], number: int, shard: Shard) -> Item:
    """The picture of a row: bytes, a path, or Hugging Face's {"bytes", "path"}."""
    value = row[shard.image_column]
    path = value.get("path") if isinstance(value, dict) else value if isinstance(value, str) else None
    content = value.get("bytes") if isinstance(value, dict) else value if isinstance(value, bytes) else None
    own = f"{PurePosixPath(shard.source).name}/{shard.row_group}/{number}"
    key = str(row[shard.key_column]) if shard.key_column else own
    where = f"{shard.source}, row {number} of row group {shard.row_group}"
    if content is not None:
        return Item(key, where, content)
    if path is None:
        return Item(key, where, None, f"{where} holds no picture: give its bytes or its path.")
    return item_at(key, path)


def _items_of_files(shard: Shard) -> Iterator[Item]:
    for name in shard.files:
        address = shard.source if PurePosixPath(shard.source).name == name else f"{shard.source.rstrip('/')}/{name}"
        yield item_at(name, address)


def item_at(key: str, address: str) -> Item:
    """The picture at an address, read; where that fails the item says why."""
    try:
        with read_from(place_of(address)) as file:
            return Item(key, address, file.read())
    except (ValueError, RuntimeError) as error:
        return Item(key, address, None, str(error))


_READERS: Mapping[str, Callable[[Shard], Iterator[Item]]] = {
    TAR: _items_of_tar,
    PARQUET: _items_of_parquet,
    FILES: _items_of_files,
}
