"""Boxes as detectors, ComfyUI nodes and files give them."""

from __future__ import annotations

import pytest

from patchmatters.detections import read_detections
from patchmatters.scene import Box, Detection

CAT = {"x": 10, "y": 20, "width": 30, "height": 40, "label": "cat", "score": 0.9}
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


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("boxes", "must be a list"),
        ([3], "must be an object"),
        ([{"x": 1}], "has no y, width, height"),
        ([{**CAT, "width": -1}], "is inverted"),
        ([{**CAT, "x": "left"}], "x of Box 1 of picture 1 is 'left'"),
        ([{**CAT, "score": float("nan")}], "score of Box 1 of picture 1 is nan"),
        ([{**CAT, "height": float("inf")}], "finite number"),
        ([[CAT], [CAT], [CAT]], "boxes for 3 pictures, but 2"),
    ],
)
def test_anything_else_is_named(data: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_detections(data, 2)
