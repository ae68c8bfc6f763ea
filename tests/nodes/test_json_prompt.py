"""Scene to JSON Prompt: what it gives to people, to models and to core's own layout nodes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from effort import examples

FORMS = ["ideogram", "flux3", "fibo", "plain", "elements"]


@pytest.fixture
def host_nodes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The table of the host's nodes, empty, as on a host that lacks core's layout nodes."""
    import sys
    from types import SimpleNamespace

    table: dict[str, Any] = {}
    monkeypatch.setitem(sys.modules, "nodes", SimpleNamespace(NODE_CLASS_MAPPINGS=table))
    return table


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_valid_and_one_per_scene(
    execute: Callable[..., Any], composed: tuple[Any, ...], part: Callable[[str], Any], host_nodes: Any, form: str
) -> None:
    faults = part("patchmatters.generate.json_prompts").faults
    prompts, elements, boxes, summaries, backgrounds, reports = execute("JsonPrompt", scene=composed[1], form=form)
    assert len(prompts) == len(elements) == len(boxes) == len(summaries) == len(backgrounds) == len(reports) == 2
    assert [faults(form, prompt) for prompt in prompts] == [[], []]
    for prompt, row, (frame,) in zip(prompts, elements, boxes, strict=True):
        assert [one["desc"] for one in row] == [box["metadata"]["desc"] for box in frame] != []
        if form == "elements":
            assert json.loads(prompt) == row


def test_an_older_host_is_told_which_version_brings_the_nodes(
    execute: Callable[..., Any], composed: tuple[Any, ...], host_nodes: dict[str, Any]
) -> None:
    report = execute("JsonPrompt", scene=composed[1])[5][0]
    assert "no Create Bounding Boxes" in report
    assert "update it to 0.28" in report
    host_nodes.update({"CreateBoundingBoxes": object, "BuildJsonPromptIdeogram": object})
    assert "update it" not in execute("JsonPrompt", scene=composed[1])[5][0]


def test_before_the_merge_the_remedy_is_named(
    execute: Callable[..., Any], described: Any, host_nodes: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="put Merge Descriptions before"):
        execute("JsonPrompt", scene=described)


def test_core_builds_the_same_json(
    execute: Callable[..., Any], composed: tuple[Any, ...], host_nodes: dict[str, Any]
) -> None:
    """Core's own nodes, where the host has them, make of our boxes what we write: box within 1/1000 and one pixel."""
    boxes_node = pytest.importorskip("comfy_extras.nodes_bounding_boxes")
    json_node = pytest.importorskip("comfy_extras.nodes_json_prompt")
    if not hasattr(boxes_node, "boxes_from_input"):
        pytest.skip("this ComfyUI is older than 0.28")
    prompts, elements, boxes, summaries, backgrounds, _ = execute("JsonPrompt", scene=composed[1])
    for prompt, row, frame, summary, background in zip(prompts, elements, boxes, summaries, backgrounds, strict=True):
        made = boxes_node.CreateBoundingBoxes.execute(160, 160, bboxes=frame).args[2]
        assert [{**one, "bbox": None} for one in made] == [{**one, "bbox": None} for one in row]
        for one, ours in zip(made, row, strict=True):
            assert all(abs(a - b) <= 1 + 1000 / 160 for a, b in zip(one["bbox"], ours["bbox"], strict=True))
        built = json_node.BuildJsonPromptIdeogram.execute(row, {"style": "none"}, summary, background).args[0]
        assert built == json.loads(prompt)


@settings(max_examples=examples(1000), deadline=None)
@given(edges=st.tuples(*[st.floats(0, 1, allow_nan=False)] * 4), width=st.integers(1000, 8000))
def test_cores_thousandths_are_within_one_of_the_box(
    part: Callable[[str], Any], edges: tuple[float, ...], width: int
) -> None:
    """Of any box of an element, in a picture of 1000 pixels a side or more; core's own functions make the figures."""
    boxes_node = pytest.importorskip("comfy_extras.nodes_bounding_boxes")
    Box, Element = part("patchmatters.scene").Box, part("patchmatters.generate").Element
    left, right = sorted(round(edge * width, 3) for edge in edges[:2])
    top, bottom = sorted(round(edge * 1000, 3) for edge in edges[2:])
    assume(right - left >= 1 and bottom - top >= 1)
    ours = part("nodes.types").element_box(Element(Box(left, top, right, bottom), "obj", "dog", "A dog."), width, 1000)
    (made,) = boxes_node.build_elements(boxes_node.boxes_to_regions([ours], width, 1000))
    exact = [top, 1000 * left / width, bottom, 1000 * right / width]
    assert max(abs(a - b) for a, b in zip(made["bbox"], exact, strict=True)) <= 1
    assert made["desc"] == "A dog."
