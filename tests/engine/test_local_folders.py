"""Folders in the forms in which people have models: the Hugging Face cache, links, adapters, GGUF, fewer bits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from patchmatters.backends.local.kinds import Kind, offered
from patchmatters.backends.local.loading import require_readable
from patchmatters.weights.model_files import find_folders, inspect_folder
from patchmatters.weights.model_names import find_model

CONFIG = {"model_type": "llava", "architectures": ["LlavaForConditionalGeneration"]}


def _model(folder: Path, **config: object) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG | config))
    header = json.dumps({"w": {"dtype": "F32", "shape": [10], "data_offsets": [0, 40]}}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(40))
    return folder


def _cache(root: Path) -> Path:
    """A repository of the Hugging Face cache with two revisions, whose files are links into `blobs`."""
    repository = root / "models--llava-hf--llava-1.5-7b-hf"
    for revision in ("old", "new"):
        blobs = _model(repository / "blobs" / revision)
        (repository / "snapshots" / revision).mkdir(parents=True)
        for name in ("config.json", "model.safetensors"):
            (repository / "snapshots" / revision / name).symlink_to(blobs / name)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("new\n")
    return repository


def test_the_hugging_face_cache_is_found_by_the_names_of_its_models(tmp_path: Path) -> None:
    repository = _cache(tmp_path)
    wanted = repository / "snapshots" / "new"
    assert find_folders([tmp_path]) == {"llava-hf/llava-1.5-7b-hf": wanted}
    assert find_model("llava-hf/llava-1.5-7b-hf", [tmp_path]) == wanted
    assert inspect_folder(repository).folder == wanted and inspect_folder(wanted).name == "llava-1.5-7b-hf"
    assert offered(Kind.CHAT, [tmp_path]).count("llava-hf/llava-1.5-7b-hf") == 1


def test_without_a_reference_the_newest_revision_is_taken(tmp_path: Path) -> None:
    repository = _cache(tmp_path)
    (repository / "refs" / "main").unlink()
    assert inspect_folder(repository).folder.parent == repository / "snapshots"


def test_a_link_to_a_model_is_a_model(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "linked").symlink_to(_model(tmp_path / "elsewhere"), target_is_directory=True)
    assert inspect_folder(find_model("linked", [tmp_path / "root"])).parameters == 10


def test_gguf_and_adapters_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    for given in (tmp_path, tmp_path / "model.gguf"):
        with pytest.raises(ValueError, match=r"GGUF format .* Ollama"):
            inspect_folder(find_model(str(given)))
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text('{"base_model_name_or_path": "llava-hf/llava-1.5-7b-hf"}')
    with pytest.raises(ValueError, match=r"LoRA adapter for llava-hf/llava-1.5-7b-hf.* merge it"):
        inspect_folder(adapter)


@pytest.mark.parametrize(
    ("told", "quantisation", "says"),
    [
        ({"quant_method": "gptq"}, "none", 'run "pip install gptqmodel"'),
        ({"quant_method": "AWQ"}, "none", 'run "pip install gptqmodel"'),
        ({"quant_method": "compressed-tensors"}, "none", 'run "pip install compressed-tensors"'),
        ({"quant_method": "bitsandbytes"}, "4-bit", 'choose quantisation "none"'),
        ({"quant_method": "frobnicated"}, "none", "which is not known here"),
    ],
)
def test_weights_in_fewer_bits_say_what_they_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: dict[str, str], quantisation: str, says: str
) -> None:
    monkeypatch.setattr("patchmatters.backends.local.loading._installed", lambda name: False)
    with pytest.raises(ValueError, match=says):
        require_readable(inspect_folder(_model(tmp_path / "m", quantization_config=told)), quantisation, True)


def test_weights_for_a_gpu_are_refused_on_the_cpu_and_plain_ones_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patchmatters.backends.local.loading._installed", lambda name: True)
    files = inspect_folder(_model(tmp_path / "m", quantization_config={"quant_method": "fp8"}))
    require_readable(files, "none", True)
    with pytest.raises(ValueError, match="needs a GPU"):
        require_readable(files, "none", False)
    require_readable(inspect_folder(_model(tmp_path / "plain")), "4-bit", False)
