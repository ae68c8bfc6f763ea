"""A word that a model smuggles into a sentence is noticed, and the sentence of its sources is not."""

from __future__ import annotations

from patchmatters.aggregate.foreign import foreign_words

SOURCES = (
    "A grey cat sleeps on a stone wall beside a red gate. Ivy grows over the gate.",
    "A cat lies on the wall. Two bicycles lean against the gate, and a lamp hangs above them.",
)
TOLD = (
    "A grey cat sleeps on a stone wall beside a red gate.",
    "Ivy grows over the gate.",
    "Two bicycles lean against the gate.",
    "A lamp hangs above them.",
    "On the left side of the picture, a grey cat is lying on a wall.",
)
SMUGGLED = [
    "wooden",
    "purple",
    "crystal",
    "dragon",
    "umbrella",
    "violin",
    "broken",
    "golden",
    "ancient",
    "marble",
    "helicopter",
    "penguin",
    "rusty",
    "burning",
    "frozen",
    "plastic",
    "furry",
    "angry",
    "bearded",
    "candle",
    "guitar",
    "leather",
    "crowned",
    "dusty",
    "velvet",
    "soldier",
    "parrot",
    "muddy",
    "cracked",
    "neon",
]


def test_what_the_sources_say_has_no_foreign_word() -> None:
    assert [foreign_words(sentence, SOURCES) for sentence in TOLD] == [[]] * len(TOLD)


def test_of_smuggled_words_at_most_one_in_twenty_gets_through() -> None:
    tries = [
        " ".join([*words[:place], foreign, *words[place:]])
        for words in (sentence.split() for sentence in TOLD)
        for place in range(1, len(words), 3)
        for foreign in SMUGGLED
    ]
    through = [one for one in tries if not foreign_words(one, SOURCES)]
    assert len(through) * 20 <= len(tries), through[:5]
