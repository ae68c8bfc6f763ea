"""The pack's sockets, and the conversions between ComfyUI's values and the engine's.

Everything that a node gets is checked here once; what is wrong is a ValueError in a sentence that a person can act on.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from comfy_api.latest import io

from ..patchmatters.models import QUIET, Monitor
from ..patchmatters.picture import upright_rgb, whole_pixels
from ..patchmatters.scene import Box, Scene
from .progress import ProgressNote

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from ..patchmatters.generate import Element

CATEGORY = "PatchMatters"
STAGES = f"{CATEGORY}/stages"
MODELS = f"{CATEGORY}/models"
SCENES = f"{CATEGORY}/scene"
PROMPTS = f"{CATEGORY}/prompt"
DATASETS = f"{CATEGORY}/data set"

SceneSocket = io.Custom("PATCHMATTERS_SCENE")
ChatModelSocket = io.Custom("PATCHMATTERS_CHAT_MODEL")
ScorerSocket = io.Custom("PATCHMATTERS_SCORER")
WitnessSocket = io.Custom("PATCHMATTERS_WITNESSES")
FolderSocket = io.Custom("PATCHMATTERS_FOLDER")
_BoundingBox = io.Custom("BOUNDING_BOX")

_CHANNELS = (1, 3, 4)
_OVERSHOOT = (-0.5, 1.5)  # what resizing and sampling leave beyond 0..1; more than that is another unit


def boxes_input(tooltip: str) -> io.Input:
    """An optional socket for a detector's boxes; not forced, the frontend would make four number widgets of it."""
    return _BoundingBox.Input("bboxes", optional=True, tooltip=tooltip, extra_dict={"forceInput": True})


def witnesses_input(tooltip: str) -> io.Input:
    """An optional socket for witnesses; each node of a witness takes those before it, so that a chain is a list."""
    return WitnessSocket.Input("witnesses", optional=True, tooltip=tooltip)


class SceneBatch(tuple[Scene, ...]):
    """What flows through a SCENE socket: one Scene per picture. Shared between nodes, so never changed.

    A tuple with a short `__repr__`, because the host prints every input of a node that fails.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        stages = dict.fromkeys(scene.stage.value for scene in self)
        return f"SceneBatch({len(self)} pictures, {' and '.join(stages) or 'empty'})"


def pictures_from_image(image: Tensor, monitor: Monitor = QUIET) -> list[Image]:
    """One upright RGB picture per image of an IMAGE: (batch, height, width, channels), floats from 0 to 1.

    1, 3 or 4 channels (grey, RGB, RGBA on white). Slight overshoot is clamped. ValueError for anything else.
    """
    pictures, problems = pictures_and_problems(image, monitor)
    if broken := next(filter(None, problems), ""):
        raise ValueError(broken)
    return pictures


def pictures_and_problems(image: Tensor, monitor: Monitor = QUIET) -> tuple[list[Image], list[str]]:
    """As `pictures_from_image`, but a frame that is broken by itself costs the others nothing.

    In its place stands what can be shown of it, with black for what is no number, and a problem; the others have an
    empty one. ValueError where the batch is of another kind or unit.
    """
    _check_layout(image)
    pictures, problems = [], []
    for number, frame in enumerate(image, 1):
        monitor.poll()
        problem = _problem(frame, number)
        pictures.append(_picture(frame.nan_to_num(0.0, 0.0, 0.0) if problem else frame, number))
        problems.append(problem)
    return pictures, problems


def _problem(frame: Tensor, number: int) -> str:
    """What is wrong with one frame; NaN in it makes both ends NaN: one pass, no copy."""
    import torch

    if all(math.isfinite(float(value)) for value in torch.aminmax(frame)):
        return ""
    return f"Picture {number} has pixels that are not numbers (NaN or infinity): check the node that made it."


def _check_layout(image: Tensor) -> None:
    shape = tuple(getattr(image, "shape", ()))
    if len(shape) != 4:
        raise ValueError(
            f"The image has the shape {shape}, but (batch, height, width, channels) is expected: connect an IMAGE."
        )
    if shape[3] not in _CHANNELS:
        raise ValueError(f"The image has {shape[3]} channels: give 1 (grey), 3 (RGB) or 4 (RGBA).")
    if 0 in shape:
        raise ValueError(f"The image is empty (shape {shape}): connect at least one picture with pixels.")
    if not image.is_floating_point():
        raise ValueError(f"The image holds {image.dtype} numbers: convert it to floats from 0 to 1.")


def _picture(frame: Tensor, number: int) -> Image:
    """One frame (height, width, channels) of an IMAGE as a picture."""
    import torch
    from PIL import Image

    low, high = (float(value) for value in torch.aminmax(frame))
    if low < _OVERSHOOT[0] or high > _OVERSHOOT[1]:
        raise ValueError(
            f"Picture {number} has values from {low:g} to {high:g}, but 0 to 1 is expected: divide values of "
            "0 to 255 by 255."
        )
    pixels = frame.float().clamp(0.0, 1.0).mul(255.0).round_().to(torch.uint8).cpu().numpy()
    return upright_rgb(Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels))


def image_from_pictures(pictures: Sequence[Image]) -> Tensor:
    """An IMAGE (batch, height, width, 3) of floats from 0 to 1 from RGB pictures of one size.

    ValueError for an empty list and for pictures of different sizes.
    """
    import numpy
    import torch

    sizes = list(dict.fromkeys(picture.size for picture in pictures))
    if len(sizes) != 1:
        listed = ", ".join(f"{width}x{height}" for width, height in sizes)
        raise ValueError(f"One IMAGE needs pictures of one size, not: {listed or 'no picture at all'}.")
    frames = [torch.from_numpy(numpy.array(picture.convert("RGB"))) for picture in pictures]
    return torch.stack(frames).float().div_(255.0)


def mask_from_box(box: Box, width: int, height: int) -> Tensor:
    """A MASK (1, height, width): 1 inside the box in whole pixels, 0 outside."""
    import torch

    left, top, right, bottom = whole_pixels(box, width, height)
    mask = torch.zeros((1, height, width))
    mask[:, top:bottom, left:right] = 1.0
    return mask


def bounding_box(
    box: Box, label: str, width: int, height: int, metadata: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Core's bounding box in whole pixels of a picture of that size, with the label by which people know it.

    `metadata` is what core's Create Bounding Boxes reads (see `element_metadata`).
    """
    left, top, right, bottom = whole_pixels(box, width, height)
    edges = {"x": left, "y": top, "width": right - left, "height": bottom - top, "label": label}
    return edges | ({"metadata": dict(metadata)} if metadata else {})


