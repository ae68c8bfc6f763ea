"""Write the subgraph blueprint "Enhance Caption" in `subgraphs/`: `python scripts/make_blueprint.py`.

The stages as nodes inside one, so that people can open it and change what they like. The nodes and their places come
from `make_workflows.py`; what they need from outside becomes the blueprint's inputs.
"""

from __future__ import annotations

import json
import sys
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import make_workflows as flat
from host.comfy_server import Host, Server, find_host, prepare_base

ROOT = Path(__file__).resolve().parents[1]
NAME = "Enhance Caption"
DESCRIPTION = (
    "Captions pictures in more detail and with less hallucination: the stages of PatchMatters, open to be changed."
)
IN, OUT = -10, -20  # the ids by which the frontend knows a subgraph's own inputs and outputs
WRITERS = ("compare", "merge", "compare_across", "merge_across", "compose")
# name of an input of the blueprint -> type, and the inputs of the stages that it feeds
INPUTS: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "image": ("IMAGE", (("divide", "image"),)),
    "chat_model": ("PATCHMATTERS_CHAT_MODEL", (("describe", "chat_model"),)),
    "scorer": ("PATCHMATTERS_SCORER", (("filter", "scorer"), ("filter_across", "scorer"))),
    "bboxes": ("BOUNDING_BOX", (("divide", "bboxes"),)),
    "text_model": ("PATCHMATTERS_CHAT_MODEL", tuple((name, "chat_model") for name in WRITERS)),
    "candidates": ("INT", (("describe", "candidates"),)),
    "keep_score": ("FLOAT", (("filter", "keep_score"), ("filter_across", "keep_score"))),
}
OUTPUTS = {"caption": "STRING", "scene": "PATCHMATTERS_SCENE"}  # both of the last stage
WIDGETS = ("candidates", "keep_score")


def main() -> None:
    host = find_host()
    if not isinstance(host, Host):
        sys.exit(host)
    with tempfile.TemporaryDirectory() as base, Server(host, prepare_base(Path(base), host)) as server:
        made = blueprint(server.get("/object_info"))
    target = ROOT / "subgraphs" / f"{NAME}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8", newline="\n")
    print(f"{target.name}: {len(made['definitions']['subgraphs'][0]['nodes'])} nodes")


def blueprint(info: Mapping[str, Any]) -> dict[str, Any]:
    """A workflow that consists of one node, with the subgraph that it stands for."""
    subgraph = subgraph_of(info)
    node = {
        "id": 1,
        "type": subgraph["id"],
        "title": NAME,
        "pos": [0, 0],
        "size": [360, 260],
        "flags": {},
        "order": 0,
        "mode": 0,
        "inputs": [outer_input(slot) for slot in subgraph["inputs"]],
        "outputs": [{"name": slot["name"], "type": slot["type"], "links": []} for slot in subgraph["outputs"]],
        "properties": {"proxyWidgets": []},
        "widgets_values": [],
    }
    return {
        "revision": 0,
        "last_node_id": 1,
        "last_link_id": 0,
        "nodes": [node],
        "links": [],
        "version": 0.4,
        "definitions": {"subgraphs": [subgraph]},
        "extra": {"BlueprintDescription": DESCRIPTION, "BlueprintSearchAliases": ["caption", "prompt", "describe"]},
    }


def outer_input(slot: Mapping[str, Any]) -> dict[str, Any]:
    made = {"name": slot["name"], "type": slot["type"], "link": None}
    return made | ({"widget": {"name": slot["name"]}} if slot["name"] in WIDGETS else {})


def subgraph_of(info: Mapping[str, Any]) -> dict[str, Any]:
    """The stages with their links, and the links to the subgraph's inputs and outputs."""
    outside = {"picture", "captioner", "scorer"}
    stages = tuple(
        replace(node, links={name: source for name, source in node.links.items() if source not in outside})
        for node in flat.steps(x=0)
    )
    made = flat.workflow("blueprint", flat.Graph(stages, flat.STEP_GROUPS[1:]), info)
    nodes = {stage.name: node for stage, node in zip(stages, made["nodes"], strict=True)}
    links = [dict(zip(LINK, link, strict=True)) for link in made["links"]]
    inputs = [input_slot(place, name, nodes, links) for place, name in enumerate(INPUTS)]
    outputs = [output_slot(place, name, nodes["compose"], links) for place, name in enumerate(OUTPUTS)]
    state = {"lastGroupId": len(made["groups"]), "lastNodeId": len(nodes), "lastLinkId": len(links)}
    return {
        "id": identity("subgraph"),
        "version": 1,
        "state": {**state, "lastRerouteId": 0},
        "revision": 0,
        "config": {},
        "name": NAME,
        "inputNode": {"id": IN, "bounding": [-260, 60, 140, 40 + 20 * len(inputs)]},
        "outputNode": {"id": OUT, "bounding": [1680, 60, 140, 40 + 20 * len(outputs)]},
        "inputs": inputs,
        "outputs": outputs,
        "widgets": [],
        "nodes": list(nodes.values()),
        "groups": made["groups"],
        "links": links,
        "extra": {},
        "category": "PatchMatters",
        "description": DESCRIPTION,
    }


LINK = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")


def input_slot(place: int, name: str, nodes: Mapping[str, Any], links: list[dict[str, Any]]) -> dict[str, Any]:
    """An input of the subgraph; its links are added to `links` and to the nodes that they lead to."""
    kind, targets = INPUTS[name]
    for stage, inner in targets:
        slots = nodes[stage]["inputs"]
        slot = next(number for number, one in enumerate(slots) if one["name"] == inner)
        slots[slot]["link"] = len(links) + 1
        links.append(dict(zip(LINK, (len(links) + 1, IN, place, nodes[stage]["id"], slot, kind), strict=True)))
    mine = [link["id"] for link in links if (link["origin_id"], link["origin_slot"]) == (IN, place)]
    return {
        "id": identity(f"input {name}"),
        "name": name,
        "type": kind,
        "linkIds": mine,
        "pos": [-140, 80 + 20 * place],
    }


def output_slot(place: int, name: str, last: dict[str, Any], links: list[dict[str, Any]]) -> dict[str, Any]:
    """An output of the subgraph, which the last stage's output of that name gives."""
    origin = next(number for number, one in enumerate(last["outputs"]) if one["name"] == name)
    number = len(links) + 1
    last["outputs"][origin]["links"] = [number]
    links.append(dict(zip(LINK, (number, last["id"], origin, OUT, place, OUTPUTS[name]), strict=True)))
    kind = OUTPUTS[name]
    return {
        "id": identity(f"output {name}"),
        "name": name,
        "type": kind,
        "linkIds": [number],
        "pos": [1700, 80 + 20 * place],
    }


def identity(part: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"comfyui-patchmatters/blueprint/{part}"))


if __name__ == "__main__":
    main()
