"""Regional conditioning against core's own sampling code, and SEGS in the shape that Impact Pack was seen to accept."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

LATENTS = [(8, 8), (64, 64), (96, 40), (21, 33)]
each_latent = pytest.mark.parametrize("latent", LATENTS)


@pytest.fixture(scope="session")
def generate(part: Callable[[str], Any]) -> Any:
    return part("patchmatters.generate")


@pytest.fixture(scope="session")
def regional(part: Callable[[str], Any]) -> Any:
    return part("nodes.regional_conditioning")


@pytest.fixture(scope="session")
def conditioned(part: Callable[[str], Any], generate: Any, regional: Any, composed: tuple[Any, ...]) -> Callable:
    """`conditioned(boxes, settings)`: (conditioning, masks) of regions in a picture of 160 x 160 pixels."""
    import torch

    scene, area_of = composed[1][0], part("patchmatters.generate.regional").area_of

    def make(boxes: list[Any], settings: Any) -> tuple[Any, Any]:
        whole = generate.RegionalPrompt("whole picture", "whole", area_of(scene.image.box, 160, 160))
        regions = [generate.RegionalPrompt(f"{n}", f"{n}", area_of(box, 160, 160)) for n, box in enumerate(boxes)]
        encoded = {one.text: [[torch.zeros(1, 77, 768), {"pooled_output": None}]] for one in (whole, *regions)}
        masks = regional.masks_of(regions, scene, settings.feather)
        return regional.conditioning_of([whole, *regions], masks, encoded, settings), masks

    return make


def weights_in_core(conditioning: Any, latent: tuple[int, int], batch: int = 2) -> list[Any]:
    """The weight of each entry in every cell, (batch, channels, height, width), as core's sampler works it out."""
    import torch
    from comfy.samplers import get_area_and_mult, resolve_areas_and_cond_masks_multidim

    entries = [{**values, "model_conds": {}, "uuid": None} for _, values in conditioning]
    resolve_areas_and_cond_masks_multidim(entries, list(latent), torch.device("cpu"))
    found = []
    for entry in entries:
        seen = get_area_and_mult(entry, torch.zeros(batch, 4, *latent), torch.tensor([0.5]))
        weight = torch.zeros(batch, 4, *latent)
        height, width, top, left = seen.area or (*latent, 0, 0)
        weight[:, :, top : top + height, left : left + width] = seen.mult
        found.append(weight)
    return found


@each_latent
def test_areas_cover_the_cells_of_their_boxes(
    conditioned: Any, generate: Any, part: Any, latent: tuple[int, int]
) -> None:
    box = part("patchmatters.scene").Box
    quadrants = [box(0, 0, 80, 80), box(80, 0, 160, 80), box(0, 80, 80, 160), box(80, 80, 160, 160)]
    conditioning, _ = conditioned(quadrants, generate.RegionalSettings())
    whole, *regions = weights_in_core(conditioning, latent)
    assert (whole == 0.5).all(), "the caption holds everywhere"
    for one, weight in zip(quadrants, regions, strict=True):
        rows, columns = weight[0, 0].amax(1).nonzero(), weight[0, 0].amax(0).nonzero()
        spare = [side % 2 for side in latent]  # half a cell, which core rounds for offset and size each by itself
        for found, (start, end), cells, odd in zip(
            (rows, columns), ((one.top, one.bottom), (one.left, one.right)), latent, spare, strict=True
        ):
            assert int(found[0]) == round(start / 160 * cells)
            assert round(end / 160 * cells) - odd <= int(found[-1]) + 1 <= round(end / 160 * cells)


@each_latent
@pytest.mark.parametrize("shape", ["area", "mask"])
def test_a_region_smaller_than_a_cell_still_acts(
    conditioned: Any, generate: Any, part: Any, latent: tuple[int, int], shape: str
) -> None:
    box = part("patchmatters.scene").Box
    specks = [box(159, 159, 160, 160), box(0, 0, 1, 1), box(80, 40, 80.5, 40.5), box(159.9, 0, 160, 160)]
    conditioning, _ = conditioned(specks, generate.RegionalSettings(shape=shape, feather=0.0))
    assert all(weight.amax() > 0 for weight in weights_in_core(conditioning, latent)[1:])


@each_latent
def test_masks_hold_for_every_picture_of_a_batch(conditioned: Any, generate: Any, part: Any, latent: Any) -> None:
    box = part("patchmatters.scene").Box
    settings = generate.RegionalSettings(shape="mask", strength=0.7, feather=0.1)
    conditioning, masks = conditioned([box(0, 0, 80, 160), box(40, 40, 120, 120)], settings)
    assert masks.shape == (2, 160, 160)
    assert masks[0, 0, 0] == 1, "no soft edge at the side of the picture"
    assert masks[0, 0, 79] < 0.1
    for weight in weights_in_core(conditioning, latent, batch=5)[1:]:
        assert weight.shape == (5, 4, *latent)
        assert (weight[0] == weight[4]).all()
        assert abs(float(weight.amax()) - 0.7) < 0.15


