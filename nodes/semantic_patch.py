"""The optional part of stage 1 as a node: a patch around the main objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from comfy_api.latest import io

from ..patchmatters.divide.semantic_patch import SemanticPatchSettings, add_semantic_patch_each
from ..patchmatters.models import ChatModel
from ..patchmatters.scene import Scene
from .lists import through_stage
from .memory import borrowed
from .retry import unfinished_runs
from .types import STAGES, ChatModelSocket, ComfyMonitor, SceneSocket
from .widgets import settings_from, widgets_for


class SemanticPatch(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_SemanticPatch",
            display_name="Add Semantic Patch",
            category=STAGES,
            description="Adds a patch around the main objects: those detections that a short caption of the whole "
            "picture names. Needs detections with labels.",
            search_aliases=["main object", "subject patch", "semantic patch", "caption"],
            is_input_list=True,
            hidden=[io.Hidden.unique_id],
            inputs=[
                SceneSocket.Input("scene", tooltip="Divided Scenes, from Divide into Patches with boxes connected."),
                ChatModelSocket.Input(
                    "chat_model", tooltip="Writes the short caption and picks the labels that it names."
                ),
                *widgets_for(SemanticPatchSettings),
            ],
            outputs=[
                SceneSocket.Output(
                    "scene", is_output_list=True, tooltip="The Scenes with the patch of the main objects."
                )
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, **_: Any) -> int:
        return unfinished_runs(cls.hidden.unique_id)

    @classmethod
    def execute(cls, **lists: Sequence[Any]) -> io.NodeOutput:
        return io.NodeOutput(through_stage(_with_semantic_patch, lists))


def _with_semantic_patch(scenes: Sequence[Scene], *, chat_model: ChatModel, **widgets: Any) -> Sequence[Scene]:
    settings = settings_from(SemanticPatchSettings, widgets)
    with borrowed(chat_model):
        return add_semantic_patch_each(scenes, chat_model, settings, ComfyMonitor())
