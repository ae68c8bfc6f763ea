"""Captioners and scorers as nodes. What a node returns is the loaded model: the host's cache keeps it."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from ..patchmatters.backends import CHAT_MODELS, SCORERS
from .types import MODELS, ChatModelSocket, ScorerSocket
from .widgets import settings_from, widgets_for

_BUILTIN = CHAT_MODELS["builtin"]
# What people read in the list of scorers, and the backend behind it.
_SCORER_NAMES = {"built-in" if name == "builtin" else name: name for name in SCORERS}


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


class ScorerLoader(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        helps = "; ".join(f"{shown}: {SCORERS[name].help}" for shown, name in _SCORER_NAMES.items())
        return io.Schema(
            node_id="PatchMatters_Scorer",
            display_name="Load Image-Text Scorer",
            category=MODELS,
            description="Loads a scorer, which measures how well a sentence agrees with a part of the picture.",
            search_aliases=["scorer", "clip score", "blip", "itm", "image text matching"],
            inputs=[
                io.Combo.Input(
                    "model", options=list(_SCORER_NAMES), default=next(iter(_SCORER_NAMES)), tooltip=f"{helps}."
                )
            ],
            outputs=[ScorerSocket.Output("scorer", tooltip="The scorer, for Filter Statements.")],
        )

    @classmethod
    def execute(cls, model: str) -> io.NodeOutput:
        entry = SCORERS[_SCORER_NAMES[model]]
        return io.NodeOutput(entry.create(entry.settings_class()()))
