"""Scenes drawn by program: what is in them is known, down to details that a look at the whole view cannot resolve.

Everything is in pixels of a square picture. A `World` is the truth; `draw` makes the picture of it and `detect` what
an object detector would find in it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw

from patchmatters.scene import Box, Detection

SIDE = 384
COLOURS: Mapping[str, tuple[int, int, int]] = {
    "red": (214, 36, 36), "green": (40, 160, 60), "blue": (36, 80, 224), "yellow": (246, 214, 32),
    "purple": (150, 50, 190), "white": (250, 250, 250), "black": (14, 14, 14),
}  # fmt: skip
BACKGROUNDS: Mapping[str, tuple[int, int, int]] = {
    "gray": (132, 132, 132), "pink": (246, 178, 200), "brown": (138, 92, 54),
}  # fmt: skip
DOTS = ("white", "black", "yellow")
PATTERNED = ("ball", "cone", "ring", "windmill")  # ladders and fences are bars already
RADII: Mapping[str, tuple[float, float]] = {"small": (12, 14.5), "medium": (33, 39), "large": (86, 92)}
DOT_RADIUS = 6.5
STRIPE = 11.0  # pixels from one stripe to the next

Point = tuple[float, float]


@dataclass(frozen=True)
class Thing:
    """One object, or a group of equal ones side by side.

    `dot` is the colour of a mark on it, "" for none.
    """

    kind: str
    colour: str
    size: str
    radius: float
    centres: tuple[Point, ...]
    striped: bool = False
    dot: str = ""

    @property
    def boxes(self) -> tuple[Box, ...]:
        r = self.radius
        return tuple(Box(x - r, y - r, x + r, y + r) for x, y in self.centres)


@dataclass(frozen=True)
class World:
    """The truth of a picture. `specks` are faint scribbles that are no objects."""

    background: str
    things: tuple[Thing, ...]
    specks: tuple[Point, ...] = ()
    side: int = SIDE


@dataclass(frozen=True)
class Mix:
    """How worlds are mixed: ranges (both ends included) and probabilities."""

    medium: tuple[int, int] = (3, 5)
    small: tuple[int, int] = (2, 3)
    large: float = 0.25
    group_of_small: float = 0.4
    pair_of_medium: float = 0.12
    striped: float = 0.35
    dotted: float = 0.45
    on_border: float = 0.25  # of medium things: centre within a few pixels of a quadrant's border
    specks: tuple[int, int] = (2, 6)


MIXES: Mapping[str, Mix] = {
    "usual": Mix(),
    "sparse": Mix(medium=(1, 3), small=(0, 2), large=0.4),
    "crowded": Mix(medium=(5, 7), small=(3, 5), large=0.0, pair_of_medium=0.2),
    "overlapping": Mix(medium=(1, 3), small=(1, 3), large=1.0, on_border=0.7),
    "details": Mix(medium=(2, 4), small=(3, 5), large=0.1, group_of_small=0.6, striped=0.6, dotted=0.8),
}


def make_world(seed: int | str, mix: Mix = MIXES["usual"]) -> World:
    """A world; the same seed and mix give the same one."""
    rng = random.Random(f"world {seed}")
    things: list[Thing] = []
    sizes = ["large"] * (rng.random() < mix.large) + ["medium"] * rng.randint(*mix.medium)
    for size in [*sizes, *["small"] * rng.randint(*mix.small)]:
        thing = _thing(rng, size, mix, things)
        if thing is not None:
            things.append(thing)
    specks = tuple((rng.uniform(8, SIDE - 8), rng.uniform(8, SIDE - 8)) for _ in range(rng.randint(*mix.specks)))
    return World(rng.choice(list(BACKGROUNDS)), tuple(things), specks)


def _thing(rng: random.Random, size: str, mix: Mix, others: Sequence[Thing]) -> Thing | None:
    """A thing with a place of its own; None where none was found."""
    kind, colour, radius = rng.choice(list(SHAPES)), rng.choice(list(COLOURS)), rng.uniform(*RADII[size])
    count = _count(rng, size, mix)
    small = size == "small"
    striped = not small and kind in PATTERNED and rng.random() < mix.striped
    dot = "" if small or rng.random() >= mix.dotted else rng.choice([one for one in DOTS if one != colour])
    border = size == "medium" and rng.random() < mix.on_border
    for _ in range(40):
        centres = _centres(rng, radius, count, border=border)
        if all(_apart(centre, radius, other) for centre in centres for other in others):
            return Thing(kind, colour, size, radius, centres, striped, dot)
    return None


def _count(rng: random.Random, size: str, mix: Mix) -> int:
    if size == "small" and rng.random() < mix.group_of_small:
        return rng.randint(2, 4)
    return 2 if size == "medium" and rng.random() < mix.pair_of_medium else 1


def _centres(rng: random.Random, radius: float, count: int, *, border: bool) -> tuple[Point, ...]:
    """A row of `count` centres inside the picture; `border` puts the first near a quadrant's border."""
    step = 2.25 * radius
    low, high = radius * 0.9, SIDE - radius * 0.9
    x, y = rng.uniform(low, max(low, high - step * (count - 1))), rng.uniform(low, high)
    if border and count == 1:
        near = SIDE / 2 + rng.uniform(-12, 12)
        x, y = (near, y) if rng.random() < 0.5 else (x, near)
    return tuple((x + step * number, y) for number in range(count))


