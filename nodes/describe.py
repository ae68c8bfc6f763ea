"""Stage 2 as a node: describe every patch several times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from comfy_api.latest import io

from ..patchmatters.describe import DescribeSettings, describe_each
from ..patchmatters.models import ChatModel
from ..patchmatters.scene import Scene
from .lists import through_stage
from .memory import borrowed
from .retry import unfinished_runs
from .types import STAGES, ChatModelSocket, ComfyMonitor, SceneSocket
from .widgets import settings_from, widgets_for

OTHERS = ("second_captioner", "third_captioner")


def other_captioners() -> list[io.Input]:
    """Sockets of captioners that share the candidates with the first."""
    tooltip = (
        "Another captioner, which shares the descriptions of a patch with the first: two models invent different "
        "things."
    )
    return [ChatModelSocket.Input(name, optional=True, tooltip=tooltip) for name in OTHERS]


class Describe(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_Describe",
            display_name="Describe Patches",
            category=STAGES,
            description="Lets the captioner describe the whole picture once and every patch several times.",
            search_aliases=["caption", "captioner", "image to text", "interrogate", "vlm"],
            is_input_list=True,
            hidden=[io.Hidden.unique_id],
            inputs=[
                SceneSocket.Input("scene", tooltip="Divided Scenes, from Divide into Patches."),
                ChatModelSocket.Input("chat_model", tooltip="The captioner; it must see images."),
                *other_captioners(),
                *widgets_for(DescribeSettings),
            ],
            outputs=[
                SceneSocket.Output(
                    "scene", is_output_list=True, tooltip="The Scenes with the descriptions of each patch."
                )
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, **_: Any) -> int:
        return unfinished_runs(cls.hidden.unique_id)

    @classmethod
    def execute(cls, **lists: Sequence[Any]) -> io.NodeOutput:
        return io.NodeOutput(through_stage(_described, lists))


def _described(scenes: Sequence[Scene], *, chat_model: ChatModel, **given: Any) -> Sequence[Scene]:
    others = [model for name in OTHERS if (model := given.pop(name, None)) is not None]
    settings = settings_from(DescribeSettings, given)
    with borrowed(chat_model, *others):
        return describe_each(scenes, chat_model, settings, ComfyMonitor(), others)
