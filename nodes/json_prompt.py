"""A Scene as the structured prompt of an image model, and as what core's own layout nodes read."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from ..patchmatters.generate import (
    FORMS,
    IDEOGRAM,
    Layout,
    LayoutSettings,
    elements_of,
    json_prompt,
    layout_of,
    prompt_report,
)
from ..patchmatters.scene import Scene
from .types import PROMPTS, SceneBatch, SceneSocket, element_box
from .widgets import settings_from, widgets_for

ArraySocket = io.Custom("ARRAY")  # core has it by this name from 0.27 on
_CORE_NODES = {
    "CreateBoundingBoxes": "Create Bounding Boxes",
    "BuildJsonPromptIdeogram": "Build JSON Prompt (Ideogram)",
}
_SINCE = "0.28"


class SceneToJsonPrompt(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_JsonPrompt",
            display_name="Scene to JSON Prompt",
            category=PROMPTS,
            description="Writes what was verified of a picture as the layout prompt of an image model: every object "
            "with its box, words and colours, and every text to be read, before a background.",
            search_aliases=["ideogram", "flux 3", "fibo", "moss", "layout prompt", "bounding boxes", "structured"],
            inputs=[
                SceneSocket.Input("scene", tooltip="Merged or composed Scenes, with their pictures for the colours."),
                *widgets_for(LayoutSettings),
                io.Combo.Input(
                    "form",
                    options=list(FORMS),
                    default=IDEOGRAM,
                    tooltip="Whose prompt: Ideogram 4, FLUX 3 Image, FIBO, plain sentences, or the bare elements for "
                    "core's layout nodes.",
                ),
            ],
            outputs=[
                io.String.Output("prompt", is_output_list=True, tooltip="The prompts: a list, one per Scene."),
                ArraySocket.Output(
                    "elements",
                    is_output_list=True,
                    tooltip="For core's Build JSON Prompt and its layout nodes for FLUX 3 and MOSS-Image: a list of "
                    "elements per Scene.",
                ),
                io.BoundingBox.Output(
                    "bboxes",
                    is_output_list=True,
                    tooltip="The same as boxes in pixels, for core's Create Bounding Boxes: a list, one per Scene.",
                ),
                io.String.Output(
                    "summary", is_output_list=True, tooltip="For a high_level_description: a text per Scene."
                ),
                io.String.Output(
                    "background", is_output_list=True, tooltip="What stands behind the elements: a text per Scene."
                ),
                io.String.Output(
                    "report",
                    is_output_list=True,
                    tooltip="For people, a text per Scene: which statement gave which field, and what was left out.",
                ),
            ],
        )

    @classmethod
    def execute(cls, scene: SceneBatch, form: str, **widgets: Any) -> io.NodeOutput:
        settings = settings_from(LayoutSettings, widgets)
        note = core_note()
        rows = [_given_up(one) if one.problem else _row(layout_of(one, settings), form, note) for one in scene]
        return io.NodeOutput(*map(list, zip(*rows, strict=True)))


Row = tuple[str, list[dict[str, Any]], list[list[dict[str, Any]]], str, str, str]  # one Scene's part of each output


def _row(layout: Layout, form: str, note: str) -> Row:
    prompt = json_prompt(layout, form)
    report = "\n".join(filter(None, [prompt_report(prompt), note]))
    return prompt.text, elements_of(layout), [boxes_of(layout)], layout.summary, layout.background, report


def _given_up(scene: Scene) -> Row:
    """A picture without a caption keeps its place in every list."""
    return "", [], [[]], "", "", scene.problem


def boxes_of(layout: Layout) -> list[dict[str, Any]]:
    """The elements as core's bounding boxes."""
    return [element_box(one, layout.width, layout.height) for one in layout.elements]


def core_note() -> str:
    """Which of core's layout nodes this ComfyUI lacks, and which version brings them; empty where it has them."""
    import nodes

    lacking = [name for node_id, name in _CORE_NODES.items() if node_id not in nodes.NODE_CLASS_MAPPINGS]
    if not lacking:
        return ""
    return f"This ComfyUI has no {' and no '.join(lacking)}: update it to {_SINCE} or later to go on with the boxes."
