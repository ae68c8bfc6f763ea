"""The built-in captioner as a node. What it returns is the model: the host's cache keeps it."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from ..patchmatters.backends import CHAT_MODELS
from .types import MODELS, ChatModelSocket
from .widgets import settings_from, widgets_for

_BUILTIN = CHAT_MODELS["builtin"]


class BuiltinModel(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_BuiltinModel",
            display_name="Built-in Captioner",
            category=MODELS,
            description="A captioner without weights: it measures colours, light, sharpness and layout, and says them "
            "in sentences. It names no objects. Made for trying a graph offline, in a second.",
            search_aliases=["captioner", "offline", "no model", "colour", "color"],
            inputs=widgets_for(_BUILTIN.settings_class()),
            outputs=[ChatModelSocket.Output("chat_model", tooltip="The built-in captioner.")],
        )

    @classmethod
    def execute(cls, **widgets: Any) -> io.NodeOutput:
        return io.NodeOutput(_BUILTIN.create(settings_from(_BUILTIN.settings_class(), widgets)))
