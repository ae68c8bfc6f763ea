"""Pictures in: upright RGB from whatever people have, and crops that are cut only when somebody looks at them."""

from __future__ import annotations

import hashlib
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .basics.plain_text import whole_name
from .scene import Box, ImageRef

if TYPE_CHECKING:
    from PIL.Image import Image

_HASH_ROWS = 256  # rows hashed at a time, so that a picture of 200 MB is not copied to be named
_DAMAGED = "{where} is damaged or cut off ({error}): save or download it again."
_HEIF = (".heic", ".heif", ".hif")
_WHITE = (255, 255, 255)


@dataclass(frozen=True)
class Crop:
    """A part of a picture, cut when `load` is called and not before.

    Two crops are equal when they show the same pixels: same picture digest, same box. So a backend can encode each
    crop once, with the crop itself as key.
    """

    digest: str
    box: Box
    picture: Image = field(compare=False, repr=False)

    def __repr__(self) -> str:
        return f"Crop({self.digest[:8]}, {self.box!r})"

    @property
    def pixels(self) -> tuple[int, int, int, int]:
        """The box in whole pixels, widened outwards, never empty: (left, top, right, bottom)."""
        return whole_pixels(self.box, self.picture.width, self.picture.height)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        left, top, right, bottom = self.pixels
        return right - left, bottom - top

    def load(self) -> Image:
        """The cropped RGB picture. The whole picture is not copied. Treat it as read-only."""
        if self.pixels == (0, 0, *self.picture.size):
            return self.picture
        return self.picture.crop(self.pixels)


def whole_pixels(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """`box` in whole pixels inside a picture of that size: widened outwards, at least one pixel each way."""
    left = min(max(int(box.left), 0), width - 1)
    top = min(max(int(box.top), 0), height - 1)
    right = min(max(-int(-box.right // 1), left + 1), width)
    bottom = min(max(-int(-box.bottom // 1), top + 1), height)
    return left, top, right, bottom


def open_picture(path: str | Path) -> Image:
    """The picture in a file, upright (EXIF orientation applied) and as 8-bit RGB.

    Of an animation or a file of several pages it is the first (see `open_first_frame`). ValueError where the file is
    missing, is no picture, is truncated or is too large to be decoded safely.
    """
    return open_first_frame(path)[0]


def open_first_frame(path: str | Path) -> tuple[Image, int]:
    """As `open_picture`, and the number of pictures that the file holds: frames of an animation, pages."""
    where = Path(path)
    _require_file(where)
    with _errors_of(where), _decoded(where) as opened:
        return upright_rgb(opened), _frames_of(opened)


def _decoded(where: Path) -> Image:
    """The file, opened and read, with its own mode and orientation."""
    from PIL import Image, PngImagePlugin

    # ComfyUI writes whole workflows into its pictures, which pack to little: Pillow refuses above 1 MiB. For all texts
    # of a picture together its limit is this one.
    PngImagePlugin.MAX_TEXT_CHUNK = max(PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY)
    try:
        opened = Image.open(where)
        opened.load()
    except ValueError as error:
        raise ValueError(_DAMAGED.format(where=where, error=error)) from None
    return opened


def _require_file(where: Path) -> None:
    """ValueError for what is no regular file: reading from a pipe that nobody writes to would never end."""
    try:
        mode = where.stat().st_mode
    except FileNotFoundError:
        raise ValueError(f"{where} does not exist: check the path.") from None
    except (OSError, ValueError) as error:  # a ValueError is a path with a null character
        raise ValueError(f"{where} cannot be read ({getattr(error, 'strerror', error)}): check the path.") from None
    if stat.S_ISDIR(mode):
        raise ValueError(f"{where} is a folder: caption the pictures in it with the command folder.")
    if not stat.S_ISREG(mode):
        raise ValueError(f"{where} is a pipe or a device: give a picture file.")


@contextmanager
def _errors_of(where: Path) -> Iterator[None]:
    """Pillow's errors as ValueErrors that name the file and say what to do."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about large pictures and broken EXIF data; what matters is an error
            yield
    except UnidentifiedImageError:
        raise ValueError(f"{where} is not a picture that can be read: {_advice(where)}.") from None
    except Image.DecompressionBombError as error:
        raise ValueError(f"{where} is too large ({error}): scale it down first.") from None
    except PermissionError as error:
        raise ValueError(f"{where} cannot be read ({error.strerror}): check its rights.") from None
    except (OSError, SyntaxError, EOFError, OverflowError) as error:
        raise ValueError(_DAMAGED.format(where=where, error=error)) from None


def _advice(where: Path) -> str:
    if where.suffix.lower() in _HEIF:
        return "it seems to be an HEIF picture, which is read by neither Pillow nor this; save it as JPEG or PNG"
    return "give a JPEG, PNG, WebP, TIFF or BMP file"


def _frames_of(opened: Image) -> int:
    """How many pictures a file holds. The second one of a phone's photo (MPO) is the same view again: it is one."""
    if opened.format == "MPO":
        return 1
    try:
        return int(getattr(opened, "n_frames", 1))
    except (OSError, SyntaxError, EOFError, ValueError):  # damaged behind its first frame
        return 1


def upright_rgb(picture: Image) -> Image:
    """8-bit RGB as a person sees it: EXIF orientation applied, transparency on white, 16 bits scaled to 8."""
    from PIL import Image, ImageOps

    shown = ImageOps.exif_transpose(picture)
    if shown.mode.startswith("I") or shown.mode == "F":
        shown = _to_eight_bits(shown)
    if shown.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in shown.info:
        layers = shown.convert("RGBA")
        backdrop = Image.new("RGBA", layers.size, (*_WHITE, 255))
        shown = Image.alpha_composite(backdrop, layers)
    return shown if shown.mode == "RGB" else shown.convert("RGB")


def _to_eight_bits(picture: Image) -> Image:
    """Grey of more than 8 bits: 16-bit range to 0..255, floating point 0..1 (or 0..255) likewise."""
    import numpy
    from PIL import Image

    values = numpy.asarray(picture, dtype=numpy.float64)
    if not numpy.isfinite(values).all():
        raise ValueError("The picture has pixels that are not numbers (NaN or infinity): export it again.")
    peak = float(values.max(initial=0.0))
    limit = next(limit for limit in (1.0, 255.0, 65535.0, max(peak, 1.0)) if peak <= limit)
    if picture.mode != "F":  # an integer picture says its range by its type, not by its brightest pixel
        limit = max(65535.0, peak)
    return Image.fromarray((values.clip(0) * (255.0 / limit)).round().astype(numpy.uint8))


def picture_digest(picture: Image) -> str:
    """A digest of size and pixels, 32 hex digits; hashes a strip of rows at a time."""
    state = hashlib.blake2b(f"{picture.mode} {picture.width}x{picture.height}".encode(), digest_size=16)
    for top in range(0, picture.height, _HASH_ROWS):
        strip = picture.crop((0, top, picture.width, min(top + _HASH_ROWS, picture.height)))
        state.update(strip.tobytes())
    return state.hexdigest()


def image_ref(picture: Image, name: str) -> ImageRef:
    """The reference by which a Scene names the picture."""
    return ImageRef(whole_name(name), picture.width, picture.height, picture_digest(picture))
