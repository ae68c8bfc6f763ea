"""Every node shows itself to the host: valid, with a tooltip on every widget and socket, from one description."""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PACK = Path(__file__).resolve().parents[2]
IDS = [
    "BuiltinModel",
    "Scorer",
    "Divide",
    "SemanticPatch",
    "Describe",
    "Compare",
    "Filter",
    "Merge",
    "Compose",
    "EnhanceCaption",
    "FitPrompt",
    "RegionalConditioning",
    "Regions",
    "Inspect",
    "SaveScene",
    "LoadScene",
    "LocalModel",
    "ClipModel",
    "Detect",
    "ApiModel",
    "JsonPrompt",
    "LoadImageFolder",
    "SaveCaptions",
    "ReadText",
    "CountObjects",
    "QuickCaption",
    "CollectCaptions",
]
each_node = pytest.mark.parametrize("node_id", [f"PatchMatters_{name}" for name in IDS])
_SOCKETS_AND_WIDGETS, _LAST = ("INT", "FLOAT", "STRING", "BOOLEAN"), "COMBO"


def _inputs(node: Any) -> dict[str, tuple[Any, dict[str, Any]]]:
    info = node.GET_NODE_INFO_V1()["input"]
    return {**info.get("required", {}), **info.get("optional", {})}


def test_the_registry_holds_every_node_by_its_id(nodes: dict[str, Any], part: Callable[[str], Any]) -> None:
    assert list(nodes) == [f"PatchMatters_{name}" for name in IDS]
    for_people = {name: node for name, node in nodes.items() if not node.GET_SCHEMA().is_dev_only}
    assert for_people == part("nodes.registry").NODE_CLASS_MAPPINGS


def test_the_entry_point_gives_all_nodes_and_no_old_mapping(pack: Any, nodes: dict[str, Any]) -> None:
    import asyncio

    extension = asyncio.run(pack.comfy_entrypoint())
    assert asyncio.run(extension.get_node_list()) == list(nodes.values())
    assert not hasattr(pack, "NODE_CLASS_MAPPINGS")
    assert pack.WEB_DIRECTORY == "./web"


@each_node
def test_a_schema_is_valid_and_plain_json(nodes: dict[str, Any], folders: Any, node_id: str) -> None:
    node = nodes[node_id]
    assert node.GET_SCHEMA().node_id == node_id
    info = node.GET_NODE_INFO_V1()
    assert json.loads(json.dumps(info)) == info or info["output_tooltips"] is not None
    assert info["category"].split("/")[0] == "PatchMatters"
    assert len(info["description"]) > 20
    assert info["display_name"]


@each_node
def test_every_input_and_output_explains_itself(nodes: dict[str, Any], folders: Any, node_id: str) -> None:
    node = nodes[node_id]
    for name, (_, extra) in _inputs(node).items():
        assert len(extra.get("tooltip", "")) > 10, f"{node_id}.{name}"
    for output in node.GET_SCHEMA().outputs:
        assert len(output.tooltip or "") > 10, f"{node_id}.{output.id}"


@each_node
def test_execute_takes_what_the_schema_offers(nodes: dict[str, Any], folders: Any, node_id: str) -> None:
    node = nodes[node_id]
    parameters = inspect.signature(node.execute).parameters
    takes_all = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
    required = {
        name for name, one in parameters.items() if one.default is one.empty and one.kind is not one.VAR_KEYWORD
    }
    offered = {one.id: one for one in node.GET_SCHEMA().inputs}
    assert takes_all or set(offered) == set(parameters)
    assert required <= {name for name, one in offered.items() if not one.optional}


@each_node
def test_widgets_come_after_sockets_and_lists_last(nodes: dict[str, Any], folders: Any, node_id: str) -> None:
    """Saved workflows keep widget values by position, and peer tools read them in this order.

    Widgets that came later are optional and stand after all others, because positions are for ever.
    """
    later = {one.id for one in nodes[node_id].GET_SCHEMA().inputs if one.optional and hasattr(one, "default")}

    def rank(kind: Any) -> int:
        if isinstance(kind, list) or kind == _LAST:
            return 2
        return 1 if kind in _SOCKETS_AND_WIDGETS else 0

    inputs = _inputs(nodes[node_id])
    ranks_of_all = [rank(kind) for kind, _ in inputs.values()]
    ranks = [place for name, place in zip(inputs, ranks_of_all, strict=True) if name not in later]
    assert [one for one in ranks if one] == sorted(one for one in ranks if one)
    widgets = [name for (name, _), place in zip(inputs.items(), ranks_of_all, strict=True) if place]
    assert {*widgets[len(widgets) - len(later) :]} == later


@each_node
def test_no_seed_starts_random(nodes: dict[str, Any], folders: Any, node_id: str) -> None:
    for name, (_, extra) in _inputs(nodes[node_id]).items():
        if name == "seed":
            assert extra["control_after_generate"] is False
            assert (extra["min"], extra["max"]) == (0, 2**63 - 1)


@each_node
def test_every_node_that_people_see_has_a_help_page(nodes: dict[str, Any], folders: Any, node_id: str) -> None:
    schema = nodes[node_id].GET_SCHEMA()
    page = PACK / "web" / "docs" / f"{node_id}.md"
    assert page.exists() is not schema.is_dev_only
    assert schema.is_dev_only or page.read_text(encoding="utf-8").startswith(f"# {schema.display_name}\n")


def test_widgets_are_the_options_of_the_settings(part: Callable[[str], Any]) -> None:
    from comfy_api.latest import io

    option = part("patchmatters.options").option

    @dataclasses.dataclass(frozen=True)
    class Example:
        share: float = option(0.5, "A share, 0 to 1.", minimum=0.0, maximum=1.0, step=0.1)
        count: int = option(3, "How many.", minimum=1, maximum=9)
        loud: bool = option(True, "Whether it is loud.", advanced=True)
        text: str = option("hello", "What to say.", multiline=True)
        way: str = option("b", "Which way.", choices=("a", "b"))

    made = part("nodes.widgets").widgets_for(Example)
    kinds = (io.Float.Input, io.Int.Input, io.Boolean.Input, io.String.Input, io.Combo.Input)
    assert [type(widget) for widget in made] == list(kinds)
    assert [widget.default for widget in made] == [0.5, 3, True, "hello", "b"]
    assert [widget.advanced for widget in made] == [None, None, True, None, None]
    assert (made[0].min, made[0].max, made[0].step) == (0.0, 1.0, 0.1)
    assert made[3].multiline
    assert made[4].options == ["a", "b"]


def test_settings_come_from_widgets_and_are_checked(part: Callable[[str], Any]) -> None:
    widgets, filtering = part("nodes.widgets"), part("patchmatters.semantic_filter")
    made = widgets.settings_from(filtering.FilterSettings, {"keep_score": 0.7, "scene": object()})
    assert made.keep_score == 0.7
    with pytest.raises(ValueError, match=r"keep_score is 7.*at most 1"):
        widgets.settings_from(filtering.FilterSettings, {"keep_score": 7})