def element_box(element: Element, width: int, height: int) -> dict[str, Any]:
    """An element as core's bounding box with its metadata. Edges go to the nearest pixel, one at least apart: core
    makes thousandths of them, which stay within one of the element's own where the picture has 1000 pixels a side.
    """
    box = element.box
    left, top = min(round(box.left), width - 1), min(round(box.top), height - 1)
    right, bottom = max(round(box.right), left + 1), max(round(box.bottom), top + 1)
    return bounding_box(Box(left, top, right, bottom), element.name, width, height, element_metadata(element))


def element_metadata(element: Element) -> dict[str, Any]:
    """What core's Create Bounding Boxes (ComfyUI 0.27 and later) makes an element of: type, desc, text and palette."""
    palette = [colour.code for colour in element.palette]
    return {"type": element.kind, "desc": element.desc, "text": element.text, "palette": palette}


def ui_json(values: Mapping[str, Iterable[Any]]) -> dict[str, list[Any]]:
    """Values for a node's `ui` as plain JSON: a value that JSON cannot hold would end the whole server process.

    ValueError, naming the key, for such a value (NaN included: the browser would drop the message).
    """
    return {key: _plain(key, list(entries)) for key, entries in values.items()}


def _plain(key: str, entries: list[Any]) -> list[Any]:
    try:
        return json.loads(json.dumps(entries, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{key} cannot be sent to the browser ({error}).") from None


class ComfyMonitor:
    """Shows a stage on the running node: steps on its progress bar, and under it what is being done and written.

    Ends the stage when the user cancels: the host's interrupt exception leaves every method as it is, and a stage
    needs no code for it. To be made in the node's own thread.
    """

    def __init__(self) -> None:
        self._bar: Any = None
        self._note = ProgressNote()

    def begin(self, stage: str, total: int) -> None:
        from comfy.utils import ProgressBar

        self.poll()
        self._bar = ProgressBar(total) if total > 0 else None
        self._note.begin(stage, total)

    def advance(self, name: str) -> None:
        self.poll()
        if self._bar is not None:
            self._bar.update(1)
        self._note.advance(name)

    def partial(self, name: str, text: str) -> None:
        self.poll()
        self._note.partial(name, text)

    def poll(self) -> None:
        from comfy.model_management import throw_exception_if_processing_interrupted

        throw_exception_if_processing_interrupted()
