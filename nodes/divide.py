"""Stage 1 as a node: divide pictures into patches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfy_api.latest import io

from ..patchmatters.detections import read_detections
from ..patchmatters.divide import DivideSettings, divide
from ..patchmatters.running.each_picture import problems_of
from .lists import ALL_WELL
from .progress import tell_on_node
from .types import STAGES, ComfyMonitor, SceneBatch, SceneSocket, boxes_input, pictures_and_problems
from .widgets import settings_from, widgets_for

if TYPE_CHECKING:
    from torch import Tensor


class Divide(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_Divide",
            display_name="Divide into Patches",
            category=STAGES,
            description="Divides each picture into overlapping patches that cut no detected object in two.",
            search_aliases=["patch", "tile", "split image", "quadrants", "grid", "caption"],
            inputs=[
                io.Image.Input("image", tooltip="The picture or batch of pictures to caption."),
                boxes_input(
                    "Detected objects, in pixels, from a detector such as RT-DETR or SAM3: one list for all pictures, "
                    "or one list per picture. Without them the patches are plain quadrants."
                ),
                *widgets_for(DivideSettings),
            ],
            outputs=[SceneSocket.Output("scene", tooltip="The divided Scenes, one per picture.")],
        )

    @classmethod
    def execute(cls, image: Tensor, bboxes: Any = None, **widgets: Any) -> io.NodeOutput:
        monitor = ComfyMonitor()
        pictures, problems = pictures_and_problems(image, monitor)
        detections = read_detections(bboxes, len(pictures))
        settings = settings_from(DivideSettings, widgets)
        divided = divide(pictures, detections, settings, monitor=monitor)
        scenes = [one.given_up(why) if why else one for one, why in zip(divided, problems, strict=True)]
        # Of a list this is one of several calls: whether every picture failed is known where they come together.
        tell_on_node(problems_of(scenes), ALL_WELL)
        return io.NodeOutput(SceneBatch(scenes))
