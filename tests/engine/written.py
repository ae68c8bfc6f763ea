"""Pictures with writing in them, for tests of what reads it; without rapidocr or a font those tests are skipped."""

from __future__ import annotations

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
