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
Execute = Callable[..., tuple[Any, ...]]


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


@pytest.fixture(scope="session")
def detected() -> list[dict[str, Any]]:
    """Two objects in a picture of 160 pixels, as a detector gives them."""
    return [
        {"x": 10, "y": 20, "width": 90, "height": 60, "label": "rabbit", "score": 0.9},
        {"x": 60, "y": 60, "width": 80, "height": 90, "label": "dress", "score": 0.8},
    ]


@pytest.fixture(scope="session")
def execute(nodes: dict[str, Any]) -> Execute:
    """`execute("Divide", image=...)`: the node's outputs, with every widget that is not given at its default."""

    def run(name: str, **inputs: Any) -> tuple[Any, ...]:
        node = nodes[f"PatchMatters_{name}"]
        widgets = {one.id: one.default for one in node.GET_SCHEMA().inputs if getattr(one, "default", None) is not None}
        return called(node, **widgets | inputs)

    return run


def called(node: Any, **inputs: Any) -> tuple[Any, ...]:
    """The outputs of a node as the host calls it with one value per input; of a list of one batch, the batch."""
    schema = node.GET_SCHEMA()
    if not schema.is_input_list:
        return node.EXECUTE_NORMALIZED(**inputs).args
    outputs = node.EXECUTE_NORMALIZED(**{name: [value] for name, value in inputs.items()}).args
    scenes = [one.io_type == "PATCHMATTERS_SCENE" and one.is_output_list for one in schema.outputs]
    return tuple(value[0] if single else value for value, single in zip(outputs, scenes, strict=True))


@pytest.fixture(scope="session")
def batch(photo: Any) -> Any:
    """Two different pictures."""
    import torch

    return torch.cat([photo, photo.flip(2) * 0.5])


@pytest.fixture(scope="session")
def captioner(execute: Execute) -> Any:
    return execute("BuiltinModel")[0]


@pytest.fixture(scope="session")
def scorer(execute: Execute) -> Any:
    return execute("Scorer")[0]


@pytest.fixture(scope="session")
def described(execute: Execute, batch: Any, captioner: Any, detected: Any) -> Any:
    (divided,) = execute("Divide", image=batch, bboxes=detected)
    (semantic,) = execute("SemanticPatch", scene=divided, chat_model=captioner)
    return execute("Describe", scene=semantic, chat_model=captioner)[0]


@pytest.fixture(scope="session")
def filtered(execute: Execute, described: Any, scorer: Any) -> tuple[Any, ...]:
    (compared,) = execute("Compare", scene=described)
    return execute("Filter", scene=compared, scorer=scorer)


@pytest.fixture(scope="session")
def merged_across(execute: Execute, filtered: tuple[Any, ...], scorer: Any) -> Any:
    (merged,) = execute("Merge", scene=filtered[0])
    (across,) = execute("Compare", scene=merged, level="across patches")
    return execute("Merge", scene=execute("Filter", scene=across, scorer=scorer)[0])[0]


@pytest.fixture(scope="session")
def composed(execute: Execute, merged_across: Any) -> tuple[Any, ...]:
    return execute("Compose", scene=merged_across)