def test_times_are_those_of_core(conditioned: Any, generate: Any, part: Any) -> None:
    box = part("patchmatters.scene").Box
    (whole, region), _ = conditioned([box(0, 0, 80, 80)], generate.RegionalSettings(start=0.1, end=0.6))
    assert (region[1]["start_percent"], region[1]["end_percent"]) == (0.1, 0.6)
    assert "start_percent" not in whole[1]


def test_large_pictures_have_masks_of_a_size_that_can_be_kept(
    regional: Any, generate: Any, composed: tuple[Any, ...]
) -> None:
    import dataclasses

    scene = composed[1][0]
    large = dataclasses.replace(scene, image=dataclasses.replace(scene.image, width=8000, height=6000))
    prompt = generate.RegionalPrompt("", "", scene.image.box.normalised(320, 320))
    assert regional.masks_of([prompt] * 200, large, 0.05).shape == (200, 768, 1024)
    assert regional.masks_of([], large, 0.05).shape == (0, 768, 1024)


@pytest.mark.parametrize("clip", [None, SimpleNamespace(tokenize=lambda text: {}, generate=lambda tokens: "")])
def test_a_clip_that_cannot_encode_is_refused(execute: Any, composed: tuple[Any, ...], clip: Any) -> None:
    with pytest.raises(ValueError, match="CLIP"):
        execute("RegionalConditioning", scene=composed[1], clip=clip)


def test_old_outputs_of_regions_are_where_they_were(nodes: dict[str, Any]) -> None:
    """Saved workflows keep links by the number of the output."""
    outputs = [one.id or one.display_name for one in nodes["PatchMatters_Regions"].GET_SCHEMA().outputs]
    kinds = [one.get_io_type() for one in nodes["PatchMatters_Regions"].GET_SCHEMA().outputs]
    assert kinds == ["IMAGE", "MASK", "BOUNDING_BOX", "STRING", "SEGS", "STRING", "BOUNDING_BOX"], outputs


def test_segs_have_the_shape_that_impact_pack_accepts(execute: Any, composed: tuple[Any, ...]) -> None:
    """Recorded from a run of Impact Pack's own code (October 2024) on what the node gives."""
    import numpy

    _, _, boxes, texts, segs, prompts, _ = execute("Regions", scene=composed[1])
    assert len(segs) == len(prompts) == 2
    assert sum(len(found) for _, found in segs) == len(texts)
    for (size, found), row in zip(segs, boxes, strict=True):
        assert size == (160, 160)
        for seg, box in zip(found, row, strict=True):
            assert seg._fields == (
                "cropped_image", "cropped_mask", "confidence", "crop_region", "bbox", "label", "control_net_wrapper",
            )  # fmt: skip
            assert seg.bbox == [box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]]
            assert seg.label == box["label"]
            left, top, right, bottom = seg.crop_region
            assert 0 <= left <= seg.bbox[0] < seg.bbox[2] <= right <= 160
            assert 0 <= top <= seg.bbox[1] < seg.bbox[3] <= bottom <= 160
            assert seg.cropped_mask.shape == (bottom - top, right - left)
            assert seg.cropped_mask.dtype == numpy.float32
            assert seg.cropped_mask.sum() == box["width"] * box["height"]


def test_the_detailers_prompt_is_in_the_order_in_which_it_sorts(
    execute: Any, composed: tuple[Any, ...], generate: Any
) -> None:
    """In phrases since regions have short prompts: a detailer sees the region alone, and no place or crop in it."""
    *_, segs, prompts, _ = execute("Regions", scene=composed[1])
    for scene, (_, found), prompt in zip(composed[1], segs, prompts, strict=True):
        texts = {
            region.name: generate.region_phrases(region.sentences, scene) for region in (*scene.patches, *scene.regions)
        }
        parts = re.split(r" \[SEP\] ", prompt.removeprefix("[ASC]"))
        for seg, part in zip(sorted(found, key=lambda one: (one.bbox[0], one.bbox[1])), parts, strict=True):
            assert part == texts[seg.label].replace("(", r"\(").replace(")", r"\)")


@given(feather=st.floats(0, 0.5))
def test_masks_never_leave_their_range(conditioned: Any, generate: Any, part: Any, feather: float) -> None:
    box = part("patchmatters.scene").Box
    _, masks = conditioned([box(3, 5, 90, 60)], generate.RegionalSettings(feather=feather))
    assert 0 <= float(masks.min()) <= float(masks.max()) <= 1
