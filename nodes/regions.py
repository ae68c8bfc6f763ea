"""A Scene's described regions as crops, masks, boxes and texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfy_api.latest import io

from ..patchmatters.ask import crop_of
from ..patchmatters.regions import described_regions
from ..patchmatters.scene import Patch, Scene
from .types import SCENES, SceneBatch, SceneSocket, bounding_box, image_from_pictures, mask_from_box

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class _Region:
    """One described region of one Scene, in the forms that ComfyUI knows."""

    scene: Scene
    patch: Patch

    @property
    def crop(self) -> Tensor:
        return image_from_pictures([crop_of(self.scene, self.patch.box).load()])

    @property
    def mask(self) -> Tensor:
        return mask_from_box(self.patch.box, self.scene.image.width, self.scene.image.height)

    @property
    def box(self) -> dict[str, Any]:
        return bounding_box(self.patch.box, self.patch.name, self.scene.image.width, self.scene.image.height)


class Regions(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_Regions",
            display_name="Scene to Regions",
            category=SCENES,
            description="Gives every described region as a crop, a mask, a box and a text, all in the same order: "
            "picture by picture, and in reading order within a picture.",
            search_aliases=["regional prompt", "crop", "mask", "bounding box", "segs", "regions"],
            inputs=[SceneSocket.Input("scene", tooltip="Merged or composed Scenes, with their pictures.")],
            outputs=[
                io.Image.Output("crops", is_output_list=True, tooltip="A list of pictures, one per region."),
                io.Mask.Output("masks", is_output_list=True, tooltip="A list of masks, one per region."),
                io.BoundingBox.Output(
                    "bboxes", tooltip="Boxes in pixels with the regions' names: one list per picture, as detectors do."
                ),
                io.String.Output("texts", is_output_list=True, tooltip="A list of descriptions, one per region."),
            ],
        )

    @classmethod
    def execute(cls, scene: SceneBatch) -> io.NodeOutput:
        rows = [[_Region(one, patch) for patch in described_regions(one)] for one in scene]
        regions = [region for row in rows for region in row]
        if not regions:
            raise ValueError("No region has a description yet: put Merge Descriptions before Scene to Regions.")
        return io.NodeOutput(
            [region.crop for region in regions],
            [region.mask for region in regions],
            [[region.box for region in row] for row in rows],
            [region.patch.description for region in regions],
        )
