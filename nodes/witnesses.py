"""Witnesses as nodes: who is heard about what captions say, before the scorer. Each takes those before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from comfy_api.latest import io

from ..patchmatters.backends.local.kinds import Kind
from ..patchmatters.witnesses import Witness
from ..patchmatters.witnesses.objects import ObjectSettings
from ..patchmatters.witnesses.objects import create as create_counter
from ..patchmatters.witnesses.text import TextSettings
from ..patchmatters.witnesses.text import create as create_reader
from .local_model import device_widget, keep_loaded_widget, known_model, model_list, on_device
from .memory import comfy_residence, model_roots
from .types import MODELS, ComfyMonitor, WitnessSocket, witnesses_input
from .widgets import settings_from, widgets_for

_BEFORE = "Other witnesses, which are heard as well."
_OWN = ("model", "device")  # asked for here in ComfyUI's way
_OUT = "The witnesses, for Filter Statements or Enhance Caption."


class ReadText(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_ReadText",
            display_name="Read Text",
            category=MODELS,
            description="A witness that reads what is written in the picture: misread words of a caption are put "
            "right, invented ones dropped, and large ones that nobody told are added. Needs the package rapidocr.",
            search_aliases=["ocr", "text", "sign", "rapidocr", "paddleocr", "witness"],
            inputs=[witnesses_input(_BEFORE), *widgets_for(TextSettings)],
            outputs=[WitnessSocket.Output("witnesses", tooltip=_OUT)],
        )

    @classmethod
    def execute(cls, witnesses: Sequence[Witness] = (), **widgets: Any) -> io.NodeOutput:
        return io.NodeOutput((*witnesses, create_reader(settings_from(TextSettings, widgets))))


class CountObjects(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        own = [widget for widget in widgets_for(ObjectSettings) if widget.id not in _OWN]
        return io.Schema(
            node_id="PatchMatters_CountObjects",
            display_name="Count Objects",
            category=MODELS,
            description="A witness that holds what a detector finds against a caption: wrong numbers, sides and "
            "colours are put right, and things that are not there are dropped. Of what it has no label for it says "
            "nothing.",
            search_aliases=["count", "detector", "rt-detr", "yolo", "colour", "color", "hallucination", "witness"],
            inputs=[
                witnesses_input(_BEFORE),
                *own,
                keep_loaded_widget(),
                model_list(
                    "model",
                    Kind.DETECTOR,
                    "Folders in models/LLM that hold a detector; then well-known ones, downloaded when chosen.",
                ),
                device_widget(),
            ],
            outputs=[WitnessSocket.Output("witnesses", tooltip=_OUT)],
        )

    @classmethod
    def validate_inputs(cls, model: str | None = None) -> bool | str:
        return known_model(Kind.DETECTOR, model)

    @classmethod
    def execute(
        cls, model: str, device: str, keep_loaded: bool, witnesses: Sequence[Witness] = (), **widgets: Any
    ) -> io.NodeOutput:
        settings = settings_from(ObjectSettings, on_device(widgets | {"model": model}, device))
        loading = {"residence": comfy_residence(keep_loaded), "roots": model_roots(), "monitor": ComfyMonitor()}
        return io.NodeOutput((*witnesses, create_counter(settings, **loading)))
