"""Model folders: what is in them, checked in milliseconds, before minutes are spent on loading.

Only safetensors are read. A folder that is found is never looked up anywhere else.
"""

from __future__ import annotations

import json
import math
import operator
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONFIG = "config.json"
PART = ".part"  # ends the name of a folder that is still being downloaded
_SINGLE, _INDEX = "model.safetensors", "model.safetensors.index.json"
PROJECTOR = "mm_projector.bin"  # what the first stage of training of LLaVA and its kin leaves
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.msgpack", "*.h5")
_MAX_HEADER = 100_000_000  # bytes: the format's own limit
_MAX_DEPTH = 3  # folders below a root in which models are looked for


@dataclass(frozen=True)
class ModelFiles:
    """A folder that holds a model: its configuration and its complete weights.

    `weights` are the safetensors files, `parameters` the number of values in them.
    """

    folder: Path
    config: Mapping[str, Any]
    weights: tuple[Path, ...]
    parameters: int

    @property
    def name(self) -> str:
        """The folder's name; in the Hugging Face cache, where that is a revision, the model's."""
        repository = self.folder.parent.parent
        return cached_name(repository).rpartition("/")[2] or self.folder.name

    @property
    def model_type(self) -> str:
        return str(self.config.get("model_type", ""))

    @property
    def architectures(self) -> tuple[str, ...]:
        names = self.config.get("architectures")
        return tuple(map(str, names)) if isinstance(names, list) else ()

    def json(self, name: str) -> Mapping[str, Any]:
        """Another JSON object of the folder, empty where there is none. ValueError where it is damaged."""
        path = self.folder / name
        return _read_json(path) if path.is_file() else {}


def inspect_folder(folder: str | Path) -> ModelFiles:
    """What a model folder holds. ValueError, in a sentence, for a folder that is no model or not a complete one."""
    path = snapshot_of(Path(folder))
    _refuse_other_forms(path)
    if not path.is_dir():
        raise ValueError(f"{path} is not a folder: give the folder of a model, with its {CONFIG} and *.safetensors.")
    if not (path / CONFIG).is_file():
        raise ValueError(
            f"{path} is no model: it has no {CONFIG}. Give the folder of a model as Hugging Face publishes it."
        )
    if path.name.endswith(PART):
        raise ValueError(f"{path} is a download that was not finished: start it again; what was fetched is kept.")
    config = _read_json(path / CONFIG)
    weights = _weights(path)
    return ModelFiles(path, config, weights, sum(count_parameters(file) for file in weights))


def snapshot_of(folder: Path) -> Path:
    """The folder of the files where `folder` is a repository of the Hugging Face cache, else `folder` itself.

    Such a repository (models--ORGANISATION--NAME) keeps its files below `snapshots`, by revision; `refs/main` names
    the one that was fetched last.
    """
    snapshots = folder / "snapshots"
    if (folder / CONFIG).is_file() or not snapshots.is_dir():
        return folder
    reference = folder / "refs" / "main"
    named = snapshots / reference.read_text(encoding="utf-8").strip() if reference.is_file() else None
    if named is not None and named.is_dir():
        return named
    return max((path for path in snapshots.iterdir() if path.is_dir()), key=_age, default=folder)


def _age(path: Path) -> float:
    return path.stat().st_mtime


def cached_name(folder: Path) -> str:
    """ORGANISATION/NAME of a repository of the Hugging Face cache, empty for other folders."""
    kind, *parts = folder.name.split("--")
    return "/".join(parts) if kind == "models" and parts else ""


