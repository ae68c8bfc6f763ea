"""Answers of models become text in one place: without dirt, without a word of their own."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effort import examples
from patchmatters.answers import Flaw, read_answer
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
        "**Reasoning:** A cat?\n\n**Final Answer:** " + CLEAN,
        "Thinking...\nA cat?\n...done thinking.\n\n" + CLEAN,
        '<details type="reasoning"><summary>Thought for 2 s</summary>A cat?</details>' + CLEAN,
        "<|im_start|>think\nA cat?<|im_end|><|im_start|>assistant\n" + CLEAN,
        "\u3010\u601d\u8003\u3011A cat?\u3010/\u601d\u8003\u3011" + CLEAN,
        "We need to write a caption. It may be a cat. So the caption should be: " + CLEAN,
        "<result><caption>" + CLEAN + "</caption></result>",
        CLEAN + "<|im_e",
        CLEAN + "\n\n#dog #sofa",
        CLEAN + "\n\n*Note: I left the window out.*",
        '[{"caption": "' + CLEAN + '"}]',
        'json\n{"description": "' + CLEAN + '", "confidence": 0.7}',
        "Region 1 (left, [0.0, 0.0, 0.5, 1.0]): " + CLEAN,
        "Top left (box 0.00 0.00 0.50 0.50): " + CLEAN,
        "[1] A brown dog sleeps on a red sofa. [2] The wall is white.",
        "A brown dog sleeps on a red sofa (statements 1, 3). The wall is white (passage 2).",
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


@settings(max_examples=examples(300))
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


@pytest.mark.parametrize("said", ["I will not describe this photo.", "I won't do this."])
def test_unwillingness_is_a_refusal_and_no_thought(said: str) -> None:
    assert read_answer(said).flaw is Flaw.REFUSED


def test_a_lead_in_keeps_the_verb_of_its_sentence():
    assert clean_answer("In the image, there is a man. He waits.") == "There is a man. He waits."
    assert clean_answer("In this image, we can see two dogs.") == "Two dogs."


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("In the picture, there are two men. They talk.", "There are two men. They talk."),
        ("In this photo you can see that there is a mill.", "There is a mill."),
        ("## Garden\nA gnome stands by the pond\n## Sky\nClouds gather\n", "A gnome stands by the pond. Clouds gather"),
        (
            "A mill stands by a pond. Here are the details:\n1. **Mill**: It has red sails.",
            "A mill stands by a pond. It has red sails.",
        ),
        (
            "The photo shows an old mill with the following parts:\n- Sails: The sails are red.",
            "An old mill. The sails are red.",
        ),
        ("The image contains the following things:\n- A mill turns.", "A mill turns."),
        ("- A gnome stands by the pond\n- Clouds gather", "A gnome stands by the pond. Clouds gather."),
        ("A mill. **Details:** * A cat sleeps. * A dog runs.", "A mill. A cat sleeps. A dog runs."),
        ("| What | How |\n|---|---|\n| Cat | A cat sleeps on a mat |", "A cat sleeps on a mat."),
        ('{"title": "Cat", "caption": "A cat sleeps.", "tags": ["cat"]}', "A cat sleeps."),
        ('["A cat sleeps.", "A dog runs."]', "A cat sleeps. A dog runs."),
        ("Title: The cat\n\nDescription: A cat sleeps.\n\nKeywords: cat, mat", "A cat sleeps."),
        ('"A cat sleeps."', "A cat sleeps."),
        ('"OPEN" stands over "CLOSED"', '"OPEN" stands over "CLOSED"'),
        ("A sign reads <EXIT> over the door.", "A sign reads <EXIT> over the door."),
        ("A cat <|box_start|>(3,9),(40,70)<|box_end|> sleeps.", "A cat sleeps."),
        ("Statement 2: A cat sleeps (box 0.10-0.55).", "A cat sleeps."),
        ("A cat sleeps [0.00, 0.25, 0.50, 1.00]. Caption: A dog runs.", "A cat sleeps. A dog runs."),
        ("A\u0120cat\u0120sleeps.\u010aIt\u0120snores.", "A cat sleeps. It snores."),
        ("A\u2581cat\u2581sleeps.", "A cat sleeps."),
        ("\u8fd9\u5f20\u56fe\u7247\u5c55\u793a\u4e86\u4e00\u53ea\u732b\u3002", "\u4e00\u53ea\u732b\u3002"),
        ("<p>A <b>fat</b> cat sleeps.</p><br/>It snores&nbsp;loudly.", "A fat cat sleeps. It snores loudly."),
        ("a cat on a mat" + " beside a cat on a mat" * 40, "a cat on a mat"),
        ("The user interface of a watch shows the time.", "The user interface of a watch shows the time."),
        ("Let me describe this picture: A cat sleeps.", "A cat sleeps."),
        ("A cat sleeps.\n\nQuestion: Which cat? Answer: Tom", "A cat sleeps."),
        ("A cat sleeps.\u2028It snores.", "A cat sleeps. It snores."),
    ],
)
def test_what_is_said_stays_and_what_is_around_it_goes(answer: str, said: str) -> None:
    assert clean_answer(answer) == said


@pytest.mark.parametrize(
    ("answer", "flaw"),
    [
        ("So, let's look at the photo. The user asks for a caption. It could be a cat", Flaw.THOUGHTS),
        ("<think>A cat, or perhaps a", Flaw.THOUGHTS),
        ("<|channel|>analysis<|message|>It is perhaps a cat", Flaw.THOUGHTS),
        ("analysisIt is perhaps a cat. We should", Flaw.THOUGHTS),
        ("Here are my reasoning steps:\nThe user asks for a", Flaw.THOUGHTS),
        ("A cat lies on the", Flaw.CUT),
        ("", Flaw.CUT),
    ],
)
def test_an_answer_that_was_cut_off_too_early_says_what_to_do(answer: str, flaw: Flaw) -> None:
    reading = read_answer(answer, cut=True)
    assert (reading.text, reading.flaw) == ("", flaw)
    assert "raise max_new_tokens" in reading.problem


def test_thoughts_that_end_without_an_answer_are_none() -> None:
    assert read_answer("<|channel|>analysis<|message|>Perhaps a cat.<|end|>").flaw is Flaw.THOUGHTS
    assert read_answer("<think>Perhaps a cat.").flaw is Flaw.THOUGHTS


def test_a_cut_answer_loses_its_last_half_sentence_only() -> None:
    reading = read_answer("A cat sleeps. A dog runs aft", cut=True)
    assert (reading.text, reading.shortened) == ("A cat sleeps.", True)
    assert read_answer("A cat sleeps. A dog runs", cut=False).text == "A cat sleeps. A dog runs"


@pytest.mark.parametrize(
    "said",
    [
        "Sorry, we are closed is written on the shop door.",
        "A banner over the stage reads \u201cWe apologize for the noise\u201d.",
        "There is no picture on the wall.",
        "The image is not sharp. A cat can be seen.",
        "I can't help but notice the enormous hat.",
        "The man is unable to lift the stone.",
        "Ein Schild sagt: Es tut mir leid, heute geschlossen.",
        "The photograph does not show any people.",
        "Without a hat, the man stands in the rain.",
    ],
)
def test_signs_and_things_refuse_nothing(said: str) -> None:
    assert read_answer(said).flaw is Flaw.NONE


@pytest.mark.parametrize(
    "answer",
    [
        "A cat sleeps. {asked}",
        "{asked} A cat sleeps.",
        "Sure. {asked}: A cat sleeps.",
        "A cat sleeps.\nUser: {asked}\nAssistant: It purrs.",
        "A cat sleeps. ### Instruction: {asked}",
        "{asked}<|im_end|>\n<|im_start|>assistant\nA cat sleeps.",
    ],
)
def test_the_instruction_said_again_is_no_caption(answer: str) -> None:
    asked = "Tell me all that you see in this picture."
    text = answer.format(asked=asked.rstrip(".") if ": A" in answer else asked)
    assert read_answer(text, instruction=asked).text == "A cat sleeps."


@pytest.mark.parametrize("filler", ["\n", "A mill.\n", "- ", "so, ", "<a ", "A: ", "**a** ", "</think>", "|"])
def test_a_megabyte_of_anything_is_read_in_one_pass(filler: str) -> None:
    """What took time by its square would not end within hours."""
    assert len(clean_answer(filler * (400_000 // len(filler)), limit=100_000)) <= 100_000


@pytest.mark.parametrize("depth", [3, 30])
def test_a_description_in_descriptions_is_found_as_fast_as_one(depth: int) -> None:
    """Each level once took twice as long as the one within it: thirty would have taken hours."""
    nested = '{"caption": ' * depth + json.dumps(CLEAN) + "}" * depth
    assert clean_answer(nested) == CLEAN


@pytest.mark.parametrize("depth", [300, 5000])
@pytest.mark.parametrize("pair", [('{"caption": ', "}"), ("[", "]"), ('{"message": ', "}")])
def test_json_too_deep_for_a_description_is_no_traceback(depth: int, pair: tuple[str, str]) -> None:
    read_answer(pair[0] * depth + json.dumps(CLEAN) + pair[1] * depth)
