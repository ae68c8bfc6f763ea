"""The figures of a crop, taken once and small enough to keep.

Colour and light come from 96 x 96 pixels averaged straight out of the picture, sharpness and texture from a view of at
most 336 pixels, grain from nine small tiles near native resolution. Nothing the size of the crop is ever held.
Lightness is OKLab's, 0 (black) to 1 (white).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...picture import Crop
from . import colours
from .places import CELLS

if TYPE_CHECKING:
    from PIL.Image import Image

Floats = NDArray[np.float32]
PixelBox = tuple[int, int, int, int]

_SIDE = 96  # pixels of the small picture along each side: 8 x 8 in each cell
_PER_CELL = _SIDE // CELLS
_VIEW = 336  # longest side of the view in which sharpness is judged: what a person sees at a glance
_LEAST_VIEW = 4 * CELLS  # a crop smaller than this along one side has no sharpness to speak of
_TILE, _TILES_ALONG = 64, 3
_GRAIN_VIEW = 1024  # grain is judged as if the crop were shown at most this large
STRUCTURE = 0.13  # a cell with a smaller range of lightness shows nothing that could be sharp or soft
_DECIMALS = 4  # so that another machine's last bits cannot change a word


@dataclass(frozen=True, eq=False)
class Measures:
    """What is known of a crop.

    `size` is (width, height) in pixels; `whole` says whether the crop is the whole picture.
    `shares` (12, 12, names) is the share of each cell that has each colour of `colours.NAMES`.
    `lightness` (12, 12) is each cell's mean; `level`, `low` and `high` are the mean, the 5th and the 95th percentile of
    all; `extremes` are the shares of very dark and of very bright pixels.
    `chroma` and `peak_chroma` are the mean and the 95th percentile of OKLab chroma (0..0.3), `coloured` the share of
    pixels that are plainly not grey, `warmth` the mean lean to yellow and red (negative: blue).
    `evenness` is the largest deviation of a pixel from the mean colour (0..1; 0 is perfectly even). `mirror` is the
    likeness of the picture to its mirror image, `rows` and `columns` (11,) say how clearly the frame falls in two
    after each row and column of cells (0..1).
    `structure` (12, 12) is the range of sRGB grey in each cell (0..1), `crispness` (12, 12) the steepest step between
    neighbours as a share of it, `activity` (12, 12) the mean step between neighbours. `grain` is the noise's standard
    deviation in sRGB steps of 1/255 and its evenness (0..1). These are None for a crop that is too small to tell.
    """

    size: tuple[int, int]
    whole: bool
    shares: Floats
    lightness: Floats
    level: float
    low: float
    high: float
    extremes: tuple[float, float]
    chroma: float
    peak_chroma: float
    coloured: float
    warmth: float
    evenness: float
    mirror: float
    rows: Floats
    columns: Floats
    structure: Floats | None
    crispness: Floats | None
    activity: Floats | None
    grain: tuple[float, float] | None

    @property
    def total(self) -> Floats:
        """The share of the whole crop that has each colour (names,)."""
        shares: Floats = self.shares.mean(axis=(0, 1))
        return shares


def measure(crop: Crop) -> Measures:
    """The figures of a crop of an 8-bit RGB picture of any size from 1 x 1."""
    picture, box = crop.picture, crop.pixels
    small = averaged(picture, box, (_SIDE, _SIDE))
    lab, shares = _named(small)
    structure, crispness, activity = _detail(picture, box)
    cells = _cell_means(lab)
    lightness = lab[..., 0]
    low, high = np.percentile(lightness, [5, 95])
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    return Measures(
        size=crop.size,
        whole=crop.size == picture.size,
        shares=shares,
        lightness=_rounded(cells[..., 0]),
        level=_figure(lightness.mean()),
        low=_figure(low),
        high=_figure(high),
        extremes=(_figure((lightness < 0.3).mean()), _figure((lightness > 0.86).mean())),
        chroma=_figure(chroma.mean()),
        peak_chroma=_figure(np.percentile(chroma, 95)),
        coloured=_figure((chroma > 0.05).mean()),
        warmth=_figure(lab[..., 2].mean() + 0.4 * lab[..., 1].mean()),
        evenness=_figure(np.abs(lab - lab.mean(axis=(0, 1))).max()),
        mirror=_mirror(lab),
        rows=_divisions(cells),
        columns=_divisions(cells.transpose(1, 0, 2)),
        structure=structure,
        crispness=crispness,
        activity=activity,
        grain=_grain(picture, box),
    )


def _figure(value: float) -> float:
    return round(float(value), _DECIMALS)


def _rounded(values: NDArray[np.floating]) -> Floats:
    kept = np.round(values, _DECIMALS).astype(np.float32)
    kept.setflags(write=False)
    return kept


def averaged(picture: Image, box: PixelBox, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The box of the picture scaled to `size`, (height, width, 3); reads the picture in place."""
    from PIL.Image import Resampling

    scaled = picture.resize(size, Resampling.BOX, box=box, reducing_gap=3.0)
    return np.asarray(scaled.convert("RGB"))


