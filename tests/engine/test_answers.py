"""Answers of models become text in one place: without dirt, without a word of their own."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchmatters.answers import read_answer
from patchmatters.answers.echo import without_echo
from patchmatters.answers.refusals import is_refusal


def clean_answer(text: str, limit: int = 8192) -> str:
    return read_answer(text, limit=limit).text


CLEAN = "A brown dog sleeps on a red sofa. The wall is white."


@pytest.mark.parametrize(
    "dirty",
    [
        "ASSISTANT: " + CLEAN,
        "Assistant: " + CLEAN,
        "USER: <image>\nDescribe this image in detail. ASSISTANT: " + CLEAN,
        "### Response:\n" + CLEAN,
        "<think>The user wants a caption. A cat?</think>\n" + CLEAN,
        "The user wants a caption.</think>" + CLEAN,
        "<|im_start|>assistant\n" + CLEAN + "<|im_end|>",
        "<|channel|>analysis<|message|>Let me see.<|end|><|start|>assistant<|channel|>final<|message|>" + CLEAN,
        "[INST] [/INST] " + CLEAN + "</s>",
        "```\n" + CLEAN + "\n```",
        "This image shows a brown dog sleeps on a red sofa. The wall is white.",
        "Sure! Here's a detailed description of the image:\n\n" + CLEAN,
        "Here is a description:\n" + CLEAN,
        "**A brown dog** sleeps on a red sofa. The wall is white.",
        "- A brown dog sleeps on a red sofa.\n- The wall is white.",
        "1. A brown dog sleeps on a red sofa.\n2. The wall is white.",
        CLEAN + " A brown dog sleeps on a red sofa.",
        CLEAN + " In the background there is a",
        CLEAN + " Let me know if you would like more details!",
        "  " + CLEAN.replace(". ", ".\n\n") + "  ",
        "Caption: " + CLEAN,
    ],
)
def test_dirt_is_removed(dirty: str) -> None:
    assert clean_answer(dirty) == CLEAN


@pytest.mark.parametrize(
    "text", ["a dog on the grass", "A dog.", "It costs 3.50. Nice.", "\u4e00\u53ea\u72d7\u5728\u8349\u5730\u4e0a\u3002"]
)
def test_clean_text_stays_as_it_is(text: str) -> None:
    assert clean_answer(text) == text


@pytest.mark.parametrize("text", ["", "  \n\t ", "<think>no end", "```\n```", "<s></s>", "ASSISTANT:", "..."])
def test_nothing_stays_nothing(text: str) -> None:
    assert clean_answer(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I\u2019m sorry, I cannot describe this image.",
        "Sorry, I can't assist with identifying people.",
        "I cannot see any image. Please upload it.",
        "As an AI language model, I am unable to view images.",
        "Unfortunately, I can't process the picture.",
        "I am not able to describe this picture.",
        "I don't see an image in your message.",
    ],
)
def test_apologies_are_no_captions(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text", [CLEAN, "A sorry sight: a broken car.", "Iced tea stands on the table.", "A sign says: I cannot wait."]
)
def test_captions_are_no_apologies(text: str) -> None:
    assert not is_refusal(text)


def test_an_echo_of_the_instruction_is_taken_away() -> None:
    asked = "Describe this image in detail."
    assert without_echo("Describe this image in detail. A dog sleeps.", asked) == "A dog sleeps."
    assert without_echo("describe this image in detail", asked) == ""
    assert without_echo(CLEAN, asked) == CLEAN


@settings(max_examples=300)
@given(st.text(max_size=400))
def test_no_letter_is_ever_invented(text: str) -> None:
    given_letters = iter(filter(str.isalnum, text.casefold()))
    assert all(letter in given_letters for letter in filter(str.isalnum, clean_answer(text).casefold()))


def test_a_megabyte_is_cut_at_a_sentence() -> None:
    answer = clean_answer(" ".join(f"Thing number {number} is red." for number in range(40_000)), limit=4096)
    assert len(answer) <= 4096
    assert answer.endswith("is red.")


def test_a_megabyte_without_a_sentence_is_bounded() -> None:
    assert len(clean_answer("a" * 1_000_000, limit=4096)) <= 4096


@pytest.mark.parametrize("said", ["I'm unable to see it.", "I\u2019m not able to help.", "I am unable to describe it."])
def test_inability_is_a_refusal(said):
    assert is_refusal(said)


def test_a_lead_in_keeps_the_verb_of_its_sentence():
    assert clean_answer("In the image, there is a man. He waits.") == "There is a man. He waits."
    assert clean_answer("In this image, we can see two dogs.") == "Two dogs."
