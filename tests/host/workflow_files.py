"""The workflows that the pack ships, and a small converter from the frontend's format to the server's.

It knows what our own flat workflows hold: links, plain widgets, the seed control and the upload button. The browser
tests compare its result with the frontend's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from host.comfy_server import PACK, Host, Server, find_host

SHIPPED = sorted((PACK / "workflows").glob("*.json"))
_NEWER = {"reference_to_layout_prompt": "nodes_json_prompt.py"}  # what an older ComfyUI lacks
_OPENING = "COMFY_DYNAMICCOMBO_V3"  # a choice that opens further inputs
_LISTS = ("BOUNDING_BOXES", "COLORS")  # widgets whose value is a list: the server takes it wrapped
_WIDGETS = ("INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", _OPENING, *_LISTS)
# nodes that need a download
_LOADERS = ("CheckpointLoaderSimple", "UNETLoader", "CLIPLoader", "DualCLIPLoader", "VAELoader")
# nodes that would start a download, or ask a server, themselves
_DOWNLOADERS = ("PatchMatters_QuickCaption", "PatchMatters_LocalModel", "PatchMatters_Detect", "PatchMatters_ApiModel")
_SEEDS = ("seed", "noise_seed")  # the frontend puts a control after these unless they say otherwise


def _opens_here(path: Path) -> bool:
    """Whether the host under test is new enough for a workflow; without a host nothing is run anyway."""
    host = find_host()
    wanted = _NEWER.get(path.stem)
    return wanted is None or (isinstance(host, Host) and (host.path / "comfy_extras" / wanted).exists())


WORKFLOWS = [path for path in SHIPPED if _opens_here(path)]


def read_workflow(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def needs_weights(graph: Mapping[str, Any]) -> list[str]:
    """The ids of the nodes that load weights which nobody has by default."""
    return [str(node["id"]) for node in graph["nodes"] if node["type"] in _LOADERS or node["type"] in _DOWNLOADERS]


def downloads(graph: Mapping[str, Any]) -> bool:
    """Whether running the graph would download models, or ask a server for money."""
    return any(node["type"] in _DOWNLOADERS for node in graph["nodes"])


def workflow(stem: str) -> Path:
    """The workflow called `stem`."""
    return next(path for path in WORKFLOWS if path.stem == stem)


def save_scenes(server: Server) -> None:
    """Run the workflow whose Scenes another one loads, where it has not run yet."""
    if not list((server.base / "output").glob("patchmatters/*.json")):
        run = server.run(api_prompt(read_workflow(workflow("caption_batch")), server.get("/object_info")))
        assert run.status == "success", run.message


def api_prompt(graph: Mapping[str, Any], object_info: Mapping[str, Any]) -> dict[str, Any]:
    """The workflow as the server takes it: node id -> class_type and inputs."""
    sources = {link[0]: [str(link[1]), link[2]] for link in graph["links"]}
    return {str(node["id"]): _api_node(node, object_info[node["type"]], sources) for node in graph["nodes"]}


def _api_node(node: Mapping[str, Any], info: Mapping[str, Any], sources: Mapping[int, list[Any]]) -> dict[str, Any]:
    values = dict(zip(saved_widgets(info), node.get("widgets_values", []), strict=True))
    inputs = {
        name: {"__value__": value} if isinstance(value, list) else value
        for name, value in values.items()
        if name is not None
    }
    inputs |= {one["name"]: sources[one["link"]] for one in node["inputs"] if one.get("link") is not None}
    return {"class_type": node["type"], "inputs": inputs}


def saved_widgets(info: Mapping[str, Any]) -> list[str | None]:
    """The input of each saved widget value, in order; None for a control that the server does not see."""
    return [
        saved
        for name, spec in node_inputs(info)
        if is_widget(spec)
        for saved in (name, *(None for _ in controls_after(name, spec)))
    ]


def node_inputs(info: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """(name, specification) of every input of a node, as /object_info tells them; of a choice with its first opened."""
    for group in ("required", "optional"):
        for name, spec in info["input"].get(group, {}).items():
            yield from _opened(name, spec) if spec[0] == _OPENING else [(name, spec)]


def _opened(name: str, spec: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """A choice that opens further inputs, and the inputs that its first option opens."""
    first, *_ = options = spec[1]["options"]
    yield name, [spec[0], {"options": [option["key"] for option in options]}]
    for group in first["inputs"].values():
        yield from ((f"{name}.{inner}", one) for inner, one in group.items())


def widget_options(spec: list[Any]) -> Mapping[str, Any]:
    return spec[1] if len(spec) > 1 else {}


def is_widget(spec: list[Any]) -> bool:
    """Whether the frontend gives the input a widget."""
    return (isinstance(spec[0], list) or spec[0] in _WIDGETS) and not widget_options(spec).get("forceInput")


def controls_after(name: str, spec: list[Any]) -> list[str]:
    """Values of the controls that the frontend adds after a widget and saves with it."""
    options = widget_options(spec)
    controlled = spec[0] == "INT" and options.get("control_after_generate", name in _SEEDS)
    return [*(["fixed"] if controlled else []), *(["image"] if options.get("image_upload") else [])]
