"""The picture with its patches drawn on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..running.ask import crop_of
from ..scene import Box, Patch, Scene

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

# Okabe and Ito's colours, which colour-blind people tell apart.
_COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
_DETECTION = "#FFFFFF"
_LINE = 1 / 250  # line width as a share of the longer edge
_TEXT = 1 / 36  # text height likewise


def draw_overlay(scene: Scene) -> Image:
    """A copy of the Scene's picture with detections (thin, white), patches and regions (coloured) and their names.

    Overlapping patches that became one region share a colour. ValueError for a Scene without its picture.
    """
    from PIL import ImageDraw

    picture = crop_of(scene, scene.image.box).load().copy()
    draw = ImageDraw.Draw(picture)
    longest = max(picture.size)
    line = max(1, round(longest * _LINE))
    for detection in scene.detections:
        draw.rectangle(_outline(detection.box), outline=_DETECTION, width=max(1, line // 2))
    for patch in _drawn(scene):
        _draw_patch(draw, patch, _colour(scene, patch), line, max(8.0, longest * _TEXT))
    return picture


def _drawn(scene: Scene) -> tuple[Patch, ...]:
    """The patches, without those of no size and without a semantic patch that is the whole image."""
    semantic = scene.semantic
    shown = [semantic] if semantic and semantic.box != scene.image.box else []
    return tuple(patch for patch in (*scene.patches, *shown) if patch.box.area > 0)


def _colour(scene: Scene, patch: Patch) -> str:
    """One colour per region, so that what was merged looks alike."""
    names = [patch.name for patch in scene.patches]
    region = next((region for region in scene.regions if patch.name in region.members), None)
    owner = region.members[0] if region else patch.name
    position = names.index(owner) if owner in names else len(names)
    return _COLOURS[position % len(_COLOURS)]


def _draw_patch(draw: ImageDraw, patch: Patch, colour: str, line: int, size: float) -> None:
    from PIL import ImageFont

    left, top, right, bottom = _outline(patch.box)
    draw.rectangle((left, top, right, bottom), outline=colour, width=line)
    font = ImageFont.load_default(size)
    words = draw.textbbox((left + 2 * line, top + 2 * line), patch.name, font=font)
    draw.rectangle((words[0] - line, words[1] - line, words[2] + line, words[3] + line), fill=colour)
    draw.text((left + 2 * line, top + 2 * line), patch.name, fill="black", font=font)


def _outline(box: Box) -> tuple[int, int, int, int]:
    """The corner pixels inside a box."""
    left, top = int(box.left), int(box.top)
    return left, top, max(left, round(box.right) - 1), max(top, round(box.bottom) - 1)
