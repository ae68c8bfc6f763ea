"""The vision half of Mini-Gemini (arXiv 2403.18814): two towers, patch info mining, and the projector to the LLM.

The towers are written out here, some eighty lines, and not taken from transformers: their names and nesting there
change from release to release, and these weights never do. torch is imported with this module, so import it only to
run a model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import torch
from torch.nn import (
    GELU,
    Conv2d,
    Embedding,
    LayerNorm,
    Linear,
    Module,
    ModuleDict,
    ModuleList,
    Parameter,
    Sequential,
    functional,
)

if TYPE_CHECKING:
    from PIL.Image import Image

# Of OpenAI's CLIP, used for both towers.
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
CLIP_HEAD_WIDTH = 64
_CONVNEXT_EPS = 1e-6
_CONVNEXT_STRIDE = 4  # pixels of the picture to one place of the first stage's map


@dataclass(frozen=True)
class VisionShape:
    """The sizes of the vision half, as read off a checkpoint.

    `picture_side` is the side in pixels of the square that the ConvNeXt sees, `grid` the number of crops along a side
    that CLIP sees of it (1: the whole only), `whole_too` whether CLIP also sees the whole beside the crops,
    `select_layer` the index of the CLIP hidden state that is used, counted like a list's.
    """

    picture_side: int
    grid: int
    whole_too: bool
    select_layer: int
    clip_width: int
    clip_mlp: int
    clip_layers: int
    clip_patch: int
    clip_places: int
    stage_widths: tuple[int, ...]
    stage_depths: tuple[int, ...]
    language_width: int

    @property
    def clip_side(self) -> int:
        """The side in pixels of one view of CLIP."""
        return self.clip_patch * self.places_along

    @property
    def places_along(self) -> int:
        """The image tokens along one side of a view."""
        return round(math.sqrt(self.clip_places))

    @property
    def window(self) -> int:
        """The side of the part of the ConvNeXt map that one image token mines, in places of the map."""
        return self.picture_side // (_CONVNEXT_STRIDE * self.grid * self.places_along)

    @property
    def divides_evenly(self) -> bool:
        """Whether a view covers whole places of every stage's map, and all image tokens have windows of one size."""
        coarsest = _CONVNEXT_STRIDE * 2 ** (len(self.stage_widths) - 1)
        finest_along = self.picture_side // (_CONVNEXT_STRIDE * self.grid)
        return self.picture_side % (coarsest * self.grid) == 0 and finest_along % self.places_along == 0

    @property
    def map_width(self) -> int:
        """The channels of the ConvNeXt map: those of all its stages together."""
        return sum(self.stage_widths)

    @property
    def tokens(self) -> int:
        """The image tokens of a picture."""
        return (self.grid**2 + int(self.has_overview)) * self.clip_places

    @property
    def working_numbers(self) -> int:
        """How many numbers are held at most while a picture is encoded, beside the weights: an estimate.

        Measured by benchmarks/minigemini_vision.py: 6 (768 pixels) to 8 (HD) times the map under one view.
        """
        return 8 * self.map_width * (self.picture_side // (_CONVNEXT_STRIDE * self.grid)) ** 2

    @property
    def has_overview(self) -> bool:
        """Whether the whole picture is one more view beside the crops."""
        return self.grid > 1 and self.whole_too


def pixels_of(image: Image, side: int) -> torch.Tensor:
    """The picture as float32 (1, 3, side, side): padded with the mean colour to a square, resized, normalised."""
    import numpy
    from PIL import Image as Pictures

    rgb = image.convert("RGB")
    longer = max(rgb.size)
    square = Pictures.new("RGB", (longer, longer), tuple(int(mean * 255) for mean in CLIP_MEAN))
    square.paste(rgb, ((longer - rgb.width) // 2, (longer - rgb.height) // 2))
    resized = square.resize((side, side), Pictures.Resampling.BICUBIC)
    scaled = (numpy.asarray(resized, dtype=numpy.float64) * (1 / 255)).astype(numpy.float32)
    values = (scaled - numpy.array(CLIP_MEAN, numpy.float32)) / numpy.array(CLIP_STD, numpy.float32)
    return torch.from_numpy(values.transpose(2, 0, 1).copy())[None]


class ClipLayer(Module):
    """One pre-norm transformer layer of CLIP, with its quick GELU."""

    def __init__(self, width: int, mlp: int) -> None:
        super().__init__()
        self.layer_norm1, self.layer_norm2 = LayerNorm(width), LayerNorm(width)
        parts = ("q_proj", "k_proj", "v_proj", "out_proj")
        self.self_attn = ModuleDict({part: Linear(width, width) for part in parts})
        self.mlp = ModuleDict({"fc1": Linear(width, mlp), "fc2": Linear(mlp, width)})

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """(views, places, width) to the same."""
        normed = self.layer_norm1(tokens)
        query, key, value = (
            self.self_attn[part](normed).unflatten(-1, (-1, CLIP_HEAD_WIDTH)).transpose(1, 2)
            for part in ("q_proj", "k_proj", "v_proj")
        )
        seen = functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        tokens = tokens + self.self_attn["out_proj"](seen)
        hidden = self.mlp["fc1"](self.layer_norm2(tokens))
        mixed: torch.Tensor = self.mlp["fc2"](hidden * torch.sigmoid(1.702 * hidden))
        return tokens + mixed


class ClipEmbeddings(Module):
    """The class token and a token for each place of a view, with their positions."""

    def __init__(self, shape: VisionShape) -> None:
        super().__init__()
        width = shape.clip_width
        self.class_embedding = Parameter(torch.empty(width))
        self.patch_embedding = Conv2d(3, width, shape.clip_patch, shape.clip_patch, bias=False)
        self.position_embedding = Embedding(shape.clip_places + 1, width)

    def forward(self, views: torch.Tensor) -> torch.Tensor:
        """(views, 3, side, side) to (views, 1 + places, width)."""
        places = self.patch_embedding(views).flatten(2).transpose(1, 2)
        first = self.class_embedding.expand(len(views), 1, -1)
        return torch.cat([first, places], dim=1) + self.position_embedding.weight


class ClipTower(Module):
    """CLIP's vision transformer up to the hidden state that is used. What comes after it is held, so that a
    checkpoint loads whole, but never run."""

    def __init__(self, shape: VisionShape) -> None:
        super().__init__()
        width = shape.clip_width
        self.embeddings = ClipEmbeddings(shape)
        self.pre_layrnorm, self.post_layernorm = LayerNorm(width), LayerNorm(width)  # the name is CLIP's own
        layers = ModuleList(ClipLayer(width, shape.clip_mlp) for _ in range(shape.clip_layers))
        self.encoder = ModuleDict({"layers": layers})
        self.depth = range(shape.clip_layers + 1)[shape.select_layer]

    def forward(self, views: torch.Tensor) -> torch.Tensor:
        """(views, 3, side, side) to image tokens (views, places, width), the class token dropped."""
        tokens: torch.Tensor = self.pre_layrnorm(self.embeddings(views))
        for layer in islice(self.encoder["layers"].children(), self.depth):
            tokens = layer(tokens)
        return tokens[:, 1:]


class ChannelNorm(LayerNorm):
    """Layer normalisation over the channels of a map (batch, channels, height, width)."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return super().forward(values.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvNextBlock(Module):
    """Depthwise convolution, then a two-layer perceptron at every place, scaled by `gamma`, beside a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = Parameter(torch.empty(width))
        self.conv_dw = Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = LayerNorm(width, eps=_CONVNEXT_EPS)
        self.mlp = ModuleDict({"fc1": Linear(width, 4 * width), "fc2": Linear(4 * width, width)})

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """(batch, width, height, width) to the same."""
        normed = self.norm(self.conv_dw(values).permute(0, 2, 3, 1))
        mixed = self.mlp["fc2"](functional.gelu(self.mlp["fc1"](normed)))
        scaled: torch.Tensor = (mixed * self.gamma).permute(0, 3, 1, 2)
        return values + scaled


class ConvNextStage(Module):
    """Blocks at one resolution; every stage but the first halves it before them."""

    def __init__(self, width_before: int, width: int, depth: int) -> None:
        super().__init__()
        self.downsample = Sequential()
        if width_before:
            halve = Conv2d(width_before, width, 2, 2)
            self.downsample.extend([ChannelNorm(width_before, eps=_CONVNEXT_EPS), halve])
        self.blocks = Sequential(*(ConvNextBlock(width) for _ in range(depth)))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        seen: torch.Tensor = self.blocks(self.downsample(values))
        return seen


class ConvNextTower(Module):
    """The trunk of a ConvNeXt, without head and final norm."""

    def __init__(self, widths: tuple[int, ...], depths: tuple[int, ...]) -> None:
        super().__init__()
        stem = Conv2d(3, widths[0], _CONVNEXT_STRIDE, _CONVNEXT_STRIDE)
        self.stem = Sequential(stem, ChannelNorm(widths[0], eps=_CONVNEXT_EPS))
        sizes = zip((0, *widths[:-1]), widths, depths, strict=True)
        self.stages = ModuleList(ConvNextStage(before, width, depth) for before, width, depth in sizes)

    def forward(self, picture: torch.Tensor) -> list[torch.Tensor]:
        """(1, 3, S, S) to the map of each stage: (1, width, S / 4, S / 4) and so on, each half as wide and high."""
        values, maps = self.stem(picture), []
        for stage in self.stages:
            values = stage(values)
            maps.append(values)
        return maps


class MiniGeminiVision(Module):
    """From the normalised picture to the tokens that the language model reads in place of `<image>`."""

    def __init__(self, shape: VisionShape) -> None:
        super().__init__()
        self.shape = shape
        self.clip = ClipTower(shape)
        self.convnext = ConvNextTower(shape.stage_widths, shape.stage_depths)
        self.query = _norm_and_linear(shape.clip_width, shape.clip_width)
        self.key = _norm_and_linear(shape.map_width, shape.clip_width)
        self.value = _norm_and_linear(shape.map_width, shape.clip_width)
        into = Linear(shape.clip_width, shape.language_width)
        out = Linear(shape.language_width, shape.language_width)
        self.projector = Sequential(into, GELU(), out)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """float32 (1, 3, S, S), as `pixels_of` gives it, to (views x places, language width) in the weights' type.

        The views come in the order that the model was trained on: the whole picture, then the crops in reading order.
        Each is mined by itself, so that the ConvNeXt's map of a large picture (0.85 GB at 1536 pixels in bfloat16)
        is never held at full size: only the part under one view, and a reduced one for the whole.
        """
        dtype = next(self.projector.parameters()).dtype
        tokens = self.clip(clip_views(pixels, self.shape).to(dtype))
        maps = self.convnext(pixels.to(dtype))
        grid, overview, mined = self.shape.grid, [], []
        for crop in range(grid * grid):
            part = map_part(maps, divmod(crop, grid), grid)
            mined.append(self.mine(tokens[crop], part))
            if self.shape.has_overview:
                overview.append(_resized(part, part.shape[-1] // grid))
        if self.shape.has_overview:
            mined.insert(0, self.mine(tokens[-1], _tiled(overview, grid)))
        tokens_of_all: torch.Tensor = self.projector(torch.cat(mined))
        return tokens_of_all

    def mine(self, tokens: torch.Tensor, part: torch.Tensor) -> torch.Tensor:
        """Patch info mining: each of a view's CLIP tokens (places, width) looks for detail in its own window of the map
        (1, channels, side, side), and what it finds is added to it."""
        windows = windows_of(part, self.shape.places_along)
        found = functional.scaled_dot_product_attention(
            self.query(tokens)[:, None], self.key(windows), self.value(windows)
        )
        return tokens + found[:, 0]


def clip_views(pixels: torch.Tensor, shape: VisionShape) -> torch.Tensor:
    """The views of CLIP, (views, 3, side, side) in float32: the crops in reading order, then the whole if it is seen.

    Resized from the normalised pixels, bilinear without antialiasing, as in training; the whole is resized from the
    crops' resolution.
    """
    low = _resized(pixels, shape.clip_side * shape.grid)
    rows = (strip for row in low.chunk(shape.grid, dim=2) for strip in row.chunk(shape.grid, dim=3))
    overview = [_resized(low, shape.clip_side)] if shape.has_overview else []
    return torch.cat([*rows, *overview])


def map_part(maps: list[torch.Tensor], cell: tuple[int, int], grid: int) -> torch.Tensor:
    """The part (1, channels, side, side) of the ConvNeXt's map under one cell of the grid, as fine as the first stage.

    Equal to enlarging every stage's map and cutting it, since the enlargement is by powers of two: one place more on
    every inner side holds all that the edge of the part depends on.
    """
    side = maps[0].shape[-1] // grid
    return torch.cat([_enlarged_part(stage, cell, grid, side) for stage in maps], dim=1)


def _enlarged_part(stage: torch.Tensor, cell: tuple[int, int], grid: int, side: int) -> torch.Tensor:
    own = stage.shape[-1] // grid
    factor = side // own
    starts = [max(index * own - 1, 0) for index in cell]
    ends = [min((index + 1) * own + 1, stage.shape[-1]) for index in cell]
    source = stage[:, :, starts[0] : ends[0], starts[1] : ends[1]]
    size = [(end - start) * factor for start, end in zip(starts, ends, strict=True)]
    top, left = ((index * own - start) * factor for index, start in zip(cell, starts, strict=True))
    return _resized(source, *size)[:, :, top : top + side, left : left + side]


def windows_of(part: torch.Tensor, along: int) -> torch.Tensor:
    """(1, channels, side, side) cut into `along` x `along` windows in reading order: (windows, places, channels)."""
    channels, height, width = part[0].shape
    cut = part[0].reshape(channels, along, height // along, along, width // along)  # channels, row, y, column, x
    return cut.permute(1, 3, 2, 4, 0).flatten(2, 3).flatten(0, 1)


def _tiled(parts: list[torch.Tensor], grid: int) -> torch.Tensor:
    rows = [torch.cat(parts[row * grid : (row + 1) * grid], dim=3) for row in range(grid)]
    return torch.cat(rows, dim=2)


def _resized(values: torch.Tensor, height: int, width: int | None = None) -> torch.Tensor:
    """Bilinear in float32, without antialiasing, in the type that came."""
    size = (height, width or height)
    if values.shape[-2:] == size:
        return values
    return functional.interpolate(values.float(), size=size, mode="bilinear", align_corners=False).to(values.dtype)


def _norm_and_linear(width_in: int, width_out: int) -> Sequential:
    return Sequential(LayerNorm(width_in), Linear(width_in, width_out))
