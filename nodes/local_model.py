"""Captioners and language models of local weights as a node. Its output is the model: the host's cache keeps it."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from ..patchmatters.backends.local.kinds import Kind, lacking, needs, offered
from ..patchmatters.backends.transformers_chat import TransformersSettings, create
from .memory import comfy_residence, compute_device, model_roots
from .types import MODELS, ChatModelSocket, ComfyMonitor
from .widgets import settings_from, widgets_for

_OWN = ("model", "device")  # asked for here in ComfyUI's way
_ON_CPU = "cpu"


def keep_loaded_widget() -> io.Input:
    return io.Boolean.Input(
        "keep_loaded",
        default=True,
        tooltip="Leave the weights in VRAM until another model needs the place. Off: they leave it as soon as a node "
        "is done with all its patches, and are loaded again by the next.",
    )


def model_list(name: str, kind: Kind, tooltip: str) -> io.Input:
    """What lies below the model folders, and well-known models that are downloaded when chosen, and what those need."""
    options = offered(kind, model_roots())
    return io.Combo.Input(name, options=options, default=options[0], tooltip=f"{tooltip} {needs(kind)}")


def known_model(kind: Kind, name: str | None, *more: str) -> bool | str:
    """For `validate_inputs`: whether a model can be had, or why not. What comes over a link is not known yet."""
    return name is None or name in more or not (why := lacking(kind, name, model_roots())) or why


def device_widget(optional: bool = False) -> io.Input:
    return io.Combo.Input(
        "device",
        options=["default", _ON_CPU],
        default="default",
        optional=optional,
        tooltip="Where to compute: where ComfyUI does, or on the CPU (slow, but it takes no VRAM).",
        advanced=True,
    )


def on_device(widgets: dict[str, Any], device: str) -> dict[str, Any]:
    """The widgets with the name of ComfyUI's own device."""
    return widgets | {"device": compute_device(on_cpu=device == _ON_CPU)}


class LocalModel(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        own = [widget for widget in widgets_for(TransformersSettings) if widget.id not in _OWN]
        lists = [widget for widget in own if isinstance(widget, io.Combo.Input)]
        return io.Schema(
            node_id="PatchMatters_LocalModel",
            display_name="Load Local Captioner",
            category=MODELS,
            description="A vision-language model (LLaVA, Qwen-VL, SmolVLM, Mini-Gemini ...) or a language model from "
            "models/LLM. Nothing leaves this machine. The same model may describe, compare and write.",
            search_aliases=["llava", "qwen", "vlm", "llm", "captioner", "transformers", "hugging face"],
            inputs=[
                *(widget for widget in own if widget not in lists),
                keep_loaded_widget(),
                model_list(
                    "model",
                    Kind.CHAT,
                    "Folders in models/LLM with safetensors; then well-known models, which are downloaded to "
                    "models/LLM when chosen. A folder that is there is never looked up on the network.",
                ),
                *lists,
                device_widget(),
            ],
            outputs=[ChatModelSocket.Output("chat_model", tooltip="The model, for every stage that asks one.")],
        )

    @classmethod
    def validate_inputs(cls, model: str | None = None) -> bool | str:
        return known_model(Kind.CHAT, model)

    @classmethod
    def execute(cls, model: str, device: str, keep_loaded: bool, **widgets: Any) -> io.NodeOutput:
        settings = settings_from(TransformersSettings, on_device(widgets | {"model": model}, device))
        return io.NodeOutput(create(settings, comfy_residence(keep_loaded), model_roots(), ComfyMonitor()))
