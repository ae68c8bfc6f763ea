"""A Scene's described regions as crops, masks, boxes and texts, and as what detailers of other packs read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from comfy_api.latest import io

from ..patchmatters.generate import Element, detailer_prompt, layout_of, region_elements, region_phrases
from ..patchmatters.generate.detailer import DetailedRegion
from ..patchmatters.picture import whole_pixels
from ..patchmatters.regions import described_regions
from ..patchmatters.running.ask import crop_of
from ..patchmatters.scene import Box, Patch, Scene
from .types import (
    SCENES,
    SceneBatch,
    SceneSocket,
    bounding_box,
    element_box,
    element_metadata,
    image_from_pictures,
    mask_from_box,
)

if TYPE_CHECKING:
    from numpy import ndarray
    from torch import Tensor

SegsSocket = io.Custom("SEGS")
_SURROUNDINGS = 1 / 8  # of a region's sides: what a detailer sees around it, so that its soft edge blends


class Seg(NamedTuple):
    """A region as Impact Pack's detailers know it; they go by the names of its fields, in this order.

    `cropped_mask` is (height, width) from 0 to 1 over `crop_region`; both boxes are [left, top, right, bottom] in whole
    pixels of the picture. `cropped_image` is left to the detailer, which cuts it from the picture that it is given.
    """

    cropped_image: None
    cropped_mask: ndarray
    confidence: float
    crop_region: list[int]
    bbox: list[int]
    label: str
    control_net_wrapper: None = None


Segs = tuple[tuple[int, int], list[Seg]]  # the picture's (height, width) and its regions


@dataclass(frozen=True)
class _Region:
    """One described region of one Scene, in the forms that ComfyUI knows."""

    scene: Scene
    patch: Patch
    element: Element

    @property
    def crop(self) -> Tensor:
        return image_from_pictures([crop_of(self.scene, self.patch.box).load()])

    @property
    def mask(self) -> Tensor:
        return mask_from_box(self.patch.box, self.scene.image.width, self.scene.image.height)

    @property
    def box(self) -> dict[str, Any]:
        image = self.scene.image
        return bounding_box(self.patch.box, self.patch.name, image.width, image.height, element_metadata(self.element))

    @property
    def bbox(self) -> tuple[int, int, int, int]:
        """(left, top, right, bottom) in whole pixels."""
        return whole_pixels(self.patch.box, self.scene.image.width, self.scene.image.height)

    @property
    def seg(self) -> Seg:
        import numpy

        left, top, right, bottom = self.bbox
        more = math.ceil((right - left) * _SURROUNDINGS), math.ceil((bottom - top) * _SURROUNDINGS)
        around = Box(left - more[0], top - more[1], right + more[0], bottom + more[1])
        x, y, end, foot = whole_pixels(around, self.scene.image.width, self.scene.image.height)
        mask = numpy.zeros((foot - y, end - x), dtype=numpy.float32)
        mask[top - y : bottom - y, left - x : right - x] = 1.0
        return Seg(None, mask, 1.0, [x, y, end, foot], [left, top, right, bottom], self.patch.name)

    @property
    def detail(self) -> DetailedRegion:
        return DetailedRegion(*self.bbox[:2], region_phrases(self.patch.sentences, self.scene))


def segs_of(regions: Sequence[_Region], scene: Scene) -> Segs:
    """The regions of one picture as SEGS."""
    return (scene.image.height, scene.image.width), [region.seg for region in regions]


class Regions(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_Regions",
            display_name="Scene to Regions",
            category=SCENES,
            description="Gives every described region as a crop, a mask, a box and a text, all in the same order: "
            "picture by picture, and in reading order within a picture. Also as SEGS with a prompt for detailers.",
            search_aliases=["regional prompt", "crop", "mask", "bounding box", "segs", "regions"],
            inputs=[SceneSocket.Input("scene", tooltip="Merged or composed Scenes, with their pictures.")],
            outputs=[
                io.Image.Output("crops", is_output_list=True, tooltip="A list of pictures, one per region."),
                io.Mask.Output("masks", is_output_list=True, tooltip="A list of masks, one per region."),
                io.BoundingBox.Output(
                    "bboxes",
                    tooltip="Boxes in pixels with the regions' names: one list per picture, as detectors do. Each "
                    "carries its words and colours for core's Create Bounding Boxes.",
                ),
                io.String.Output("texts", is_output_list=True, tooltip="A list of descriptions, one per region."),
                SegsSocket.Output(
                    "segs", is_output_list=True, tooltip="For Impact Pack's detailers: a list of SEGS, one per picture."
                ),
                io.String.Output(
                    "detailer_prompt",
                    is_output_list=True,
                    tooltip="For the wildcard input of such a detailer, with a text for each region: a list, one per "
                    "picture.",
                ),
                io.BoundingBox.Output(
                    "objects",
                    tooltip="One box per object or text instead of per region, without the background: for core's "
                    "Create Bounding Boxes. One list per picture.",
                ),
            ],
        )

    @classmethod
    def execute(cls, scene: SceneBatch) -> io.NodeOutput:
        rows = [_regions(one) for one in scene]
        regions = [region for row in rows for region in row]
        if not regions:
            raise ValueError("No region has a description yet: put Merge Descriptions before Scene to Regions.")
        return io.NodeOutput(
            [region.crop for region in regions],
            [region.mask for region in regions],
            [[region.box for region in row] for row in rows],
            [region.patch.description for region in regions],
            [segs_of(row, one) for row, one in zip(rows, scene, strict=True)],
            [detailer_prompt([region.detail for region in row]) for row in rows],
            [object_boxes(one) for one in scene],
        )


def _regions(scene: Scene) -> list[_Region]:
    patches = described_regions(scene)
    return [_Region(scene, *pair) for pair in zip(patches, region_elements(scene), strict=True)]


def object_boxes(scene: Scene) -> list[dict[str, Any]]:
    """One of core's bounding boxes per object or text of a described picture, largest first."""
    if not described_regions(scene):
        return []
    width, height = scene.image.width, scene.image.height
    return [element_box(one, width, height) for one in layout_of(scene).elements]
