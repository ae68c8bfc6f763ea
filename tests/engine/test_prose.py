"""Statements as captioners write them, told as sentences of a caption."""

from __future__ import annotations

import pytest
from PIL import Image

from patchmatters.aggregate.tell import Told, tell_places
from patchmatters.backends.base import Question
from patchmatters.backends.scripted import ScriptedChat
from patchmatters.language.claims import is_about_picture, is_guess, is_mood, parts_of, put_together
from patchmatters.language.dispute import find_dispute
from patchmatters.language.prose import as_prose, has_verb
from patchmatters.pipeline import caption_pictures
from patchmatters.scene import Basis, Box


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("A red truck parked on a pier.", "There is a red truck parked on a pier."),
        ("Two horses galloping in the snow.", "There are two horses galloping in the snow."),
        ("Background: A teal curtain and a brick wall.", "There is a teal curtain and a brick wall."),
        ("Sky: The sky is pale.", "The sky is pale."),
        ("This image shows a red truck.", "There is a red truck."),
        ("A partial view of a man holding a cup.", "There is a man holding a cup."),
        ("The main focus is on a man, who waves.", "There is a man, who waves."),
        ("The focus is sharp throughout.", "The focus is sharp throughout."),
        ("A dog sleeps on a sofa.", "A dog sleeps on a sofa."),
        ("Stainless steel shelves are mounted on the wall.", "Stainless steel shelves are mounted on the wall."),
    ],
)
def test_a_statement_becomes_a_sentence_with_a_verb(said: str, told: str) -> None:
    assert as_prose(said) == told
    assert has_verb(told)


def test_parts_put_together_are_the_statement_and_guesses_are_parts() -> None:
    text = "A gray suitcase lies open, revealing a diamond pattern, suggesting that somebody travels."
    main, *others = parts_of(text)
    assert "".join([main, *others]) == text
    assert [is_guess(part) for part in others] == [False, True]
    assert put_together(main, others[:1]) == "A gray suitcase lies open, revealing a diamond pattern."


@pytest.mark.parametrize(
    "said", ["The overall atmosphere is calm.", "Overall, it is a quiet scene.", "The mood is sad."]
)
def test_moods_are_known(said: str) -> None:
    assert is_mood(said)


def test_sentences_about_the_picture_are_known() -> None:
    assert is_about_picture("The image has a black border.")
    assert not is_about_picture("The dominant colour is grey.")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('The aircraft has the registration "A 57" on its side.', 'The number "A-67" is written on its side.'),
        ("The walkway along the wall is made of wood.", "The stairs along the wall are metal."),
        ("The bench has dark brown slats.", "The seat is made of green boards."),
    ],
)
def test_statements_that_are_alike_dispute_by_their_values(one: str, other: str) -> None:
    assert find_dispute(one, other) is not None


def test_two_things_at_two_sides_are_no_dispute() -> None:
    assert find_dispute("A man in a red shirt is on the left.", "A man in a blue shirt is on the right.") is None


def test_the_first_sentence_of_a_place_says_it_and_each_about_the_frame() -> None:
    box = (Box(0, 0, 50, 50),)
    told = [
        Told("In the corner, a lamp glows.", (Basis("a", 0),), box),
        Told("A red truck parked on a pier.", (Basis("a", 1),), box),
        Told("The light is dim.", (Basis("a", 2),), box),
        Told("A dog sleeps.", (Basis("whole", 0),)),
    ]
    assert [sentence.text for sentence in tell_places(told, 100, 100)] == [
        "A dog sleeps.",
        "At the top left, there is a red truck parked on a pier.",
        "In the corner, a lamp glows.",
        "At the top left, the light is dim.",
    ]


def test_without_a_scorer_a_picture_of_which_nothing_is_borne_out_keeps_its_caption() -> None:
    texts = {
        "whole image": ["A red kite flies."],
        "top-left": ["Milk boils.", "Seven pens.", "Old snow."],
        "top-right": ["One mat.", "Some birds.", "It rains."],
        "bottom-left": ["The clock ticks.", "Ice melts.", "Two maps."],
        "bottom-right": ["Bread.", "One key.", "Old books."],
    }

    def reply(question: Question) -> str:
        patch, candidate = question.name.split(": ", 1)[1].rsplit(", candidate ", 1)
        return texts[patch][int(candidate) - 1]

    chat = ScriptedChat(reply, sees_images=True, follows_instructions=False)
    (scene,) = caption_pictures([Image.new("RGB", (640, 480))], chat)
    assert scene.caption_text == "A red kite flies."
    assert "nothing of the picture is borne out" in scene.whole.statements[0].reason


@pytest.mark.parametrize(
    "told",
    ["Six dark birds glide across the sky.", "Two ferries chug past the pier.", "Thick vines clamber over the wall."],
)
def test_a_verb_that_no_table_knows_is_a_verb_after_many(told: str) -> None:
    assert as_prose(told) == told


@pytest.mark.parametrize("told", ["Two lamps visible behind the sofa.", "Two shelves built into the wall."])
def test_what_only_looks_like_a_verb_gets_one(told: str) -> None:
    assert as_prose(told).startswith("There are ")
