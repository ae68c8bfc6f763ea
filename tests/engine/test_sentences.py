"""Splitting a text into sentences, statements and words."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from patchmatters.basics.plain_text import joined
from patchmatters.language.sentences import (
    content_words,
    joined_sentences,
    opens_with_anaphor,
    split_sentences,
    statements_of,
    words,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A dog sits. A cat sleeps.", ["A dog sits.", "A cat sleeps."]),
        ("a dog sits. a cat sleeps", ["a dog sits.", "a cat sleeps"]),
        ("It cost 3.5 dollars at 10:45. Late!", ["It cost 3.5 dollars at 10:45.", "Late!"]),
        ("Dr. Smith and J. Doe, e.g. two people. Both sit.", ["Dr. Smith and J. Doe, e.g. two people.", "Both sit."]),
        ("It is 5 p.m. The sun sets.", ["It is 5 p.m.", "The sun sets."]),
        ("It opened at 5 p.m. on a Monday.", ["It opened at 5 p.m. on a Monday."]),
        ("Cups, plates, etc. are here. And forks.", ["Cups, plates, etc. are here.", "And forks."]),
        ("Bus No. 5 waits. No. It left.", ["Bus No. 5 waits.", "No.", "It left."]),
        ("Platform B. The train waits.", ["Platform B.", "The train waits."]),
        ('A sign reads "Fluke." There is more.', ['A sign reads "Fluke."', "There is more."]),
        ('"Stop!" he shouts. Nobody does.', ['"Stop!" he shouts.', "Nobody does."]),
        ("Something ... and more... of it. End.", ["Something ... and more... of it.", "End."]),
        ("It fades... The end.", ["It fades...", "The end."]),
        ("Is it red?! Yes.", ["Is it red?!", "Yes."]),
        ("- A dog.\n* A cat\n\u2022 A bird\n1. One fish\n(2) Two fish\n### Head:\n", ["A dog.", "A cat", "A bird",
         "One fish", "Two fish", "Head:"]),
        ("First line\nsecond line", ["First line", "second line"]),
        ("One dog. - Two cats.", ["One dog.", "Two cats."]),
        ("A dog.\n---\n\n   \n...\n", ["A dog."]),
        ("\u72d7\u5728\u8dd1\u3002\u732b\u5728\u7761\uff01", ["\u72d7\u5728\u8dd1\u3002", "\u732b\u5728\u7761\uff01"]),
        ("3 dogs run. 2 sleep.", ["3 dogs run.", "2 sleep."]),
        ("", []),
        ("?!...", []),
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_ends_them(text, expected):
    assert split_sentences(text) == expected


_BULLETS = re.compile(r"^\s*(?:(?:#{1,6}|[*+>\-\u2013\u2022]|\(?\d{1,3}[.)]|\(?[A-Za-z]\))\s+)+(?=\S)", re.MULTILINE)
_texts = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.sampled_from(["A", "dog", "runs.", "Mr.", "3.5", "e.g.", "-", "1.", "\n", '"Stop!"', "...", "It", "\u3002",
                         "\u72d7\u3002", "U.S.", "isn't", "?", "(b)", "*", "#"]),
        max_size=40,
    ).map(" ".join),
)  # fmt: skip


@given(_texts)
@example("\u2f00")  # a sign that only normalising makes a letter
def test_splitting_loses_no_word(text):
    spoken = words("\n".join(_BULLETS.sub("", line) for line in text.splitlines()))
    assert [word for sentence in split_sentences(text) for word in words(sentence)] == spoken


@given(_texts)
@example("\u3002 \u3400\u3002IT")  # a gap within a sentence that is closed where it is joined to another
def test_no_sentence_is_empty_and_statements_keep_every_sentence(text):
    sentences = split_sentences(text)
    assert all(sentence.strip() and words(sentence) for sentence in sentences)
    assert joined(joined_sentences(text)) == joined(sentences)


@pytest.mark.parametrize(
    "opening",
    ["They run.", "He sits.", "Their hats are red.", "This gives it charm.",
     "These dogs are wet.", "However, she smiles.", "To the left of them is a bus.",
     "The other is red.", "One of them sleeps.", "Both are black.", "It's wet.", "They're wet.",
     "Another stands.", "Another is red.", "Another sitting there smiles.", "Each wears a hat.", "Both wear hats.",
     "Each of them sleeps.", "Another one waits."],
)  # fmt: skip
def test_a_sentence_that_leans_on_another_stays_with_it(opening):
    assert opens_with_anaphor(opening)
    assert statements_of(f"A dog runs. {opening} A tree grows.") == [f"A dog runs. {opening}", "A tree grows."]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("A dog runs. It is brown.", "The dog is brown."),
        ("A dog runs. Its tail is long.", "The dog's tail is long."),
        ("A dog runs. Behind it, a wall stands.", "Behind the dog, a wall stands."),
        ("A dog runs. In front of it stands a man.", "In front of the dog stands a man."),
        ("A woman sits on a bench. She wears a hat.", "The woman wears a hat."),
        ("A woman sits on a bench. Behind her, there is grass.", "Behind the woman, there is grass."),
        ("A woman sits on a bench. Her arms are crossed.", "The woman's arms are crossed."),
        ("Two horses run. They are brown.", "The horses are brown."),
    ],
)
def test_a_clear_noun_takes_the_place_of_its_pronoun(text, named):
    assert statements_of(text)[1] == named


@pytest.mark.parametrize(
    "text",
    ["The aircraft's propeller is yellow. It stands on two wheels.", "The hem is beige. Their arms are crossed.",
     "A man and a dog run. It barks.", "The photograph is old. It is grey."],
)  # fmt: skip
def test_an_unclear_pronoun_keeps_its_sentence_with_the_one_before(text):
    assert statements_of(text) == [text]


@pytest.mark.parametrize(
    "opening",
    ["This image shows a dog.", "In this photo, a dog runs.", "In the background, a man sits.", "Two dogs run.",
     "On the left, a bus waits.", "One man waits.", "There is a bus.", "In front of a house, it rains.", "",
     "Another man sits there.", "Another glass is empty.", "Both horses run.", "Each horse has a saddle."],
)  # fmt: skip
def test_a_sentence_that_stands_alone_is_left_alone(opening):
    assert not opens_with_anaphor(opening)


def test_an_opening_anaphor_without_anything_before_it_is_kept():
    assert statements_of("It is brown. A cat sits.") == ["It is brown.", "A cat sits."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A light-blue T-shirt", ["a", "light", "blue", "t", "shirt"]),
        ("The man's dog isn't here; it's gone", ["the", "man", "dog", "is", "not", "here", "it", "is", "gone"]),
        ("can\u2019t won't cannot", ["can", "not", "will", "not", "can", "not"]),
        ("At 10:45, 3.5 of 1,000 A57", ["at", "10:45", "3.5", "of", "1,000", "a57"]),
        ("\u72d7 caf\u00e9 \u00dcber", ["\u72d7", "caf\u00e9", "\u00fcber"]),
    ],
)
def test_words(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Two men are riding horses", "two man ride a horse"),
        ("A woman sat, smiling", "a woman sits and smiles"),
        ("The buses stopped", "the bus stops"),
        ("leaves and knives", "leaf knife"),
        ("a tiled wall, decorated boxes", "tile walls decorate box"),
        ("grey colours", "gray color"),
        ("running, swimming, dancing", "run swim dance"),
    ],
)
def test_forms_of_one_word_are_one_content_word(one, other):
    assert sorted(content_words(one)) == sorted(content_words(other))


def test_function_words_are_no_content():
    assert content_words("It is the one that was in there, and of course it isn't") == ["one", "course"]


@pytest.mark.parametrize("unit", ["word ", "a.", "\u3002 ", "! ", "'", "A. ", "1.", "x", "- ", "\n", "...a "])
def test_a_megabyte_is_split_in_seconds(unit):
    text = unit * (1_000_000 // len(unit))
    begin = time.process_time()
    statements_of(text)
    words(text)
    assert time.process_time() - begin < 8  # linear: about one second; a quadratic way would take minutes
