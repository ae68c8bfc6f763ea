"""A Scene as conditioning: its caption everywhere, and each region's description in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from comfy_api.latest import io

from ..patchmatters.generate import (
    BudgetSettings,
    FitSettings,
    RegionalPrompt,
    RegionalSettings,
    RegionWords,
    regional_prompts,
    token_limits,
)
from ..patchmatters.generate.regional import MASK, edge_weights
from ..patchmatters.scene import Box, Scene
from .encoders import counter, encoders_of, require_clip
from .types import PROMPTS, ComfyMonitor, SceneBatch, SceneSocket
from .widgets import settings_from, widgets_for

if TYPE_CHECKING:
    from torch import Tensor

STAGE = "encode regions"
_LARGEST = (
    1024  # pixels along a mask's longer side: the sampler scales masks anyway, and 200 large ones fill the memory
)

Conditioning = list[list[Any]]


class RegionalConditioning(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PatchMatters_RegionalConditioning",
            display_name="Regional Conditioning",
            category=PROMPTS,
            description="Encodes the caption for the whole picture and every region's description for its own place. "
            "Fits pictures of any size and batches of any number.",
            search_aliases=["regional prompt", "area", "mask", "tile", "attention couple", "conditioning set area"],
            inputs=[
                SceneSocket.Input("scene", tooltip="Composed Scenes, from Compose Caption or Enhance Caption."),
                io.Clip.Input("clip", tooltip="The text encoder of the diffusion model."),
                *widgets_for(RegionalSettings, FitSettings, BudgetSettings, RegionWords),
            ],
            outputs=[
                io.Conditioning.Output(
                    "conditioning",
                    is_output_list=True,
                    tooltip="For a sampler's positive input: a list, one per Scene.",
                ),
                io.Mask.Output(
                    "masks",
                    is_output_list=True,
                    tooltip="A list with one batch of masks per Scene: one mask per region, with soft edges.",
                ),
            ],
        )

    @classmethod
    def execute(cls, scene: SceneBatch, clip: Any, **widgets: Any) -> io.NodeOutput:
        encoders, settings = encoders_of(require_clip(clip)), settings_from(RegionalSettings, widgets)
        count, words = counter(clip, encoders), settings_from(FitSettings, widgets)
        limits = token_limits(encoders, settings_from(BudgetSettings, widgets))
        told = settings_from(RegionWords, widgets)
        rows = [regional_prompts(one, count, limits, words, settings, told) for one in scene]
        masks = [masks_of(row[1:], one, settings.feather) for one, row in zip(scene, rows, strict=True)]
        encoded = encode_all([prompt.text for row in rows for prompt in row], clip)
        return io.NodeOutput(
            [conditioning_of(row, mask, encoded, settings) for row, mask in zip(rows, masks, strict=True)],
            [mask if len(mask) else mask.new_zeros((1, *mask.shape[1:])) for mask in masks],  # no MASK is empty
        )


def encode_all(texts: Sequence[str], clip: Any) -> dict[str, Conditioning]:
    """Each text's conditioning, equal texts encoded once. Shows progress and can be cancelled between texts."""
    monitor, encoded = ComfyMonitor(), dict[str, Conditioning]()
    monitor.begin(STAGE, len(set(texts)))
    for text in dict.fromkeys(texts):
        encoded[text] = clip.encode_from_tokens_scheduled(clip.tokenize(text))
        monitor.advance(text)
    return encoded


def conditioning_of(
    prompts: Sequence[RegionalPrompt], masks: Tensor, encoded: Mapping[str, Conditioning], settings: RegionalSettings
) -> Conditioning:
    """One conditioning: the whole picture's, then each region's, limited to its area or mask and to its time."""
    from node_helpers import conditioning_set_values

    whole = conditioning_set_values(encoded[prompts[0].text], {"strength": settings.caption_strength})
    for prompt, mask in zip(prompts[1:], masks, strict=True):
        values = {**_place(prompt.area, mask, settings), **_time(settings)}
        whole += conditioning_set_values(encoded[prompt.text], values)
    return whole


def _place(area: Box, mask: Tensor, settings: RegionalSettings) -> dict[str, Any]:
    """What core's own area and mask nodes set (ConditioningSetAreaPercentage, ConditioningSetMask)."""
    if settings.shape == MASK:
        return {"mask": mask[None], "mask_strength": settings.strength, "set_area_to_bounds": False}
    share = ("percentage", area.height, area.width, area.top, area.left)
    return {"area": share, "strength": settings.strength, "set_area_to_bounds": False}


def _time(settings: RegionalSettings) -> dict[str, float]:
    """What core's ConditioningSetTimestepRange sets; nothing for the whole time."""
    if (settings.start, settings.end) == (0.0, 1.0):
        return {}
    return {"start_percent": settings.start, "end_percent": settings.end}


def masks_of(prompts: Sequence[RegionalPrompt], scene: Scene, feather: float) -> Tensor:
    """(regions, height, width) from 0 to 1, of the picture's size or scaled down to 1024 pixels on its longer side.

    `feather` is a share of the picture's shorter side.
    """
    import torch

    width, height = scene.image.width, scene.image.height
    scale, soft = min(1.0, _LARGEST / max(width, height)), feather * min(width, height)
    columns, rows = max(1, round(width * scale)), max(1, round(height * scale))
    masks = torch.zeros((len(prompts), rows, columns))
    for mask, prompt in zip(masks, prompts, strict=True):
        down = edge_weights(prompt.area.top, prompt.area.bottom, rows, soft / height)
        across = edge_weights(prompt.area.left, prompt.area.right, columns, soft / width)
        torch.outer(torch.tensor(down), torch.tensor(across), out=mask)
    return masks
