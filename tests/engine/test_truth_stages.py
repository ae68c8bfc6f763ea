"""What the world with known truth has taught the stages: each a defect that it showed."""

from __future__ import annotations

from patchmatters.aggregate.agree import Levels, without_repetition
from patchmatters.aggregate.tell import Told
from patchmatters.language.similarity import LexicalSimilarity
from patchmatters.scene import Basis, Box

TOP_LEFT, TOP_RIGHT = Box(0, 0, 50, 50), Box(50, 0, 100, 50)


def told(whole: str, *near: tuple[str, Box]) -> list[str]:
    levels = Levels(
        (Told(whole, (Basis("whole image", 0),)),),
        (),
        tuple(Told(text, (Basis("patch", number),), (box,)) for number, (text, box) in enumerate(near)),
        (100, 100),
    )
    return [one.text for one in without_repetition(levels, LexicalSimilarity())]


def test_a_thing_at_one_place_of_the_picture_and_another_of_the_crop_is_told_once_with_the_detail() -> None:
    near = "A large red ring with a white dot is in the center."
    assert told("A large red ring is at the top left.", (near, TOP_LEFT)) == [near]
    assert told("A large red ring with a white dot is at the top left.", ("A red ring is on the right.", TOP_LEFT)) == [
        "A large red ring with a white dot is at the top left."
    ]


def test_things_alike_on_two_sides_of_the_picture_stay_two() -> None:
    assert len(told("A red ring is on the left.", ("A red ring is in the center.", TOP_RIGHT))) == 2
