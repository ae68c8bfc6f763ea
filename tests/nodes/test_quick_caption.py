"""What Quick Caption expands into, without a server: the models, and the stages of Enhance Caption."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Parts = Callable[[str], Any]


def _expanded(part: Parts, model: str) -> dict[str, dict[str, Any]]:
    """The nodes of the expansion by class, without the pack's prefix; of several of a class the last."""
    from comfy_execution.graph_utils import GraphBuilder

    graph = GraphBuilder()
    links = {"image": ["1", 0], "seed": 5} | part("nodes.quick_caption")._models(graph, model)
    output = part("nodes.enhance").Expansion(graph, links).captions(part("patchmatters.pipeline").PRESETS["careful"])
    return {
        node["class_type"].removeprefix("PatchMatters_"): node["inputs"] | {"id": name}
        for name, node in output.expand.items()
    }


def test_the_small_captioner_comes_with_the_small_scorer(part: Parts) -> None:
    kinds, nodes = part("patchmatters.backends.local.kinds"), _expanded(part, "small")
    captioner, scorer = nodes["LocalModel"], nodes["Scorer"]
    assert captioner["model"] == kinds.SMALL_CAPTIONER and captioner["device"] == "default"
    assert scorer["model"] == kinds.SMALL_SCORER and "chat_model" not in scorer
    assert nodes["Describe"]["chat_model"] == [captioner["id"], 0] and nodes["Describe"]["seed"] == 5
    assert nodes["Filter"]["scorer"] == [scorer["id"], 0]
    assert not any("chat_model" in nodes[name] for name in ("Compare", "Merge", "Compose")), "too small to write"
    assert nodes["Divide"]["image"] == ["1", 0] and "CollectCaptions" in nodes


def test_another_captioner_judges_its_own_statements(part: Parts) -> None:
    nodes = _expanded(part, "llava-hf/llava-1.5-7b-hf")
    assert nodes["Scorer"]["model"] == "chat model as judge"
    assert nodes["Scorer"]["chat_model"] == nodes["Merge"]["chat_model"] == [nodes["LocalModel"]["id"], 0]


def test_one_that_follows_no_instructions_is_checked_by_agreement_only(
    part: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("transformers", reason="local models need transformers")
    from engine import tiny_models

    tiny_models.blip_captioner(tmp_path / "blip")
    monkeypatch.setattr(part("nodes.quick_caption"), "model_roots", lambda: [tmp_path])
    nodes = _expanded(part, "blip")
    assert "Scorer" not in nodes and "scorer" not in nodes["Filter"] and "chat_model" not in nodes["Merge"]


def test_all_inputs_of_the_loader_are_given(part: Parts, nodes: dict[str, Any]) -> None:
    """The host does not fill in defaults inside an expansion."""
    required = nodes["PatchMatters_LocalModel"].GET_NODE_INFO_V1()["input"]["required"]
    assert set(required) <= set(_expanded(part, "small")["LocalModel"])


@pytest.mark.parametrize(("model", "known"), [(["small"], True), ([None], True), (["nobody/unknown"], False)])
def test_a_model_that_cannot_be_had_is_refused_before_the_graph_runs(
    nodes: dict[str, Any], model: list[str | None], known: bool
) -> None:
    assert (nodes["PatchMatters_QuickCaption"].validate_inputs(model) is True) == known
