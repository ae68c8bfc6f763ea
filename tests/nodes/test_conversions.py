"""What ComfyUI gives becomes what the engine takes, and wrong values become sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="session")
def types(part: Callable[[str], Any]) -> Any:
    return part("nodes.types")


@settings(deadline=None, max_examples=40)
@given(
    batch=st.integers(1, 3),
    height=st.integers(1, 24),
    width=st.integers(1, 24),
    seed=st.integers(0, 2**31),
)
def test_eight_bit_pictures_survive_the_way_there_and_back(
    types: Any, batch: int, height: int, width: int, seed: int
) -> None:
    import torch

    whole = torch.randint(0, 256, (batch, height, width, 3), generator=torch.Generator().manual_seed(seed))
    image = whole.float() / 255
    pictures = types.pictures_from_image(image)
    assert [picture.size for picture in pictures] == [(width, height)] * batch
    assert torch.equal(types.image_from_pictures(pictures), image)


@pytest.mark.parametrize(
    ("channels", "values", "expected"),
    [
        (1, [0.5], (128, 128, 128)),
        (3, [1.0, 0.0, 0.2], (255, 0, 51)),
        (4, [1.0, 0.0, 0.0, 1.0], (255, 0, 0)),
        (4, [1.0, 0.0, 0.0, 0.0], (255, 255, 255)),
        (3, [1.4, -0.4, 1.0], (255, 0, 255)),
    ],
    ids=["grey", "rgb", "opaque", "transparent is white", "overshoot is clamped"],
)
def test_channels_become_rgb(types: Any, channels: int, values: list[float], expected: tuple[int, ...]) -> None:
    import torch

    image = torch.tensor(values).expand(1, 2, 3, channels)
    (picture,) = types.pictures_from_image(image)
    assert picture.mode == "RGB"
    assert picture.getpixel((1, 1)) == expected


def test_half_precision_is_accepted(types: Any) -> None:
    import torch

    (picture,) = types.pictures_from_image(torch.full((1, 2, 2, 3), 1.0, dtype=torch.float16))
    assert picture.getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("shape", "value", "words"),
    [
        ((0, 4, 4, 3), 0.0, "empty"),
        ((1, 0, 4, 3), 0.0, "empty"),
        ((4, 4, 3), 0.0, r"\(batch, height, width, channels\)"),
        ((1, 3, 4, 4, 4), 0.0, r"\(batch, height, width, channels\)"),
        ((1, 4, 4, 2), 0.0, "2 channels"),
        ((1, 4, 4, 3), float("nan"), "not numbers"),
        ((1, 4, 4, 3), float("inf"), "not numbers"),
        ((1, 4, 4, 3), 200.0, "divide values of 0 to 255 by 255"),
        ((1, 4, 4, 3), -1.0, "0 to 1 is expected"),
    ],
)
def test_a_wrong_image_is_refused_in_a_sentence(types: Any, shape: tuple[int, ...], value: float, words: str) -> None:
    import torch

    with pytest.raises(ValueError, match=words):
        types.pictures_from_image(torch.full(shape, value))


def test_whole_numbers_are_refused(types: Any) -> None:
    import torch

    with pytest.raises(ValueError, match="floats from 0 to 1"):
        types.pictures_from_image(torch.zeros((1, 4, 4, 3), dtype=torch.uint8))


def test_something_else_than_an_image_is_refused(types: Any) -> None:
    with pytest.raises(ValueError, match="connect an IMAGE"):
        types.pictures_from_image("a text")


def test_the_wrong_picture_of_a_batch_is_named(types: Any) -> None:
    import torch

    image = torch.zeros((3, 2, 2, 3))
    image[1, 0, 0, 0] = float("nan")
    with pytest.raises(ValueError, match="Picture 2"):
        types.pictures_from_image(image)


def test_a_broken_frame_costs_the_others_nothing(types: Any) -> None:
    import torch

    image = torch.full((3, 2, 2, 3), 0.5)
    image[1, 0, 0, 0] = float("inf")
    pictures, problems = types.pictures_and_problems(image)
    assert [bool(problem) for problem in problems] == [False, True, False]
    assert problems[1].startswith("Picture 2 has pixels that are not numbers")
    assert [picture.getpixel((0, 0)) for picture in pictures] == [(128,) * 3, (0, 128, 128), (128,) * 3]
    assert types.pictures_and_problems(torch.zeros((2, 4, 4, 3)))[1] == ["", ""]
    with pytest.raises(ValueError, match="divide values of 0 to 255"):
        types.pictures_and_problems(torch.full((2, 4, 4, 3), 200.0))


def test_pictures_of_two_sizes_are_no_image(types: Any) -> None:
    from PIL import Image

    with pytest.raises(ValueError, match="2x2, 3x2"):
        types.image_from_pictures([Image.new("RGB", (2, 2)), Image.new("RGB", (3, 2))])
    with pytest.raises(ValueError, match="no picture at all"):
        types.image_from_pictures([])


def test_a_mask_and_a_bounding_box_cover_the_same_pixels(types: Any, part: Callable[[str], Any]) -> None:
    box = part("patchmatters.scene").Box(1.2, 0.0, 3.5, 2.0)
    mask = types.mask_from_box(box, 6, 4)
    core = types.bounding_box(box, "top", 6, 4)
    assert mask.shape == (1, 4, 6)
    assert core == {"x": 1, "y": 0, "width": 3, "height": 2, "label": "top"}
    inside = mask[0, core["y"] : core["y"] + core["height"], core["x"] : core["x"] + core["width"]]
    assert inside.min() == 1
    assert mask.sum() == inside.numel()


@pytest.mark.parametrize("value", [object(), b"bytes", float("nan"), {1, 2}])
def test_what_json_cannot_hold_never_reaches_the_host(types: Any, value: object) -> None:
    with pytest.raises(ValueError, match="patches cannot be sent"):
        types.ui_json({"patches": [value]})


def test_a_scene_batch_prints_short(types: Any, part: Callable[[str], Any]) -> None:
    from PIL import Image

    divide = part("patchmatters.divide").divide
    scenes = types.SceneBatch(divide([Image.new("RGB", (8, 8))] * 500))
    assert repr(scenes) == "SceneBatch(500 pictures, divided)"
