"""A Scene to look at: the pictures with the boxes and names of their patches."""

from __future__ import annotations

from comfy_api.latest import io, ui

from ..patchmatters.overlay import draw_overlay
from .types import SCENES, SceneBatch, SceneSocket, image_from_pictures


class Inspect(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_Inspect",
            display_name="Inspect Scene",
            category=SCENES,
            description="Draws patches, regions and detections onto the pictures and shows the result on the node.",
            search_aliases=["preview", "overlay", "debug", "bounding box", "draw"],
            inputs=[SceneSocket.Input("scene", tooltip="Scenes of any stage, with their pictures.")],
            outputs=[io.Image.Output("overlay", tooltip="The pictures with boxes and names drawn on them.")],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, scene: SceneBatch) -> io.NodeOutput:
        overlay = image_from_pictures([draw_overlay(one) for one in scene])
        return io.NodeOutput(overlay, ui=ui.PreviewImage(overlay, cls=cls))
