"""ComfyUI's own text generation as a captioner."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from ..patchmatters.backends.clip_chat import ClipChat
from .types import MODELS, ChatModelSocket


class ClipModel(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_ClipModel",
            display_name="Captioner from CLIP",
            category=MODELS,
            description="Captions with a text encoder that ComfyUI itself has loaded and that can see and write: "
            "Qwen3-VL, Qwen3.5, Gemma 3 or 4. Its memory stays ComfyUI's; one patch is described at a time.",
            search_aliases=["captioner", "qwen", "gemma", "text generate", "clip"],
            inputs=[io.Clip.Input("clip", tooltip="From Load CLIP: the text encoder of a vision-language model.")],
            outputs=[ChatModelSocket.Output("chat_model", tooltip="The model, for every stage that asks one.")],
        )

    @classmethod
    def execute(cls, clip: Any) -> io.NodeOutput:
        return io.NodeOutput(ClipChat(clip))
