"""What the frontend draws of the shipped workflows: here without a browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

WORKFLOWS = sorted((Path(__file__).resolve().parents[2] / "workflows").glob("*.json"))
LETTER = 13.2  # pixels of a letter of a group's title, as the frontend draws it at its usual size, 24
MARGIN = 20  # pixels around it


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_groups_title_ends_within_its_group(path: Path) -> None:
    """A longer one runs into the title of the group beside it."""
    for group in json.loads(path.read_text(encoding="utf-8"))["groups"]:
        assert len(group["title"]) * LETTER + MARGIN <= group["bounding"][2], group["title"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_app_mode_offers_is_in_the_graph(path: Path) -> None:
    graph = json.loads(path.read_text(encoding="utf-8"))
    nodes = {node["id"] for node in graph["nodes"]}
    form = graph["extra"].get("linearData", {"inputs": [], "outputs": []})
    assert {node for node, _ in form["inputs"]} | set(form["outputs"]) <= nodes
    assert bool(form["inputs"]) == bool(form["outputs"])
