"""Places in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.scenes import boxes
from patchmatters.language.places import (
    PLACES,
    elsewhere,
    in_picture,
    place_of,
    place_told,
    places_of,
    without_place,
)
from patchmatters.scene import Box


@pytest.mark.parametrize(
    ("box", "words"),
    [
        (Box(0, 0, 50, 50), "at the top left"),
        (Box(50, 50, 100, 100), "at the bottom right"),
        (Box(50, 0, 100, 100), "on the right"),
        (Box(0, 0, 100, 50), "at the top"),
        (Box(40, 40, 60, 60), "in the center"),
        (Box(0, 40, 20, 60), "at the middle left"),
        (Box(45, 0, 55, 100), "in the middle"),
        (Box(0, 0, 100, 100), ""),
    ],
)
def test_boxes_have_places(box: Box, words: str) -> None:
    assert place_of(box, 100, 100) == words


def test_several_boxes_are_listed_and_the_whole_needs_no_place() -> None:
    top_left, right, bottom = Box(0, 0, 50, 50), Box(50, 0, 100, 100), Box(0, 50, 100, 100)
    assert places_of([top_left, right], 100, 100) == "at the top left and on the right"
    assert places_of([top_left, top_left], 100, 100) == "at the top left"
    assert places_of([top_left, right, bottom], 100, 100) == "at the top left, on the right and at the bottom"
    assert places_of([top_left, Box(0, 0, 100, 100)], 100, 100) == ""
    assert places_of([], 100, 100) == ""


@given(boxes(width=100, height=100))
def test_mirrored_boxes_have_mirrored_places(box: Box) -> None:
    mirrored = Box(100 - box.right, box.top, 100 - box.left, box.bottom)
    swapped = place_of(mirrored, 100, 100).translate(str.maketrans({"<": ">"}))
    marked = place_of(box, 100, 100).replace("left", "<").replace("right", "left").replace("<", "right")
    assert swapped == marked


@pytest.mark.parametrize(
    ("told", "bare"),
    [
        ("A red ring is at the top left.", "A red ring is."),
        ("On the left side of the image, a dog sleeps.", "a dog sleeps."),
        ("A dog, in the lower right corner, sleeps.", "A dog sleeps."),
        ("A book lies on the left shelf.", "A book lies on the left shelf."),
        ("A cat turns to the left and jumps.", "A cat turns to the left and jumps."),
        ("At the top.", "At the top."),
    ],
)
def test_a_sentence_without_its_place_keeps_everything_else(told: str, bare: str) -> None:
    assert without_place(told) == bare


def test_a_place_on_the_other_side_is_elsewhere() -> None:
    assert elsewhere("A red ring is on the left.", "at the top right")
    assert elsewhere("A red ring is in the lower left corner.", "at the top left")
    assert not elsewhere("A red ring is in the center.", "at the top left")
    assert not elsewhere("A red ring is on the left.", "at the top left")
    assert not elsewhere("A red ring on the left shelf shines.", "on the right")


RIGHT_HALF = Box(50, 0, 100, 100)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("A lamp stands on the left.", "A lamp stands in the middle."),
        ("A man stands on the right side of the image, holding a cup.", "A man stands on the right, holding a cup."),
        ("At the bottom, a cat sleeps.", "At the bottom right, a cat sleeps."),
        ("A clock hangs in the upper left corner.", "A clock hangs at the top center."),
        ("A vase stands in the center of the picture.", "A vase stands at the middle right."),
        ("A car drives to the left.", "A car drives to the left."),
        ("The sofa on the left is red.", "The sofa on the left is red."),
        ("At the top, a clock hangs on the right.", "At the top, a clock hangs on the right."),
        ("A vase of tulips.", "A vase of tulips."),
    ],
)
def test_a_place_in_a_part_is_told_as_one_in_the_picture(said: str, told: str) -> None:
    assert in_picture(said, RIGHT_HALF, 100, 100) == told
    place = place_told(said, [RIGHT_HALF], 100, 100)
    assert place.lower() in told.lower() if told != said else place == "on the right"


@given(st.sampled_from(sorted(PLACES)), st.floats(0, 60), st.floats(0, 60), st.floats(20, 40), st.floats(20, 40))
def test_what_is_told_in_the_picture_lies_where_the_part_has_it(
    place: str, left: float, top: float, width: float, height: float
) -> None:
    """No side is told that the middle of what was meant does not lie on."""
    told = place_told(f"A dog sits {place}.", [Box(left, top, left + width, top + height)], 100, 100)
    across = left + width * (1 / 6 if "left" in place else 5 / 6 if "right" in place else 1 / 2)
    down = top + height * (1 / 6 if "top" in place else 5 / 6 if "bottom" in place else 1 / 2)
    assert not ("left" in told and across > 40.01)
    assert not ("right" in told and across < 59.99)
    assert not ("top" in told and down > 40.01)
    assert not ("bottom" in told and down < 59.99)


def test_a_list_keeps_its_commas_without_its_places():
    assert without_place("There are a cup on the left, a plate on the right, and a fork.") == (
        "There are a cup, a plate and a fork."
    )
    assert without_place("A pot stands, while on the right, there are plates.") == (
        "A pot stands, while there are plates."
    )
