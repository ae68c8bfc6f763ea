"""Draws the example picture, so that it may be shared freely: `python scripts/draw_example.py`.

A harbour at dusk: a lighthouse, a boat, the low sun. Its boxes are written beside it, as a detector would give them.
"""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

FOLDER = Path(__file__).resolve().parent.parent / "pictures"
WIDTH, HEIGHT, HORIZON = 960, 720, 430
BOXES = [
    {"x": 700, "y": 118, "width": 132, "height": 392, "label": "lighthouse", "score": 0.94},
    {"x": 150, "y": 322, "width": 270, "height": 206, "label": "boat", "score": 0.91},
    {"x": 418, "y": 318, "width": 96, "height": 96, "label": "sun", "score": 0.62},
]


def gradient(size: tuple[int, int], top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Image.Image:
    """A vertical gradient between two colours."""
    ramp = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), ramp)


def sky_and_sea() -> Image.Image:
    picture = Image.new("RGB", (WIDTH, HEIGHT))
    picture.paste(gradient((WIDTH, HORIZON), (38, 62, 120), (250, 168, 92)), (0, 0))
    picture.paste(gradient((WIDTH, HEIGHT - HORIZON), (176, 116, 92), (14, 34, 62)), (0, HORIZON))
    glow = Image.new("RGB", (WIDTH, HEIGHT))
    ImageDraw.Draw(glow).ellipse((376, 276, 556, 456), fill=(150, 100, 30))
    picture = ImageChops.add(picture, glow.filter(ImageFilter.GaussianBlur(46)))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((426, 326, 506, 406), fill=(255, 226, 140))
    random_ripples(draw)
    return picture


def random_ripples(draw: ImageDraw.ImageDraw) -> None:
    """Light on the water: longer and rarer towards the viewer."""
    rng = random.Random(7)
    for _ in range(420):
        y = HORIZON + int((HEIGHT - HORIZON) * rng.random() ** 1.6)
        depth = (y - HORIZON) / (HEIGHT - HORIZON)
        x = rng.gauss(466, 60 + 260 * depth)
        length = 8 + 46 * depth * rng.random()
        shade = (255, 196, 120) if abs(x - 466) < 40 + 90 * depth else (62, 86, 116)
        draw.line((x - length, y, x + length, y), fill=shade, width=1 + int(2 * depth))


def lighthouse(draw: ImageDraw.ImageDraw) -> None:
    draw.polygon([(560, 470), (640, 436), (960, 420), (960, 560), (600, 520)], fill=(44, 38, 42))
    draw.polygon([(726, 470), (740, 200), (792, 200), (806, 470)], fill=(232, 226, 214))
    for top in (240, 320, 400):
        lean = (top - 200) * 14 / 270
        draw.polygon(
            [(740 - lean, top), (792 + lean, top), (792 + lean + 2, top + 40), (740 - lean - 2, top + 40)],
            fill=(178, 34, 40),
        )
    draw.rectangle((732, 186, 800, 200), fill=(60, 56, 60))
    draw.rectangle((746, 146, 786, 186), fill=(255, 240, 170))
    draw.polygon([(738, 148), (766, 120), (794, 148)], fill=(120, 26, 32))


def boat(draw: ImageDraw.ImageDraw) -> None:
    draw.polygon([(156, 470), (414, 470), (376, 524), (196, 524)], fill=(24, 78, 92))
    draw.rectangle((170, 470, 404, 480), fill=(236, 232, 220))
    draw.rectangle((252, 410, 330, 470), fill=(236, 232, 220))
    for left in (262, 294):
        draw.rectangle((left, 424, left + 24, 446), fill=(250, 206, 110))
    draw.line((346, 470, 346, 326), fill=(40, 34, 34), width=5)
    draw.line((346, 334, 408, 466), fill=(40, 34, 34), width=2)


def gulls(draw: ImageDraw.ImageDraw) -> None:
    for x, y, span in ((210, 130, 22), (268, 166, 15), (330, 112, 18)):
        for side in (-1, 1):
            draw.arc(
                (x - span + side * span, y, x + span + side * span, y + span), 200, 340, fill=(30, 32, 48), width=3
            )


def grain(picture: Image.Image) -> Image.Image:
    """A little film grain, the same each time."""
    rng = random.Random(3)
    noise = Image.new("L", (WIDTH // 3, HEIGHT // 3))
    noise.putdata(
        [
            128 + int(5 * math.sqrt(-2 * math.log(1 - rng.random())) * math.cos(6.283 * rng.random()))
            for _ in range(noise.width * noise.height)
        ]
    )
    soft = noise.resize(picture.size, Image.Resampling.BICUBIC)
    return ImageChops.add(picture, Image.merge("RGB", (soft, soft, soft)), offset=-128)


def main() -> None:
    picture = sky_and_sea()
    draw = ImageDraw.Draw(picture)
    lighthouse(draw)
    boat(draw)
    gulls(draw)
    FOLDER.mkdir(exist_ok=True)
    grain(picture).save(FOLDER / "harbour.jpg", quality=90)
    (FOLDER / "harbour.json").write_text(json.dumps([BOXES], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
