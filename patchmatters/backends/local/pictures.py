"""Pictures as vision towers can take them: not too many pixels, not too few, not too narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_LEAST_SIDE = 28  # pixels: one merged patch of Qwen-VL, the largest patch of the families here
_LONGEST_TO_SHORTEST = 100  # Qwen-VL refuses pictures beyond 200


def fitted(picture: Image, max_pixels: int) -> Image:
    """The picture with at most `max_pixels` pixels, in its own proportions; slivers are widened to what can be seen."""
    width, height = picture.size
    scale = min(1.0, (max_pixels / (width * height)) ** 0.5)
    scaled_width, scaled_height = int(width * scale), int(height * scale)
    size = (
        max(scaled_width, _LEAST_SIDE, scaled_height // _LONGEST_TO_SHORTEST),
        max(scaled_height, _LEAST_SIDE, scaled_width // _LONGEST_TO_SHORTEST),
    )
    if size == picture.size:
        return picture
    from PIL import Image as Images

    # The gap lets 100 megapixels be reduced by whole numbers first: ten times faster, and the eye sees no difference.
    return picture.resize(size, Images.Resampling.BICUBIC, reducing_gap=3.0)