def _named(small: NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """OKLab of the small picture, and the share of each colour in each cell.

    Pixels are named by 32 levels a channel: a photograph has far fewer of those than pixels.
    """
    levels = small.astype(np.int32) >> 3
    codes = (levels[..., 0] << 10) | (levels[..., 1] << 5) | levels[..., 2]
    found, which = np.unique(codes.ravel(), return_inverse=True)
    middles = (np.stack([found >> 10, (found >> 5) & 31, found & 31], axis=1) << 3) + 3.5
    names = colours.named(middles)[which.ravel()]
    cell_of = np.arange(_SIDE) // _PER_CELL
    cell = (cell_of[:, None] * CELLS + cell_of[None]).ravel()
    count = len(colours.NAMES)
    counted = np.bincount(cell * count + names, minlength=CELLS * CELLS * count)
    return colours.to_oklab(small), _rounded(counted.reshape(CELLS, CELLS, count) / _PER_CELL**2)


def _cell_means(values: Floats) -> Floats:
    """The mean of (96, 96, n) values in each cell: (12, 12, n)."""
    means: Floats = values.reshape(CELLS, _PER_CELL, CELLS, _PER_CELL, -1).mean(axis=(1, 3))
    return means


def _mirror(lab: Floats) -> float:
    """Correlation of the picture with its mirror image after slight blurring, 0 to 1; 1 where nothing varies.

    Only what varies along a row counts: any bright sky over dark ground would be symmetrical otherwise.
    """
    fine = lab.reshape(_SIDE // 2, 2, _SIDE // 2, 2, 3).mean(axis=(1, 3))
    varied = fine - fine.mean(axis=1, keepdims=True)
    power = float((varied**2).sum())
    if power < 1e-5 * varied.size:
        return 1.0
    return _figure(max(0.0, float((varied * varied[:, ::-1]).sum()) / power))


def _divisions(cells: Floats) -> Floats:
    """How clearly the frame falls in two after each row of cells (12, 12, 3), 0 to 1: (11,).

    Two even areas must explain most of what varies, and the change must happen at the line, not by and by.
    """
    weighted = cells * np.array([1.0, 1.5, 1.5], dtype=np.float32)
    everything = float(((weighted - weighted.mean(axis=(0, 1))) ** 2).sum())
    if everything < 0.05:
        return _rounded(np.zeros(CELLS - 1))
    return _rounded(np.array([_division_at(weighted, row, everything) for row in range(1, CELLS)]))


def _division_at(cells: Floats, row: int, everything: float) -> float:
    above, below = cells[:row], cells[row:]
    gap = above.mean(axis=(0, 1)) - below.mean(axis=(0, 1))
    between = float((gap**2).sum()) * row * (CELLS - row)  # sum of squares explained: n1 n2 / (n1 + n2) times n columns
    change = np.linalg.norm(above[-2:].mean(axis=(0, 1)) - below[:2].mean(axis=(0, 1)))
    abrupt = float(change / max(float(np.linalg.norm(gap)), 1e-6))
    explained = between / everything
    clear = min(1.0, max(0.0, (explained - 0.5) / 0.15)) * min(1.0, max(0.0, (abrupt - 0.5) / 0.2))
    return clear * (0.85 + 0.15 * explained)  # so that of several clear lines the best stands out


def _detail(picture: Image, box: PixelBox) -> tuple[Floats | None, Floats | None, Floats | None]:
    """For each cell of the view the range of grey, the steepest step as a share of it, and the mean step."""
    view = _view(picture, box)
    if view is None:
        return None, None, None
    across = np.zeros_like(view)
    across[:, 1:] = np.abs(np.diff(view, axis=1))
    down = np.zeros_like(view)
    down[1:] = np.abs(np.diff(view, axis=0))
    blocks, steps = _blocks(view), _blocks(np.maximum(across, down))
    low, high = np.percentile(blocks, [2, 98], axis=2)
    steepest = np.percentile(steps, 98.5, axis=2)
    return _rounded(high - low), _rounded(steepest / np.maximum(high - low, 0.02)), _rounded(steps.mean(axis=2))


def _view(picture: Image, box: PixelBox) -> Floats | None:
    """The crop in grey (sRGB, 0..1) at most 336 pixels long, both sides multiples of 12; None where it is too small."""
    width, height = box[2] - box[0], box[3] - box[1]
    if min(width, height) < _LEAST_VIEW:
        return None
    scale = min(1.0, _VIEW / max(width, height))
    across, down = (max(CELLS, round(side * scale) // CELLS * CELLS) for side in (width, height))
    if scale == 1.0:  # native pixels: cut off the odd ones rather than resample
        box = (box[0], box[1], box[0] + across, box[1] + down)
    grey = averaged(picture, box, (across, down)).astype(np.float32)
    light: Floats = grey @ np.array([0.299, 0.587, 0.114], dtype=np.float32) / 255.0
    return light


def _blocks(values: Floats) -> Floats:
    """The values of each cell: (12, 12, pixels in a cell)."""
    height, width = (side // CELLS for side in values.shape)
    cells: Floats = values.reshape(CELLS, height, CELLS, width).transpose(0, 2, 1, 3).reshape(CELLS, CELLS, -1)
    return cells


def _grain(picture: Image, box: PixelBox) -> tuple[float, float] | None:
    """The standard deviation of the noise in steps of 1/255, and how evenly it is spread (0 to 1).

    Immerkaer, "Fast noise variance estimation", 1996, in blocks of 16 x 16. The quietest blocks tell, because in the
    others detail passes for noise; noise is everywhere, so the quietest differ little from the middle ones.
    None where the crop is too small, or black or burnt out throughout.
    """
    blocks = [_noise_in_blocks(tile) for tile in _tiles(picture, box)]
    found = np.concatenate(blocks) if blocks else np.zeros(0)
    if len(found) < 9:
        return None
    quiet, middle = np.percentile(found, [5, 50])
    return round(float(quiet), 2), round(float(quiet / max(middle, 0.1)), 2)


def _tiles(picture: Image, box: PixelBox) -> list[Floats]:
    """Grey tiles (64, 64) from a 3 x 3 lattice, scaled as if the crop were shown 1024 pixels long."""
    width, height = box[2] - box[0], box[3] - box[1]
    span = max(1, round(max(width, height) / _GRAIN_VIEW)) * _TILE
    if min(width, height) < span:
        return []
    weights = np.array([0.299, 0.587, 0.114], dtype=np.float32)
    corners = [
        (box[0] + (width - span) * column // (_TILES_ALONG - 1), box[1] + (height - span) * row // (_TILES_ALONG - 1))
        for row in range(_TILES_ALONG)
        for column in range(_TILES_ALONG)
    ]
    return [
        averaged(picture, (left, top, left + span, top + span), (_TILE, _TILE)).astype(np.float32) @ weights
        for left, top in dict.fromkeys(corners)
    ]


def _noise_in_blocks(tile: Floats) -> Floats:
    """The noise of each 16 x 16 block of a tile that is neither black nor burnt out (there, noise is cut off)."""
    second = tile[:, 2:] - 2 * tile[:, 1:-1] + tile[:, :-2]
    mixed = second[2:] - 2 * second[1:-1] + second[:-2]
    inner = np.abs(mixed[:48, :48]).reshape(3, 16, 3, 16).mean(axis=(1, 3)).ravel()
    level = tile[1:49, 1:49].reshape(3, 16, 3, 16).mean(axis=(1, 3)).ravel()
    noise: Floats = inner[(level > 20) & (level < 235)] * np.float32(np.sqrt(np.pi / 2) / 6)
    return noise
