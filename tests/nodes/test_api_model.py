"""API Captioner takes a provider by its title or its name, and says so where there is none."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("openai", reason="the official SDK is not installed (optional extra: api)")


def _run(nodes: dict[str, Any], inputs: dict[str, Any]) -> Any:
    """As the host runs it when it does not list the provider: the argument is missing, the workflow is at hand."""
    from comfy_api.latest import io

    hidden = {io.Hidden.prompt: {"7": {"inputs": inputs}}, io.Hidden.unique_id: "7"}
    node = nodes["PatchMatters_ApiModel"].PREPARE_CLASS_CLONE({"hidden_inputs": hidden})
    return node.execute(cache=False)


@pytest.mark.parametrize("name", ["custom", "custom server"])
def test_a_provider_may_be_called_as_on_the_command_line(nodes: dict[str, Any], name: str) -> None:
    inputs = {"provider": name, "provider.base_url": "http://127.0.0.1:9", "provider.other_model": "some-model"}
    (model,) = _run(nodes, inputs).result
    assert "some-model (custom server" in model.name


@pytest.mark.parametrize("name", ["of the future", "", None, 5, ["OpenAI"]])
def test_an_unknown_provider_is_told_in_a_sentence(nodes: dict[str, Any], name: Any) -> None:
    with pytest.raises(ValueError, match=r"There is no provider .*choose one of: OpenAI, Claude"):
        _run(nodes, {"provider": name})


def test_a_workflow_without_a_provider_is_told_in_a_sentence(nodes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="There is no provider None"):
        _run(nodes, {})