def _refuse_other_forms(path: Path) -> None:
    """ValueError for what is no folder of a whole model, though people have it: GGUF files, and LoRA adapters."""
    if path.suffix.lower() == ".gguf" or (path.is_dir() and not (path / CONFIG).is_file() and any(path.glob("*.gguf"))):
        raise ValueError(
            f"{path} is in the GGUF format of llama.cpp, which is not read here: run it with llama.cpp, Ollama or LM "
            "Studio and connect that as a server, or get the model as safetensors."
        )
    adapter = path / "adapter_config.json"
    if adapter.is_file() and not (path / CONFIG).is_file():
        base = _read_json(adapter).get("base_model_name_or_path") or "its base"
        raise ValueError(
            f"{path} is a LoRA adapter for {base}, not a whole model: merge it into its base with the package peft "
            "(merge_and_unload, then save_pretrained) and give that folder."
        )


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read as JSON ({error}): download the file again.") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds no JSON object: download the file again.")
    return content


def _weights(folder: Path) -> tuple[Path, ...]:
    """The weight files that belong together. ValueError where one is missing or there are none."""
    if (folder / _INDEX).is_file():
        named = _read_json(folder / _INDEX).get("weight_map")
        if not isinstance(named, dict) or not named:
            raise ValueError(f"{folder / _INDEX} names no weights: download the file again.")
        files = sorted({folder / str(name) for name in named.values()})
        missing = [file.name for file in files if not file.is_file()]
        if missing:
            raise ValueError(
                f"{folder} is incomplete: {', '.join(missing[:3])} of {len(files)} weight files "
                f"{'is' if len(missing) == 1 else 'are'} missing. Download the model again; what is there is kept."
            )
        return tuple(files)
    if (folder / _SINGLE).is_file():
        return (folder / _SINGLE,)
    if (folder / PROJECTOR).is_file():
        raise ValueError(
            f"{folder} holds only a projector from the first stage of training ({PROJECTOR}), which is no captioner: "
            "get the repository of the finished model."
        )
    pickles = sorted(path.name for pattern in _PICKLES for path in folder.glob(pattern))
    if pickles:
        raise ValueError(
            f"{folder} holds its weights as {pickles[0]} only, a format that can run code when it is opened: get the "
            "safetensors version of the model, or convert it."
        )
    raise ValueError(f"{folder} has no {_SINGLE}: the download is incomplete, or this is only a part of a model.")


def count_parameters(path: Path) -> int:
    """The number of values in a safetensors file. Reads the header only.

    ValueError unless the file is as long as its header says.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else -1
        if not 0 < length <= min(_MAX_HEADER, size - 8):
            raise ValueError(f"{path} is no complete safetensors file: download it again.")
        try:
            header = json.loads(file.read(length))
            tensors = [entry for name, entry in header.items() if name != "__metadata__"]
            ends = [int(entry["data_offsets"][1]) for entry in tensors]
            count = sum(math.prod(map(operator.index, entry["shape"])) for entry in tensors)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError):
            raise ValueError(f"{path} has a damaged header: download it again.") from None
    expected = 8 + length + max(ends, default=0)
    if size < expected:
        raise ValueError(
            f"{path} is cut off: it has {size:,} of {expected:,} bytes. Download it again; the download is resumed."
        )
    return count


def find_folders(roots: Sequence[str | Path]) -> dict[str, Path]:
    """Every folder below `roots` that has a configuration and safetensors, by its path within its root ("a/b").

    The first root wins where two hold the same name. Nothing is opened, so that a long list costs little.
    """
    found: dict[str, Path] = {}
    for root in map(Path, roots):
        for folder in _model_folders(root, _MAX_DEPTH):
            name = cached_name(folder) or folder.relative_to(root).as_posix()
            found.setdefault(name, snapshot_of(folder))
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def _model_folders(folder: Path, depth: int) -> Iterator[Path]:
    try:
        inside = sorted(path for path in folder.iterdir() if path.is_dir() and _is_finished(path.name))
    except OSError:  # not there, or not ours to read: a root that is registered need not exist
        return
    for path in inside:
        model = snapshot_of(path)
        if (model / CONFIG).is_file() and any((model / name).is_file() for name in (_SINGLE, _INDEX)):
            yield path
        elif depth > 1:
            yield from _model_folders(path, depth - 1)


def _is_finished(name: str) -> bool:
    return not (name.startswith(".") or name.endswith(PART))
