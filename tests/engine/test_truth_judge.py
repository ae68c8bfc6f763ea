"""The judge of the world with known truth, on captions written by hand."""

from __future__ import annotations

import pytest

from evaluation.judge.claims import facts_of, judge, legible_facts
from evaluation.worlds.language import caption_of, seen_in
from evaluation.worlds.scenes import MIXES, Thing, World, detect, draw, make_world
from patchmatters.scene import Box

WHOLE = Box(0, 0, 384, 384)
RING = Thing("ring", "red", "medium", 36, ((60.0, 60.0),), striped=True, dot="white")
BALL = Thing("ball", "blue", "large", 90, ((280.0, 280.0),))
CONES = Thing("cone", "green", "small", 11, ((300.0, 50.0), (325.0, 50.0), (350.0, 50.0)))
WORLD = World("gray", (RING, BALL, CONES))


def told(caption: str) -> list[tuple[str, ...]]:
    return [one.false for one in judge(caption, WORLD).told]


@pytest.mark.parametrize(
    ("caption", "false"),
    [
        ("A red striped ring with a white dot is at the top left.", ()),
        ("A red ring is on the left.", ()),
        ("A red ring.", ()),
        ("A large blue ball is at the bottom right.", ()),
        ("Three small green cones are at the top right.", ()),
        ("The background is gray.", ()),
        ("The background is pink.", ("attribute",)),
        ("A purple ring is at the top left.", ("attribute",)),
        ("A red ring with a black dot is at the top left.", ("attribute",)),
        ("A striped blue ball is at the bottom right.", ("attribute",)),
        ("A small blue ball is at the bottom right.", ("attribute",)),
        ("A red ladder is at the top left.", ("object",)),
        ("A yellow fence is in the center.", ("object",)),
        ("A red ring is at the bottom right.", ("place",)),
        ("Two small green cones are at the top right.", ("count",)),
        ("A blue striped ball is at the top left.", ("attribute", "place")),
    ],
)
def test_a_statement_is_judged_by_its_kind_of_falsity(caption: str, false: tuple[str, ...]) -> None:
    assert told(caption) == [false]


def test_a_place_at_the_head_holds_for_every_clause_and_places_inside_lie_in_it() -> None:
    assert told("At the top left: a red ring is at the top left; the background is gray.") == [(), ()]
    assert told("At the top left, a red ring is on the right.") == [()]  # the middle of that quarter, within the slack
    assert told("At the bottom right, a red ring is at the top left.") == [("place",)]
    assert told("At the top left and at the top right: the background is gray; a red ring is visible.") == [(), ()]
    assert told("On the right: a large blue ball is at the top.") == [("place",)]


def test_a_patch_is_judged_in_its_own_frame() -> None:
    quarter = Box(0.0, 0.0, 0.5, 0.5)
    assert judge("A red ring is in the center.", WORLD, quarter).told[0].false == ()
    assert judge("A red ring is in the center.", WORLD, Box(0.5, 0.0, 1.0, 0.5)).told[0].false == ("place",)


def test_two_things_in_one_sentence_are_two_statements() -> None:
    both = judge("A large blue ball and a red ring with a white dot.", WORLD)
    assert [one.thing for one in both.told] == [1, 0]
    assert ("dot", 0) in both.known
    assert not any(one.false for one in both.told)


def test_recall_counts_each_fact_once_and_repetition_is_told() -> None:
    short = judge("A red ring is at the top left.", WORLD)
    assert short.known == {("object", 0), ("colour", 0), ("place", 0)}
    assert short.recall == 3 / len(facts_of(WORLD))
    again = judge("A red ring is at the top left. At the top left, a red ring is in the center.", WORLD)
    assert (again.recall, again.repetition, again.hallucination) == (short.recall, 0.5, 0.0)


def test_of_two_false_statements_in_four_half_are_hallucinated() -> None:
    judged = judge("The background is gray. A red ring. A red fence is in the center. Two blue balls.", WORLD)
    assert judged.hallucination == 0.5
    assert (judged.rate("object"), judged.rate("count")) == (0.25, 0.25)


def test_what_cannot_be_read_is_neither_true_nor_false() -> None:
    judged = judge("The light is soft. A red ring is at the top left.", WORLD)
    assert judged.unread == ("The light is soft",)
    assert len(judged.told) == 1


def test_the_flawless_caption_tells_all_that_is_legible_and_nothing_else() -> None:
    told_share = []
    for mix in MIXES:
        for number in range(30):
            world = make_world(f"judge {number}", MIXES[mix])
            judged = judge(caption_of(world, WHOLE), world)
            assert judged.hallucination == 0.0, (mix, number)
            legible = legible_facts(world, WHOLE)
            told_share.append(len(judged.known & legible) / len(legible))
    assert sum(told_share) / len(told_share) > 0.97  # two things alike and side by side may be taken for one


def test_details_are_legible_in_a_quarter_and_not_in_the_whole() -> None:
    whole, quarter = (seen_in(WORLD, box) for box in (WHOLE, Box(0, 0, 192, 192)))
    assert [(one.claim.kind, one.claim.striped, one.claim.dot) for one in whole] == [
        ("ring", False, ""),
        ("ball", False, ""),
    ]
    assert [(one.claim.striped, one.claim.dot) for one in quarter] == [(True, "white")]
    assert [one.claim.count for one in seen_in(WORLD, Box(192, 0, 384, 192))] == [3]


def test_worlds_repeat_with_their_seed_and_a_detector_finds_what_is_not_small() -> None:
    assert make_world(3) == make_world(3) != make_world(4)
    assert draw(make_world(3)).tobytes() == draw(make_world(3)).tobytes()
    assert {one.label for one in detect(WORLD, 1, missed=0.0)} == {"ring", "ball"}
    assert detect(WORLD, 1, missed=1.0) == ()
