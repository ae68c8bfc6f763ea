"""JSON out of answers: thousands of mangled answers are read, or refused as unreadable; nothing else ever happens."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effort import examples
from patchmatters.answers.json_answer import UnreadableAnswer, read_object

GOOD = {
    "same": [{"statement": "A man's dog, brown, sleeps.", "passages": [1, 2]}],
    "contradictory": [
        [{"statement": "The car is red.", "passage": 1}, {"statement": "The car is blue.", "passage": 2}]
    ],
    "unique": [{"statement": 'A sign says "STOP".', "passage": 2}],
}
TEXT = json.dumps(GOOD)
KEYS = ("same", "contradictory", "unique")


@pytest.mark.parametrize(
    "answer",
    [
        TEXT,
        json.dumps(GOOD, indent=2),
        f"```json\n{TEXT}\n```",
        f"```\n{TEXT}\n```\nI hope this helps!",
        f"Sure! Here is the JSON:\n{TEXT}",
        f"{TEXT}\n\nExplanation: the passages {{agree}} mostly.",
        f'<think>{{"same": []}} maybe</think>{TEXT}',
        f"ASSISTANT: {TEXT}</s>",
        f'The form is {{"same": []}} and my answer is {TEXT}',
        TEXT.replace("]}", ",]}"),
        TEXT[:-1],
        TEXT + "}",
    ],
)
def test_surroundings_and_small_damage_are_tolerated(answer: str) -> None:
    assert read_object(answer, KEYS) == GOOD


def test_single_quotes_and_comments() -> None:
    answer = "{'same': [{'statement': 'A dog sleeps.', 'passages': [1, 2]}], 'unique': []}"
    assert read_object(answer, KEYS) == {
        "same": [{"statement": "A dog sleeps.", "passages": [1, 2]}],
        "unique": [],
    }


@pytest.mark.parametrize(
    "answer", ["", "   ", "There is nothing to say.", "[1, 2]", "{}", '{"answer": 1}', "null", "}{", "{" * 5000]
)
def test_no_object_is_unreadable(answer: str) -> None:
    with pytest.raises(UnreadableAnswer):
        read_object(answer, KEYS)


@st.composite
def mangled(draw: st.DrawFn) -> str:
    """The good answer with pieces cut out, doubled, replaced and wrapped."""
    text = draw(st.sampled_from([TEXT, json.dumps(GOOD, indent=1), TEXT.replace('"', "'")]))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        middle = draw(
            st.sampled_from(["", text[start:end] * 2, "\n", ",", '"', "'", "}", "{", "\\", "\x00", "\ud7ff", "```"])
        )
        text = text[:start] + middle + text[end:]
    return (
        draw(st.sampled_from(["", "Sure:\n", "<think>x</think>", "```json\n"]))
        + text
        + draw(st.sampled_from(["", "```", "\nDone."]))
    )


@settings(max_examples=examples(2000), deadline=None)
@given(mangled())
def test_mangled_answers_are_read_or_unreadable(answer: str) -> None:
    try:
        found = read_object(answer, KEYS)
    except UnreadableAnswer:
        return
    assert set(found) & set(KEYS)


@settings(max_examples=examples(500), deadline=None)
@given(st.text(max_size=300) | st.text("{}[]\"':,\\ab1 \n", max_size=300))
def test_any_text_is_read_or_unreadable(answer: str) -> None:
    try:
        found = read_object(answer, KEYS)
    except UnreadableAnswer:
        return
    assert set(found) & set(KEYS)


def test_a_megabyte_of_braces_takes_no_time() -> None:
    with pytest.raises(UnreadableAnswer):
        read_object("no braces here " * 70_000, KEYS)
    with pytest.raises(UnreadableAnswer):
        read_object('{"a": [' * 100_000, KEYS)


@pytest.mark.parametrize("quote", ['"', "'"])
def test_of_a_comparison_that_was_cut_off_only_whole_statements_are_read(quote: str) -> None:
    text = '{"same": [{"statement": "A mill turns.", "passages": [1, 2]}, {"statement": "The miller sle'
    assert read_object(text.replace('"', quote), KEYS) == {"same": [{"statement": "A mill turns.", "passages": [1, 2]}]}


@pytest.mark.parametrize("cut", range(40, len(TEXT)))
def test_wherever_it_is_cut_no_statement_is_half(cut: int) -> None:
    whole = {"A man's dog, brown, sleeps.", "The car is red.", "The car is blue.", 'A sign says "STOP".'}
    try:
        found = repr(read_object(TEXT[:cut], KEYS))
    except UnreadableAnswer:
        return
    statements = [part.split(", 'passage")[0].strip("'\"}], ") for part in found.split("'statement': ")[1:]]
    assert all(one.replace("\\'", "'") in whole for one in statements), found


def test_a_draft_within_the_thoughts_is_not_the_answer() -> None:
    draft = '```json\n{"same": [], "unique": [{"statement": "A pink cow of enormous size.", "passage": 1}]}\n```'
    assert read_object(f"<think>Draft:\n{draft}</think>\n```json\n{TEXT}\n```", KEYS) == GOOD
    with pytest.raises(UnreadableAnswer):
        read_object(f"<think>Draft:\n{draft}", KEYS)
