"""What the world with known truth has taught the stages: each a defect that it showed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.scenes import captioner, plain_picture
from patchmatters.aggregate.agree import Levels, without_repetition
from patchmatters.aggregate.tell import Told
from patchmatters.backends.scripted import ScriptedScorer
from patchmatters.language.conflict import find_conflict, tell_of_two_things
from patchmatters.language.sentences import words
from patchmatters.language.similarity import LexicalSimilarity
from patchmatters.pipeline import DEFAULT, PRESETS, caption_pictures
from patchmatters.scene import Basis, Box, Detection, Passage, Verdict
from patchmatters.semantic_filter.common import common_part
from patchmatters.semantic_filter.sort import sort_statements

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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A small green cone is at the bottom right.", "A purple cone is at the top right."),
        ("A small green cone is at the bottom right.", "Two yellow cones are at the bottom left."),
        ("A man in a red shirt is on the left.", "A man in a blue shirt is on the right."),
        ("A red car is parked on the left side.", "A blue car is parked on the right side."),
    ],
)
def test_things_of_other_looks_at_another_side_are_two_and_neither_rivals_nor_the_same(one: str, other: str) -> None:
    assert find_conflict(one, other) is None
    assert tell_of_two_things(one, other)
    passages = [Passage(one, "candidate 1"), Passage(other, "candidate 2")]
    found = sort_statements(passages, LexicalSimilarity(), same_extent=True)
    assert [statement.verdict for statement in found] == [Verdict.UNIQUE, Verdict.UNIQUE]


def test_one_thing_at_two_sides_or_of_two_colours_is_a_contradiction() -> None:
    left = "A red car is parked on the left side."
    assert find_conflict(left, "A red car is parked on the right side.").attribute == "side"
    assert find_conflict(left, "A blue car is parked on the left side.").attribute == "colour"
    assert not tell_of_two_things(left, "A red car with open doors is parked on the left side.")


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("A purple fence with a yellow dot is here.", "A purple fence with a white dot is here.",
         "A purple fence with a dot is here."),
        ("The man is wearing a red shirt.", "The man is wearing a blue shirt.", "The man is wearing a shirt."),
        ("An orange cat sleeps on a sofa.", "A black cat sleeps on a sofa.", "A cat sleeps on a sofa."),
        ("She holds a wooden umbrella.", "She holds a metal umbrella.", "She holds an umbrella."),
        ("Three small windmills stand here.", "Two small windmills stand here.", "Small windmills stand here."),
        ("Two men talk.", "A man talks.", ""),
        ("The curtains are blue.", "The curtains are green.", ""),
        ("A red and white bus stops.", "A blue and white bus stops.", ""),
        ("A light blue car is parked.", "A red car is parked.", ""),
        ("The door is open.", "The door is closed.", ""),
    ],
)  # fmt: skip
def test_what_rivals_agree_on_is_told_without_what_they_dispute(one: str, other: str, common: str) -> None:
    assert common_part(one, other) == common
    passages = [Passage(one, "candidate 1"), Passage(other, "candidate 2")]
    agreed = [
        statement.text
        for statement in sort_statements(passages, LexicalSimilarity(), same_extent=True)
        if statement.verdict is Verdict.SAME
    ]
    assert agreed == [common] * bool(common)


def test_a_thing_told_from_near_and_from_a_region_in_contradiction_is_told_as_it_scored_better() -> None:
    """The main objects lie within a patch; each view agrees with itself, and the scorer sees which is right."""
    texts = {
        "whole image": ["A room."],
        "top-left": ["A red ball lies on the floor. A clock hangs there."] * 3,
        "main objects": ["A blue ball lies on the floor."] * 3,
    }
    detections = [[Detection(Box(20, 20, 200, 160), "ball", 0.9)]]
    for right in ("red", "blue"):
        scorer = ScriptedScorer(lambda _, said, right=right: 0.9 if right in said else 0.7)
        chat = captioner(texts, default="A ball.")
        preset = replace(PRESETS[DEFAULT], semantic=True)
        scenes = caption_pictures([plain_picture()], chat, scorer, detections=detections, preset=preset)
        told = words(scenes[0].caption_text)
        assert (right in told, len({"red", "blue"} & set(told))) == (True, 1)
