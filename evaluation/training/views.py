"""Views of random worlds for training: pixels as the models' own processors make them, captions, and dense labels."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy
from PIL import Image

from evaluation.worlds.language import EYE, HARDLY, Seen, seen_in
from evaluation.worlds.scenes import BACKGROUNDS, COLOURS, DOTS, MIXES, RADII, SHAPES, World, draw, make_world
from patchmatters.scene import Box

if TYPE_CHECKING:
    from torch import Tensor

GRID = 12
TAUGHT = {"usual": 6, "sparse": 1, "crowded": 1, "details": 2}  # mixes by weight; "overlapping" is never taught
# What each token of a view is told to know of the thing under it; 0 stands for no thing.
LABELS: Mapping[str, tuple[str, ...]] = {
    "kind": ("", *SHAPES),
    "colour": ("", *COLOURS),
    "size": ("", *RADII),
    "stripes": ("", "plain", "striped"),
    "dot": ("", *DOTS),
    "background": tuple(BACKGROUNDS),
}


@dataclass(frozen=True)
class View:
    """A part of a world as a model sees it: pixels (EYE, EYE, 3) uint8, labels (6, GRID * GRID) uint8."""

    world: World
    box: Box
    pixels: Any
    labels: Any


def shown(picture: Image.Image, box: Box) -> Any:
    """(EYE, EYE, 3) uint8: cut and resized as the image processors do it."""
    cut = picture.crop((int(box.left), int(box.top), int(box.right), int(box.bottom)))
    return numpy.asarray(cut.resize((EYE, EYE), Image.Resampling.BICUBIC))


def views_of(seed: int | str, rng: random.Random, share_whole: float) -> list[View]:
    """Four views of one new world: the whole or parts of it, like those that the method looks at."""
    world = make_world(seed, MIXES[rng.choices(tuple(TAUGHT), tuple(TAUGHT.values()))[0]])
    picture = draw(world)
    part = 1 - share_whole
    kinds = rng.choices((_whole, _quadrant, _anywhere), (share_whole, 0.75 * part, 0.25 * part), k=4)
    boxes = [kind(rng, world) for kind in kinds]
    return [View(world, box, shown(picture, box), labels(world, box)) for box in boxes]


def _whole(_: random.Random, world: World) -> Box:
    return Box(0, 0, world.side, world.side)


def _anywhere(rng: random.Random, world: World) -> Box:
    """A cell of a finer grid, or the surroundings of a few things."""
    width = rng.randint(110, world.side)
    height = min(max(round(width * rng.uniform(0.6, 1.7)), 110), world.side)
    left, top = rng.randint(0, world.side - width), rng.randint(0, world.side - height)
    return Box(left, top, left + width, top + height)


def _quadrant(rng: random.Random, world: World) -> Box:
    """A quadrant, or one grown by objects at its border."""
    half = world.side // 2
    left, top = rng.choice((0, half)), rng.choice((0, half))
    grow = [0 if rng.random() < 0.5 else rng.randint(4, 90) for _ in range(2)]
    return Box(
        max(left - grow[0], 0) if left else 0,
        max(top - grow[1], 0) if top else 0,
        world.side if left else half + grow[0],
        world.side if top else half + grow[1],
    )


def labels(world: World, box: Box) -> Any:
    """(6, GRID * GRID) uint8, in the order of LABELS."""
    found = numpy.zeros((len(LABELS), GRID, GRID), numpy.uint8)
    found[5] = LABELS["background"].index(world.background)
    xs = box.left + (numpy.arange(GRID) + 0.5) * box.width / GRID
    ys = box.top + (numpy.arange(GRID) + 0.5) * box.height / GRID
    for seen in seen_in(world, box):
        values = _label_values(seen)
        for part in seen.thing.boxes:
            if part.coverage_by(box) >= HARDLY:
                reach_x, reach_y = part.width * 0.4 + box.width / GRID / 4, part.height * 0.4 + box.height / GRID / 4
                columns = numpy.abs(xs - (part.left + part.right) / 2) < reach_x
                rows = numpy.abs(ys - (part.top + part.bottom) / 2) < reach_y
                found[:5, rows[:, None] & columns[None]] = values[:, None]
    return found.reshape(len(LABELS), -1)


def _label_values(seen: Seen) -> Any:
    claim = seen.claim
    said = (claim.kind, claim.colour, claim.size or "medium", "striped" if claim.striped else "plain", claim.dot)
    return numpy.array([names.index(word) for names, word in zip(LABELS.values(), said, strict=False)], numpy.uint8)


def tensor(pixels: Any) -> Tensor:
    """(views, 3, EYE, EYE) as the image processors normalise them."""
    import torch

    return (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.25
