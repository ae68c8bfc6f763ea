"""Which statements a caption tells: something new each, the most telling first, the opening of the whole always."""

from __future__ import annotations

from dataclasses import replace

import pytest

from patchmatters.aggregate.cover import cover
from patchmatters.aggregate.tell import Told, tell_places
from patchmatters.language.similarity import LexicalSimilarity
from patchmatters.scene import Basis, Box, Patch, Role, Ruling, Statement, Testimony, Verdict

LEFT, RIGHT = Box(0, 0, 50, 100), Box(50, 0, 100, 100)
WORDS = LexicalSimilarity()


def chosen(texts: list[tuple[str, Box | None]], max_words: int = 200, scores: tuple[float, ...] = ()) -> list[str]:
    """What is told of statements, each with its box (None: of the whole image)."""
    known = scores or (0.8,) * len(texts)
    statements = tuple(
        Statement(text, Verdict.UNIQUE, (0,), kept=True, score=score)
        for (text, _), score in zip(texts, known, strict=True)
    )
    patches = {"all": Patch("all", Role.SPATIAL, Box(0, 0, 100, 100), statements=statements)}
    told = [Told(text, (Basis("all", number),), (box,) if box else ()) for number, (text, box) in enumerate(texts)]
    return [one.text for one in cover(told, patches, WORDS, max_words)]


def test_the_opening_of_the_whole_image_is_told_first_though_a_part_says_more():
    opening = "A woman is sitting on a park bench."
    parts = [(f"A {colour} kite with long ribbons flies above tall {tree} trees.", LEFT) for colour, tree in
             (("red", "pine"),)]  # fmt: skip
    assert chosen([(opening, None), *parts], max_words=9, scores=(0.4, 0.99)) == [opening]


def test_what_says_nothing_new_is_not_told():
    assert chosen([("A brown dog sleeps on a red sofa.", None), ("A dog sleeps on the sofa.", LEFT)]) == [
        "A brown dog sleeps on a red sofa."
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A short rope hangs down from the handrail.", "A rope is hanging from the handrail."),
        ("The sky is white and overcast.", "The sky is white."),
    ],
)
def test_one_thing_seen_from_two_parts_is_told_once(one: str, other: str):
    assert chosen([(one, LEFT), (other, RIGHT)]) == [one]


def test_two_things_that_are_only_named_are_told_of_both_parts():
    texts = ["A small red ring with a dot.", "A small blue ring with a dot."]
    assert chosen([(text, box) for text, box in zip(texts, (LEFT, RIGHT), strict=True)]) == texts


def test_the_surest_is_told_where_there_is_room_for_one():
    texts = [("A tall lamp stands beside the desk.", LEFT), ("A white cat lies under the table.", RIGHT)]
    assert chosen(texts, max_words=8, scores=(0.5, 0.9)) == ["A white cat lies under the table."]


def test_the_order_is_that_of_reading_whatever_was_taken_first():
    texts = [("A tall lamp stands beside the desk.", LEFT), ("A white cat lies under the table.", RIGHT)]
    assert chosen(texts, scores=(0.5, 0.9)) == [text for text, _ in texts]


def test_where_all_is_guessed_it_is_told_all_the_same():
    texts = [("The mood suggests a happy family.", None)]
    assert chosen(texts) == ["The mood suggests a happy family."]


def test_nothing_is_changed_in_what_is_told():
    told = Told("A cat lies on a mat.", (Basis("all", 0),), (LEFT,))
    patches = {"all": Patch("all", Role.SPATIAL, LEFT, statements=(Statement(told.text, Verdict.UNIQUE, (0,)),))}
    assert cover([told], patches, WORDS, 50) == [replace(told)]


def test_what_is_measured_is_told_of_each_part_with_its_place_there():
    texts = ["The dominant colour is brown.", "The dominant colour is green.", "The texture is busiest at the bottom."]
    told = chosen([(texts[0], None), (texts[1], LEFT), (texts[2], RIGHT)])
    assert told == texts
    (_, sentence) = tell_places([Told(texts[1], (), (LEFT,)), Told(texts[2], (), (RIGHT,))], 100, 100)
    assert sentence.text == "On the right, the texture is busiest at the bottom."


def read_and_told(texts: list[tuple[str, Box]]) -> list[str]:
    """What is told of writing that a witness read in these boxes."""
    statements = tuple(
        Statement(text, Verdict.UNIQUE, (0,), kept=True, testimony=(_reads(box),)) for text, box in texts
    )
    patches = {"all": Patch("all", Role.SPATIAL, Box(0, 0, 100, 100), statements=statements)}
    told = [Told(text, (Basis("all", number),), ()) for number, (text, _) in enumerate(texts)]
    return [one.text for one in cover(told, patches, WORDS, 200)]


def _reads(box: Box) -> Testimony:
    return Testimony("ocr", "text", Ruling.CONFIRMED, 0.99, "reads it", box, wholly=True)


def test_signs_that_are_read_in_two_places_are_two_though_they_are_nearly_alike():
    signs = ['A sign reads "Palais du LOUVRE".', 'A sign reads "Mus\u00e9e du LOUVRE".']
    assert read_and_told([(signs[0], Box(0, 0, 50, 10)), (signs[1], Box(0, 8, 50, 18))]) == signs
    assert len(read_and_told([(signs[0], Box(0, 0, 50, 10)), (signs[1], Box(0, 0, 50, 10))])) == 1


def test_of_one_line_that_is_read_the_whole_is_told_and_not_a_part():
    part, whole = 'A sign reads "Palais".', 'There is a sign that says "Palais du LOUVRE".'
    line = Box(0, 0, 50, 10)
    assert read_and_told([(part, line), (whole, line)]) == [whole]
    assert read_and_told([(part, line), (whole, Box(0, 50, 50, 60))]) == [part, whole]
