"""Boxes as detectors, ComfyUI nodes and files give them."""

from __future__ import annotations

import pytest
from PIL import Image

from patchmatters.detections import read_detections
from patchmatters.divide import divide
from patchmatters.scene import Box, Detection

CAT = {"x": 10, "y": 20, "width": 30, "height": 40, "label": "cat", "score": 0.9}
CAT_FAR = Detection(Box(400, 300, 500, 400), "cat")
CAT_READ = Detection(Box(10, 20, 40, 60), "cat", 0.9)


@pytest.mark.parametrize(
    ("data", "count", "expected"),
    [
        (None, 2, ((), ())),
        ([], 2, ((), ())),
        ([[]], 2, ((), ())),
        (CAT, 1, ((CAT_READ,),)),
        ([CAT], 2, ((CAT_READ,), (CAT_READ,))),
        ([[CAT], []], 2, ((CAT_READ,), ())),
        ([[CAT]], 2, ((CAT_READ,), (CAT_READ,))),
        ({"x": 1, "y": 2, "width": 3, "height": 4}, 1, ((Detection(Box(1, 2, 4, 6)),),)),
        ([{**CAT, "label": None, "score": None}], 1, ((Detection(Box(10, 20, 40, 60)),),)),
    ],
)
def test_every_form_is_read(data: object, count: int, expected: object) -> None:
    assert read_detections(data, count) == expected


def test_a_small_box_among_others_is_in_pixels() -> None:
    speck = {"x": 0, "y": 0, "width": 1, "height": 1}
    assert read_detections([CAT, speck], 1)[0][1].box == Box(0, 0, 1, 1)
    assert read_detections([{**speck, "width": 0, "height": 0}], 1)[0][0].box.area == 0  # what core gives for none


RECTANGLE = {"x": 10, "y": 20, "width": 30.5, "height": 40, "rotation": 0, "rectanglelabels": ["cat"]}
RESULT = {"type": "rectanglelabels", "original_width": 640, "original_height": 480, "value": RECTANGLE}


def test_results_of_label_studio_are_in_per_cent() -> None:
    ((found,),) = read_detections([RESULT], 1)
    assert found == Detection(Box(64, 96, pytest.approx(259.2), 288), "cat", 1.0)
    ((scored,),) = read_detections([{**RESULT, "score": 0.5}], 1)
    assert scored.score == 0.5


def test_boxes_that_may_be_in_per_cent_are_said_in_a_warning() -> None:
    corners = [Detection(Box(5, 5, 40, 60), "cat"), Detection(Box(50.5, 30, 95, 98), "dog")]
    (large,) = divide([Image.new("RGB", (1280, 720))], [corners])
    assert "multiply x and width by 12.8, y and height by 7.2" in large.warnings[0]
    for size, boxes in (((200, 150), corners), ((1280, 720), corners[:1]), ((1280, 720), [*corners, CAT_FAR])):
        (scene,) = divide([Image.new("RGB", size)], [boxes])
        assert not scene.warnings


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("boxes", "must be a list"),
        ([3], "must be an object"),
        ([{"x": 1}], "has no y, width, height"),
        ([{**CAT, "width": -1}], "is inverted"),
        ([RECTANGLE], "is a value of Label Studio, in per cent"),
        ([{"value": RECTANGLE}], "has no original_width, original_height"),
        ([{**RESULT, "original_width": "wide"}], "original_width of Box 1 of picture 1 is 'wide'"),
        ([{**CAT, "x": "left"}], "x of Box 1 of picture 1 is 'left'"),
        ([{**CAT, "score": float("nan")}], "score of Box 1 of picture 1 is nan"),
        ([{**CAT, "height": float("inf")}], "height of Box 1 of picture 1 is inf: give a number of pixels"),
        ([{**CAT, "x": 1e308, "width": 1e308}], "x of Box 1 of picture 1 is 1e\\+308"),
        ([{**CAT, "x": 10**5000}], "x of Box 1 of picture 1 is inf"),
        ([{"x": 0.1, "y": 0.2, "width": 0.4, "height": 0.5}], "multiply x and width by the picture's width"),
        ([[{"x": 0, "y": 0, "width": 1, "height": 1}], []], "between 0 and 1"),
        ([[CAT], [CAT], [CAT]], "boxes for 3 pictures, but 2"),
    ],
)
def test_anything_else_is_named(data: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_detections(data, 2)
