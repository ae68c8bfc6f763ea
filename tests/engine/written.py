"""Pictures with writing in them, for tests of what reads it; without rapidocr or a font those tests are skipped."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from evaluation.bank import shared_dir
from patchmatters.picture import Crop, image_ref
from patchmatters.scene import Box

needs_reader = pytest.mark.skipif(
    not (find_spec("rapidocr") and find_spec("onnxruntime")), reason="needs rapidocr and onnxruntime"
)
PHOTOGRAPHS = shared_dir() / "did_bench" / "images"
needs_photographs = pytest.mark.skipif(not PHOTOGRAPHS.is_dir(), reason="needs the photographs of DID-Bench")

Piece = tuple[str, tuple[float, float], float]  # text, left and top, height in pixels


def font(size: float) -> ImageFont.FreeTypeFont:
    """Pillow's own font, which comes with it."""
    return ImageFont.load_default(size)


def chinese_font(size: float) -> ImageFont.FreeTypeFont:
    """A font with Chinese characters; the test is skipped where there is none."""
    spec = find_spec("noto_cjk_sans_jp_regular")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("needs a font with Chinese characters: pip install noto-cjk-sans-jp-regular")
    (file,) = Path(spec.submodule_search_locations[0]).glob("*.otf")
    return ImageFont.truetype(str(file), size)


def sign(
    *pieces: Piece,
    size: tuple[int, int] = (480, 360),
    ground: str = "darkgreen",
    ink: str = "white",
    face: Callable[[float], ImageFont.FreeTypeFont] = font,
) -> Image.Image:
    picture = Image.new("RGB", size, ground)
    pen = ImageDraw.Draw(picture)
    for text, corner, height in pieces:
        pen.text(corner, text, fill=ink, font=face(height))
    return picture


def crop(picture: Image.Image, box: Box | None = None) -> Crop:
    reference = image_ref(picture, "sign")
    return Crop(reference.digest, box or reference.box, picture)


def page(lines: Sequence[str], height: float = 16) -> Image.Image:
    """A page of text, black on white."""
    pieces = [(line, (30.0, 30.0 + 1.6 * height * number), height) for number, line in enumerate(lines)]
    return sign(*pieces, size=(600, int(60 + 1.6 * height * len(lines))), ground="white", ink="black")


def turned(text: str, angle: float) -> Image.Image:
    """A line that is turned anticlockwise by an angle in degrees, black on white."""
    line = Image.new("RGB", (360, 60), "white")
    ImageDraw.Draw(line).text((10, 5), text, fill="black", font=font(40))
    line = line.rotate(angle, expand=True)
    picture = Image.new("RGB", (400, 400), "white")
    picture.paste(line, ((400 - line.width) // 2, (400 - line.height) // 2))
    return picture


def stacked(text: str) -> Image.Image:
    """Upright letters below one another."""
    return sign(*((letter, (180.0, 10 + 52.0 * at), 44) for at, letter in enumerate(text)), size=(400, 400))


def written_by_hand(text: str, seed: int, wild: float = 1.0) -> Image.Image:
    """Letters as an unsteady hand sets them: each of another size, slant and height, some touching. `wild` is how much.

    No handwriting, but as hard to read.
    """
    rng = random.Random(seed)
    picture = Image.new("RGB", (500, 200), "ivory")
    across = 20.0
    for letter in text:
        drawn = Image.new("L", (88, 88), 0)
        ImageDraw.Draw(drawn).text((22, 14), letter, fill=255, font=font(44 * rng.uniform(0.8, 1.15)))
        slant = (1, rng.uniform(0.1, 0.45) * wild, -12 * wild, rng.uniform(-0.15, 0.15) * wild, 1, 0)
        drawn = drawn.rotate(rng.uniform(-22, 22) * wild, resample=Image.Resampling.BICUBIC)
        drawn = drawn.transform(drawn.size, Image.Transform.AFFINE, slant, resample=Image.Resampling.BICUBIC)
        picture.paste("navy", (int(across) - 22, int(60 + rng.uniform(-7, 7) * wild)), drawn)
        across += font(44).getlength(letter) * rng.uniform(0.75, 1.0) + 1
    return picture
