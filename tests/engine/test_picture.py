"""Pictures in: any file that people have becomes upright RGB, and crops are cut only when asked for."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from patchmatters.picture import (
    Crop,
    image_ref,
    open_first_frame,
    open_picture,
    picture_digest,
    upright_rgb,
    whole_pixels,
)
from patchmatters.scene import Box


def saved(folder: Path, picture: Image.Image, name: str = "photo.png", **options: object) -> Path:
    path = folder / name
    picture.save(path, **options)
    return path


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I", "I;16", "F"])
def test_every_mode_becomes_rgb_of_the_same_size(mode: str) -> None:
    source = Image.new("L", (7, 5), 200)
    picture = Image.fromarray(numpy.full((5, 7), 200 * 257, numpy.uint16)) if mode == "I;16" else source.convert(mode)
    assert upright_rgb(picture).mode == "RGB"
    assert upright_rgb(picture).size == (7, 5)


def test_sixteen_bits_keep_their_brightness(tmp_path: Path) -> None:
    values = numpy.array([[0, 32768, 65535]], numpy.uint16)
    shown = open_picture(saved(tmp_path, Image.fromarray(values)))
    assert numpy.asarray(shown)[0, :, 0].tolist() == [0, 128, 255]


def test_transparency_lies_on_white() -> None:
    assert upright_rgb(Image.new("RGBA", (1, 1), (255, 0, 0, 0))).getpixel((0, 0)) == (255, 255, 255)
    assert upright_rgb(Image.new("RGBA", (1, 1), (255, 0, 0, 255))).getpixel((0, 0)) == (255, 0, 0)


def test_exif_rotation_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: upright is a quarter turn to the right
    picture = Image.new("RGB", (40, 20), "white")
    picture.paste("red", (0, 0, 20, 20))
    shown = open_picture(saved(tmp_path, picture, "turned.jpg", exif=exif, quality=95))
    assert shown.size == (20, 40)
    red, _, blue = shown.getpixel((10, 5))
    assert red > 200 > 100 > blue


def test_cmyk_jpeg_opens(tmp_path: Path) -> None:
    assert open_picture(saved(tmp_path, Image.new("CMYK", (9, 9)), "print.jpg")).getpixel((4, 4)) == (255, 255, 255)


def test_files_that_are_no_pictures_say_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        open_picture(tmp_path / "nowhere.jpg")
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(ValueError, match="not a picture that can be read"):
        open_picture(tmp_path / "text.jpg")
    whole = saved(tmp_path, Image.effect_noise((200, 200), 80), "noise.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="damaged or cut off"):
        open_picture(tmp_path / "half.jpg")
    with pytest.raises(ValueError, match="is a folder: caption the pictures in it with the command folder"):
        open_picture(tmp_path)
    with pytest.raises(ValueError, match="save it as JPEG or PNG"):
        (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(99))
        open_picture(tmp_path / "phone.heic")
    with pytest.raises(ValueError, match="check the path"):
        open_picture("null\0.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes on this system")
def test_a_pipe_that_nobody_writes_to_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ValueError, match="is a pipe or a device: give a picture file"):
        open_picture(tmp_path / "pipe.png")


@pytest.mark.parametrize("megabytes", [1, 3, 30])
def test_a_picture_with_a_long_compressed_text_or_profile_is_read(tmp_path: Path, megabytes: int) -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("workflow", "x" * (megabytes << 20), zip=True)
    texts.add_itxt("more", "y" * (megabytes << 20), zip=True)
    red = Image.new("RGB", (9, 9), "red")
    red.save(tmp_path / "long.png", pnginfo=texts, icc_profile=bytes(megabytes << 20))
    assert open_picture(tmp_path / "long.png").getpixel((4, 4)) == (255, 0, 0)


@pytest.mark.parametrize(("name", "frames"), [("a.gif", 3), ("a.webp", 3), ("a.png", 3), ("a.tiff", 3), ("a.mpo", 1)])
def test_the_first_frame_is_opened_and_the_others_are_counted(tmp_path: Path, name: str, frames: int) -> None:
    first, *more = (Image.new("RGB", (40, 30), colour) for colour in ("red", "blue", "lime"))
    first.save(tmp_path / name, save_all=True, append_images=more)
    picture, count = open_first_frame(tmp_path / name)
    assert count == frames
    assert picture.getpixel((20, 15))[0] > 200
    assert picture.getpixel((20, 15))[2] < 60


@given(st.floats(-50, 150), st.floats(-50, 150), st.floats(-50, 150), st.floats(-50, 150))
def test_whole_pixels_lie_inside_and_are_never_empty(left: float, top: float, right: float, bottom: float) -> None:
    x1, y1, x2, y2 = whole_pixels(Box(left, top, right, bottom), 100, 80)
    assert 0 <= x1 < x2 <= 100
    assert 0 <= y1 < y2 <= 80
    if 0 <= left < right <= 100:
        assert x1 <= left
        assert right <= x2


def test_equal_crops_are_one_key_and_the_whole_is_not_copied() -> None:
    picture = Image.new("RGB", (50, 40), "teal")
    digest = picture_digest(picture)
    twin = picture.copy()
    assert Crop(digest, Box(0, 0, 10, 10), picture) == Crop(digest, Box(0, 0, 10, 10), twin)
    assert Crop(digest, Box(0, 0, 50, 40), picture).load() is picture
    assert Crop(digest, Box(5, 5, 10, 15), picture).load().size == (5, 10)


def test_digest_tells_pictures_apart_by_pixels_and_size() -> None:
    digests = {
        picture_digest(Image.new("RGB", size, colour))
        for size, colour in [((4, 2), "red"), ((2, 4), "red"), ((4, 2), "blue"), ((1, 8), "red")]
    }
    assert len(digests) == 4


def test_naming_a_large_picture_does_not_copy_it() -> None:
    picture = Image.new("RGB", (4096, 4096))
    tracemalloc.start()
    image_ref(picture, "large")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000
