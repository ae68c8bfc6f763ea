"""Stage 4 as nodes: merge kept statements into descriptions, and descriptions into the caption."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from comfy_api.latest import io

from ..patchmatters.aggregate import ComposeSettings, MergeSettings, compose_each, merge
from ..patchmatters.folder.command_options import LONG, STYLES
from ..patchmatters.folder.forms import FormSettings, write_captions
from ..patchmatters.models import ChatModel
from ..patchmatters.scene import Scene
from .lists import calls_of, through_stage
from .memory import borrowed
from .types import STAGES, ChatModelSocket, ComfyMonitor, SceneBatch, SceneSocket
from .widgets import settings_from, widgets_for

_WRITER = (
    "A model that follows instructions, to write the text. Unconnected: kept sentences are put together as they are."
)
_STYLE = (
    "How the caption is given out: long (all sentences), short (the surest few, of what matters), or tags. The Scene "
    "keeps all sentences, so another style costs no call."
)


class Merge(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_Merge",
            display_name="Merge Descriptions",
            category=STAGES,
            description="Writes one description per patch, or per region of overlapping patches, from kept statements.",
            search_aliases=["merge captions", "summarise", "aggregate", "rewrite"],
            inputs=[
                SceneSocket.Input("scene", tooltip="Filtered Scenes, from Filter Statements."),
                ChatModelSocket.Input("chat_model", optional=True, tooltip=_WRITER),
                *widgets_for(MergeSettings),
            ],
            outputs=[SceneSocket.Output("scene", tooltip="The Scenes with one description per patch.")],
        )

    @classmethod
    def execute(cls, scene: SceneBatch, chat_model: ChatModel | None = None, **widgets: Any) -> io.NodeOutput:
        settings = settings_from(MergeSettings, widgets)
        with borrowed(chat_model):
            return io.NodeOutput(SceneBatch(merge(scene, settings, chat_model, ComfyMonitor())))


class Compose(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_Compose",
            display_name="Compose Caption",
            category=STAGES,
            description="Writes the caption of the whole picture from the merged descriptions, with their places.",
            search_aliases=["caption", "prompt", "image to prompt", "final caption"],
            is_input_list=True,
            inputs=[
                SceneSocket.Input("scene", tooltip="Merged Scenes, from Merge Descriptions."),
                ChatModelSocket.Input("chat_model", optional=True, tooltip=_WRITER),
                *widgets_for(ComposeSettings),
                io.Combo.Input("style", options=list(STYLES), default=LONG, optional=True, tooltip=_STYLE),
            ],
            outputs=[
                io.String.Output("caption", is_output_list=True, tooltip="The captions: a list, one per picture."),
                SceneSocket.Output("scene", is_output_list=True, tooltip="The finished Scenes."),
            ],
        )

    @classmethod
    def execute(cls, **lists: Sequence[Any]) -> io.NodeOutput:
        styles = [call.get("style", LONG) for call in calls_of(lists)]
        batches = through_stage(_composed, lists)
        captions = [_styled(one, style) for batch, style in zip(batches, styles, strict=True) for one in batch]
        return io.NodeOutput(captions, batches)


def _styled(scene: Scene, style: str) -> str:
    """The caption in a style; a picture that was given up has none."""
    if style == LONG or not scene.caption:
        return scene.caption_text
    return write_captions(scene, FormSettings(styles=(style,))).texts[0]


def _composed(scenes: Sequence[Scene], *, chat_model: ChatModel | None = None, **widgets: Any) -> Sequence[Scene]:
    settings = settings_from(ComposeSettings, widgets)
    with borrowed(chat_model):
        return compose_each(scenes, settings, chat_model, ComfyMonitor())
