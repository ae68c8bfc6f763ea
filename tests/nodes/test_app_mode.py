"""What a workflow offers in app mode is there: widgets and output nodes of its own."""

from __future__ import annotations

import json
from pathlib import Path

PACK = Path(__file__).resolve().parents[2]


def test_app_mode_shows_widgets_and_outputs_that_the_workflow_has() -> None:
    shown = 0
    for path in sorted((PACK / "workflows").glob("*.json")):
        graph = json.loads(path.read_text(encoding="utf-8"))
        nodes = {node["id"]: node for node in graph["nodes"]}
        data = graph["extra"].get("linearData")
        if data is None:
            continue
        shown += 1
        for number, widget, *_ in data["inputs"]:
            slots = {slot["name"]: slot for slot in nodes[number]["inputs"]}
            assert "widget" in slots[widget], f"{path.name}: {widget}"
            assert slots[widget]["link"] is None, f"{path.name}: {widget} is set by a link"
        assert all(number in nodes for number in data["outputs"])
        assert data["outputs"]
    assert shown >= 1
