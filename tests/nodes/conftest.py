"""The pack, loaded by its path as ComfyUI does, without a server. Needs a ComfyUI checkout and torch."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PACK = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def comfy() -> Path:
    """The ComfyUI checkout, importable and on the CPU."""
    pytest.importorskip("torch", reason="node tests need torch: run them with ComfyUI's Python")
    path = Path(os.environ.get("COMFYUI_PATH") or Path.home() / "ComfyUI")
    if not (path / "comfy_api").is_dir():
        pytest.skip(f"there is no ComfyUI at {path}: set COMFYUI_PATH")
    sys.path.insert(0, str(path))
    from comfy.cli_args import args

    args.cpu = True
    return path


@pytest.fixture(scope="session")
def pack(comfy: Path) -> ModuleType:
    """The pack's root module, under the kind of name that ComfyUI gives it."""
    name = str(PACK).replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(name, PACK / "__init__.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def part(pack: ModuleType) -> Callable[[str], Any]:
    """`part("nodes.types")`: a module of the pack."""
    return lambda name: importlib.import_module(f"{pack.__name__}.{name}")


@pytest.fixture(scope="session")
def nodes(part: Callable[[str], Any]) -> dict[str, Any]:
    """Every node class by its id."""
    return {node.GET_SCHEMA().node_id: node for node in part("nodes.registry").NODES}


@pytest.fixture
def folders(comfy: Path, tmp_path: Path) -> Iterator[Path]:
    """ComfyUI's input, output and temp folders, in a temporary place."""
    import folder_paths

    kinds = ("input", "output", "temp")
    before = {kind: folder_paths.get_directory_by_type(kind) for kind in kinds}
    for kind in kinds:
        (tmp_path / kind).mkdir()
        getattr(folder_paths, f"set_{kind}_directory")(str(tmp_path / kind))
    yield tmp_path
    for kind, path in before.items():
        getattr(folder_paths, f"set_{kind}_directory")(path)


@pytest.fixture(scope="session")
def photo(comfy: Path) -> Any:
    """The host's example picture as an IMAGE of one, scaled down to 160 pixels."""
    import numpy
    import torch
    from PIL import Image

    with Image.open(comfy / "input" / "example.png") as opened:
        small = opened.convert("RGB").resize((160, 160))
    return torch.from_numpy(numpy.array(small)).float().div(255)[None]
