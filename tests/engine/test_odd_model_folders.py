"""Model folders with odd values in their files are listed nowhere or refused in a sentence, never a traceback."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from patchmatters.backends.local.kinds import Kind, kind_of, lacking, offered
from patchmatters.weights.model_files import inspect_folder

TENSOR = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


def folder(root: Path, config: str = "{}", header: str = json.dumps({"a": TENSOR})) -> Path:
    made = root / "model"
    made.mkdir(parents=True)
    (made / "config.json").write_text(config, encoding="utf-8")
    packed = header.encode()
    (made / "model.safetensors").write_bytes(struct.pack("<Q", len(packed)) + packed + bytes(4))
    return made


@pytest.mark.parametrize(
    "config",
    [
        '{"architectures": 5}', '{"architectures": "LlavaForConditionalGeneration"}', '{"architectures": {"a": 1}}',
        '{"architectures": [5, null]}', '{"architectures": true}', "[]", "5", "null", "", "{",
        '{"a":' * 50_000 + "1" + "}" * 50_000, "[" * 100_000,
    ],
    ids=range(12),
)  # fmt: skip
def test_an_odd_configuration_is_listed_nowhere(tmp_path: Path, config: str) -> None:
    made = folder(tmp_path, config)
    assert kind_of(made) is None
    assert all(name != "model" for kind in Kind for name in offered(kind, [tmp_path]))
    try:
        assert all(isinstance(name, str) for name in inspect_folder(made).architectures)
    except ValueError as error:
        assert str(made) in str(error)
        assert str(error).endswith("download the file again.")


@pytest.mark.parametrize(
    "tensor",
    [
        '{"shape": [1], "data_offsets": [0, Infinity]}',
        '{"shape": [Infinity], "data_offsets": [0, 4]}',
        '{"shape": [1e400], "data_offsets": [0, 4]}',
        '{"shape": [NaN], "data_offsets": [0, 4]}',
        '{"shape": ["1"], "data_offsets": [0, 4]}',
        '{"shape": 5, "data_offsets": [0, 4]}',
        '{"shape": [1], "data_offsets": [0]}',
        '{"shape": [1], "data_offsets": null}',
        "5",
        "[" * 50_000 + "]" * 50_000,
    ],
    ids=range(10),
)
def test_an_odd_header_is_a_sentence(tmp_path: Path, tensor: str) -> None:
    made = folder(tmp_path, header=f'{{"a": {tensor}}}')
    with pytest.raises(ValueError, match="has a damaged header: download it again"):
        inspect_folder(made)


def test_a_model_of_a_workflow_is_lacking_unless_it_is_here_or_well_known(tmp_path: Path) -> None:
    folder(tmp_path / "llava-v1.6-mistral-7b-hf")
    for known in ("llava-hf/llava-1.5-7b-hf", "llava-v1.6-mistral-7b-hf/model", "anybody/model"):
        assert lacking(Kind.CHAT, known, [tmp_path / "llava-v1.6-mistral-7b-hf", tmp_path]) == ""
    for unknown in ("", "nobody/else", "../outside", str(tmp_path), "\\\\server\\share"):
        assert lacking(Kind.CHAT, unknown, [tmp_path]).startswith(f"There is no model {unknown!r} in models/LLM")
