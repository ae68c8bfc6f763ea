"""Whether two statements contradict each other."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchmatters.language.conflict import FRAME_NOUNS, Conflict, find_conflict, is_about_frame
from patchmatters.language.similarity import LexicalSimilarity

PAIRS = json.loads((Path(__file__).parent.parent / "data" / "statement_pairs.json").read_text(encoding="utf-8"))


def found(a: str, b: str) -> bool:
    """As the engine asks: a conflict counts only between statements that are alike enough."""
    similarity = LexicalSimilarity()
    return find_conflict(a, b) is not None and similarity.matrix([a], [b])[0][0] >= similarity.rival


def test_no_paraphrase_and_nothing_related_is_a_conflict():
    assert [(a, b) for kind in ("paraphrase", "related") for a, b in PAIRS[kind] if found(a, b)] == []


def test_contradictions_are_found():
    hits = [found(a, b) for a, b in PAIRS["contradiction"]]
    assert sum(hits) >= 0.85 * len(hits)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("A red bus waits.", "The bus is blue.", Conflict("colour", "bus", ("red", "blue"))),
        ("Two dogs run.", "Three dogs run.", Conflict("number", "dog", ("two", "three"))),
        ("There are 2 dogs.", "There are five dogs.", Conflict("number", "dog", ("2", "five"))),
        ("A large dog runs.", "The dog is tiny.", Conflict("size", "dog", ("large", "tiny"))),
        ("The man is sitting.", "The man stands.", Conflict("pose", "man", ("sitting", "stands"))),
        ("The man is smiling.", "The man frowns.", Conflict("pose", "man", ("smiling", "frowns"))),
        ("A man rides a horse.", "A man walks a horse.", Conflict("pose", "man", ("rides", "walks"))),
        ("The door is open.", "A closed door.", Conflict("state", "door", ("open", "closed"))),
        ("The glass is empty.", "The glass is full.", Conflict("state", "glass", ("empty", "full"))),
        ("A wooden table stands here.", "The table is made of metal.", Conflict("material", "table",
                                                                           ("wooden", "metal"))),
        ("She has a striped dress.", "She has a plain dress.", Conflict("pattern", "dress", ("striped", "plain"))),
        ("It was taken at night.", "It was taken during the day.", Conflict("time of day", "", ("night", "day"))),
        ("The sky is clear.", "The sky is overcast.", Conflict("weather", "sky", ("clear", "overcast"))),
        ("An indoor scene.", "The scene is outdoors.", Conflict("place", "scene", ("indoor", "outdoors"))),
        ("The cat is on the left.", "The cat is on the right.", Conflict("side", "cat", ("left", "right"))),
        ("There are no cars.", "A car is parked.", Conflict("negation", "car", ("no car", "car"))),
    ],
)  # fmt: skip
def test_what_a_conflict_is_about(a, b, expected):
    assert find_conflict(a, b) == expected


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("A man is on a horse.", "A man is not on a horse."),
        ("A man is on a horse.", "A man isn't on a horse."),
        ("There is a clock on the wall.", "There is no clock on the wall."),
        ("A man with a hat waits.", "A man without a hat waits."),
        ("The bench appears occupied.", "The bench does not appear occupied."),
        ("The house has a chimney.", "The house lacks a chimney."),
        ("Nobody is on the beach.", "Three people are on the beach."),
        ("A dog sits on the grass. It is black.", "A brown dog sits on the grass."),
        ("People can cross the street.", "People cannot cross the street."),
        ("The wall is painted.", "The wall is unpainted."),
        ("The text is legible.", "The text is illegible."),
        ("A dog on the left of the cat.", "A dog on the right of the cat."),
        ("A ball lies under the table.", "A ball lies on the table."),
        ("A man stands in front of the bus.", "A man stands behind the bus."),
        ("Trees stand in the background.", "Trees stand in the foreground."),
        ("The clock shows 10:45.", "The clock shows 11:30."),
        ("The second floor is lit.", "The third floor is lit."),
        ("A dog lies on the sofa.", "Three dogs lie on the sofa."),
        ("A light blue car waits.", "A dark blue car waits."),
        ("The laptop is turned on.", "The laptop is turned off."),
        ("A young man holds a ball.", "An elderly man holds a ball."),
        ("A red and white bus waits.", "A green and white bus waits."),
        ("Several people are waiting.", "Two people are waiting."),
    ],
)
def test_one_changed_word_is_a_conflict(a, b):
    assert found(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("A dog.", "A brown dog."),
        ("A man is sitting on a bench.", "A man is sitting on a wooden bench near a tree."),
        ("A light blue bus.", "A blue bus."),
        ("Several dogs run.", "Three dogs run."),
        ("A couple of dogs run.", "Two dogs run."),
        ("Two dogs run.", "2 dogs run."),
        ("A large dog.", "A huge dog."),
        ("A grey cat.", "A gray cat."),
        ("A red and white bus.", "A red bus."),
        ("A red and white bus.", "A white and red bus."),
        ("A crimson bus.", "A red bus."),
        ("A man is sitting.", "A person is sitting."),
        ("A man is sitting.", "A woman is standing."),
        ("A red bus.", "A blue car."),
        ("The bus is red.", "The car next to the bus is blue."),
        ("The man wears a red hat.", "The man wears a blue shirt."),
        ("The man with the red hat sits.", "The woman with the blue hat sits."),
        ("The person on the left sits.", "The person on the right stands."),
        ("One dog sleeps.", "Another dog is awake."),
        ("The door isn't closed.", "The door is open."),
        ("There are no cars and no people.", "There are no cars or people."),
        ("A man is riding a motorcycle.", "A man is sitting on a motorcycle."),
        ("The sky is clear.", "The glass vase is clear."),
        ("A dog that is not brown.", "A white dog."),
        ("A table is round.", "A table is wooden."),
        ("A black cat and a white dog.", "A white dog and a black cat."),
    ],
)
def test_what_may_both_be_true_is_no_conflict(a, b):
    assert find_conflict(a, b) is None


def test_different_crops_may_differ_in_sides_and_in_what_is_said_of_the_frame():
    sides = ("A dog is on the left side of the bench.", "A dog is on the right side of the bench.")
    light = ("The light is bright.", "The light is dim.")
    colours = ("The dominant colour is green.", "The dominant colour is red.")
    for a, b in (sides, light, colours):
        assert find_conflict(a, b) is not None
        assert find_conflict(a, b, same_extent=False) is None
    assert find_conflict("The bus is red.", "The bus is blue.", same_extent=False) is not None


@pytest.mark.parametrize(
    "text",
    ["The dominant colour is bright green.", "The lighting is soft.", "There is strong contrast.", "The photo is hazy.",
     "In this picture, the background is blurred.", "Soft, warm tones dominate.", "The overall atmosphere is calm.",
     "The horizon lies low.", "Bright light comes from above.", "The top left corner is dark."],
)  # fmt: skip
def test_statements_about_the_frame(text):
    assert is_about_frame(text)


@pytest.mark.parametrize(
    "text",
    ["A red bus is parked.", "The image shows a red bus.", "The traffic light is red.", "A close-up of a giraffe.",
     "In the background, a man stands.", "A light blue car waits.", "The scene depicts two dogs.", "", "?"],
)  # fmt: skip
def test_statements_about_things(text):
    assert not is_about_frame(text)


def test_frame_nouns_are_exported():
    assert {"picture", "image", "lighting", "horizon", "background", "layout"} <= FRAME_NOUNS


_VOCABULARY = """
    a an the no not without with red blue green large tiny two three several some bus dog dogs man woman person is are
    was isn't sitting stands riding on in left right of and or , . ; it which appears looks there open closed one other
    light glass sky cloudy clear image shows color 10:45 2 in front of turned off
    """
_WORDS = sorted(set(_VOCABULARY.split()))
_texts = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(_WORDS), max_size=30).map(" ".join))


@given(_texts, _texts, st.booleans())
def test_the_order_changes_only_the_order_of_the_values(a, b, same_extent):
    forth = find_conflict(a, b, same_extent=same_extent)
    back = find_conflict(b, a, same_extent=same_extent)
    if forth is None:
        assert back is None
    else:
        assert back == Conflict(forth.attribute, forth.thing, forth.values[::-1])


@given(_texts)
def test_a_statement_never_conflicts_with_itself(text):
    assert find_conflict(text, text) is None
    assert find_conflict(text, f"{text} ") is None


@given(_texts, _texts)
def test_what_is_forgiven_between_crops_is_a_subset(a, b):
    if find_conflict(a, b) is None:
        assert find_conflict(a, b, same_extent=False) is None


@pytest.mark.parametrize("unit", ["a red bus and ", "not ", "x", "\u72d7", "two dogs. ", "' ", "\u0130"])
def test_a_megabyte_is_no_trouble(unit):
    text = unit * (1_000_000 // len(unit))
    begin = time.process_time()
    find_conflict(text, text + "blue")
    find_conflict(text, "The bus is blue.")
    assert time.process_time() - begin < 2
