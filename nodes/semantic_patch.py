"""The optional part of stage 1 as a node: a patch around the main objects."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from ..patchmatters.backends.base import ChatModel
from ..patchmatters.semantic_patch import SemanticPatchSettings, add_semantic_patch
from .memory import borrowed
from .types import STAGES, ChatModelSocket, ComfyMonitor, SceneBatch, SceneSocket
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
            inputs=[
                SceneSocket.Input("scene", tooltip="Divided Scenes, from Divide into Patches with boxes connected."),
                ChatModelSocket.Input(
                    "chat_model", tooltip="Writes the short caption and picks the labels that it names."
                ),
                *widgets_for(SemanticPatchSettings),
            ],
            outputs=[SceneSocket.Output("scene", tooltip="The Scenes with the patch of the main objects.")],
        )

    @classmethod
    def execute(cls, scene: SceneBatch, chat_model: ChatModel, **widgets: Any) -> io.NodeOutput:
        settings = settings_from(SemanticPatchSettings, widgets)
        with borrowed(chat_model):
            return io.NodeOutput(SceneBatch(add_semantic_patch(scene, chat_model, settings, ComfyMonitor())))