def _apart(centre: Point, radius: float, other: Thing) -> bool:
    """Whether a place is free: medium neighbours may overlap a little, small things lie in the open."""
    slack = 1.06 if "small" in (other.size, "small" if radius < 20 else "") else 0.88
    return all(math.dist(centre, one) > slack * (radius + other.radius) for one in other.centres)


# --- drawing ----------------------------------------------------------------------------------------------------


def _ball(pen: ImageDraw.ImageDraw, x: float, y: float, r: float) -> None:
    pen.ellipse((x - r, y - r, x + r, y + r), fill=255)


def _ring(pen: ImageDraw.ImageDraw, x: float, y: float, r: float) -> None:
    _ball(pen, x, y, r)
    inner = 0.52 * r
    pen.ellipse((x - inner, y - inner, x + inner, y + inner), fill=0)


def _windmill(pen: ImageDraw.ImageDraw, x: float, y: float, r: float) -> None:
    arm = 0.3 * r
    pen.rectangle((x - r, y - arm, x + r, y + arm), fill=255)
    pen.rectangle((x - arm, y - r, x + arm, y + r), fill=255)


def _cone(pen: ImageDraw.ImageDraw, x: float, y: float, r: float) -> None:
    pen.polygon([(x, y - r), (x + r, y + r), (x - r, y + r)], fill=255)


def _ladder(pen: ImageDraw.ImageDraw, x: float, y: float, r: float) -> None:
    for number in range(3):
        top = y - r + number * 0.75 * r
        pen.rectangle((x - r, top, x + r, top + 0.42 * r), fill=255)


def _fence(pen: ImageDraw.ImageDraw, x: float, y: float, r: float) -> None:
    for number in range(3):
        left = x - r + number * 0.75 * r
        pen.rectangle((left, y - r, left + 0.42 * r, y + r), fill=255)


SHAPES: Mapping[str, Callable[[ImageDraw.ImageDraw, float, float, float], None]] = {
    "ball": _ball, "ring": _ring, "windmill": _windmill, "cone": _cone, "ladder": _ladder, "fence": _fence,
}  # fmt: skip


def draw(world: World) -> Image.Image:
    """The picture: side x side, 8-bit RGB."""
    picture = Image.new("RGB", (world.side, world.side), BACKGROUNDS[world.background])
    pen = ImageDraw.Draw(picture)
    faint = tuple(int(value * 0.86) for value in BACKGROUNDS[world.background])
    for x, y in world.specks:
        pen.line((x - 6, y - 3, x, y + 3, x + 6, y - 2), fill=faint, width=3)
    for thing in world.things:
        for centre in thing.centres:
            _draw_one(picture, thing, centre)
    return picture


def _draw_one(picture: Image.Image, thing: Thing, centre: Point) -> None:
    r = thing.radius
    corner = (math.floor(centre[0] - r) - 1, math.floor(centre[1] - r) - 1)
    x, y = centre[0] - corner[0], centre[1] - corner[1]
    extent = math.ceil(2 * r) + 3
    mask = Image.new("L", (extent, extent), 0)
    SHAPES[thing.kind](ImageDraw.Draw(mask), x, y, r)
    picture.paste(COLOURS[thing.colour], corner, mask)
    if thing.striped:
        picture.paste(_stripe_colour(thing.colour), corner, ImageChops.darker(mask, _stripes(extent)))
    if thing.dot:
        d = DOT_RADIUS
        ImageDraw.Draw(picture).ellipse(
            (centre[0] - d, centre[1] - d, centre[0] + d, centre[1] + d), fill=COLOURS[thing.dot]
        )


def _stripe_colour(colour: str) -> tuple[int, int, int]:
    """Darker than the thing itself, or, on black, lighter."""
    if colour == "black":
        return (120, 120, 120)
    red, green, blue = COLOURS[colour]
    return (int(red * 0.45), int(green * 0.45), int(blue * 0.45))


def _stripes(extent: int) -> Image.Image:
    mask = Image.new("L", (extent, extent), 0)
    pen = ImageDraw.Draw(mask)
    for number in range(int(2 * extent / STRIPE) + 1):
        start = number * STRIPE
        pen.line((start - extent, extent, start, 0), fill=255, width=4)
    return mask


def detect(world: World, seed: int | str, missed: float = 0.1) -> tuple[Detection, ...]:
    """What a detector finds: medium and large things with a jittered box and their kind, some missed."""
    rng = random.Random(f"detector {seed}")
    found = []
    for thing in world.things:
        for box in thing.boxes:
            if thing.size == "small" or rng.random() < missed:
                continue
            seen = jittered(box, 3, world.side, rng)
            found.append(Detection(seen, thing.kind, round(rng.uniform(0.55, 0.98), 2)))
    return tuple(found)


def jittered(box: Box, by: float, side: int, rng: random.Random) -> Box:
    """A box as a detector gives it: each edge off by at most `by` pixels, and none outside the picture."""
    left, top, right, bottom = (edge + rng.uniform(-by, by) for edge in (box.left, box.top, box.right, box.bottom))
    return Box(max(left, 0), max(top, 0), min(right, side), min(bottom, side))
