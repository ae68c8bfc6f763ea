"""Crops on the wire: each cut, scaled and compressed once, within what the provider takes."""

from __future__ import annotations

import base64
import io
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...picture import Crop

if TYPE_CHECKING:
    from PIL.Image import Image

_QUALITIES = (92, 85, 75, 60)  # JPEG; 92 leaves fine texture, 60 is the least that captions survive
_SHRINK = 0.75
_SHORTEST_EDGE = 32  # pixels; Qwen-VL's patches are 28 wide, and smaller pictures are an error there
_KEPT_BYTES = 64 * 2**20


@dataclass(frozen=True)
class EncodedCrop:
    """A JPEG: base64 text, size in pixels."""

    data: str
    width: int
    height: int
    media_type: str = "image/jpeg"

    def __repr__(self) -> str:
        return f"EncodedCrop({self.width}x{self.height}, {len(self.data)} characters)"

    @property
    def data_uri(self) -> str:
        return f"data:{self.media_type};base64,{self.data}"


def encode(crop: Crop, longest_edge: int, max_bytes: int) -> EncodedCrop:
    """The crop as a JPEG of at most `max_bytes` whose longest edge has at most `longest_edge` pixels."""
    picture = _scaled(crop.load(), longest_edge)
    while True:
        for quality in _QUALITIES:
            content = _jpeg(picture, quality)
            if len(content) <= max_bytes:
                return EncodedCrop(base64.b64encode(content).decode("ascii"), *picture.size)
        picture = _scaled(picture, max(int(max(picture.size) * _SHRINK), 1))


def _jpeg(picture: Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _scaled(picture: Image, longest_edge: int) -> Image:
    """Scaled down to the longest edge; scaled up where the shortest is too small for a model to look at."""
    from PIL.Image import Resampling

    factor = min(1.0, longest_edge / max(picture.size))
    factor = max(factor, min(_SHORTEST_EDGE / min(picture.size), longest_edge / max(picture.size)))
    if factor == 1.0:
        return picture
    width, height = (max(1, round(edge * factor)) for edge in picture.size)
    return picture.resize((width, height), Resampling.LANCZOS)


class CropEncoder:
    """Encodes each crop once and keeps the latest results, up to 64 MiB. Safe to call from several threads."""

    def __init__(self, longest_edge: int, max_bytes: int) -> None:
        self.longest_edge, self.max_bytes = longest_edge, max_bytes
        self.encoded = 0  # how often a crop was really encoded
        self._kept: OrderedDict[tuple[object, ...], EncodedCrop] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()
        self._busy: dict[tuple[object, ...], threading.Lock] = {}

    def __call__(self, crop: Crop) -> EncodedCrop:
        key = (crop.digest, crop.pixels)  # not the crop itself, which would keep its whole picture alive
        with self._lock:
            mine = self._busy.setdefault(key, threading.Lock())
        with mine:
            if (found := self._find(key)) is not None:
                return found
            made = encode(crop, self.longest_edge, self.max_bytes)
            self._keep(key, made)
            return made

    def find(self, crop: Crop) -> EncodedCrop | None:
        """The crop if it is encoded already."""
        return self._find((crop.digest, crop.pixels))

    def _find(self, key: tuple[object, ...]) -> EncodedCrop | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: tuple[object, ...], made: EncodedCrop) -> None:
        with self._lock:
            self.encoded += 1
            self._kept[key] = made
            self._busy.pop(key, None)
            self._size += len(made.data)
            while self._size > _KEPT_BYTES and len(self._kept) > 1:
                self._size -= len(self._kept.popitem(last=False)[1].data)
