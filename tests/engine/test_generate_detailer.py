"""A detailer's prompt: as many parts as regions, in the detailer's order, with nothing in them that it would read."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from patchmatters.generate import detailer_prompt
from patchmatters.generate.detailer import DetailedRegion

signs = [
    "[SEP]",
    "[ASC]",
    "[SKIP]",
    "[STOP]",
    "[LAB]",
    "[SEP:7]",
    "{a|b}",
    "{2$$a|b}",
    "__cat__",
    "<lora:x:1>",
    "<",
    "BREAK",
    "#",
    "3#__a__",
    "(",
    ")",
    "\n",
    "[CONCAT]",
]
texts = st.lists(st.sampled_from([*signs, "dog", "red", "sky."]) | st.text(max_size=6), max_size=6).map(" ".join)
regions = st.lists(st.builds(DetailedRegion, st.integers(0, 3), st.integers(0, 3), texts), min_size=1, max_size=8)


def test_the_order_is_the_detailers_from_left_to_right_then_down() -> None:
    quadrants = [
        DetailedRegion(0, 0, "A dog."),
        DetailedRegion(50, 0, "A cat."),
        DetailedRegion(0, 50, "A tree."),
        DetailedRegion(50, 50, "A lamp."),
    ]
    assert detailer_prompt(quadrants) == "[ASC]A dog. [SEP] A tree. [SEP] A cat. [SEP] A lamp."


def test_no_region_is_no_prompt() -> None:
    assert detailer_prompt([]) == ""


def test_what_the_syntax_reads_becomes_plain_words() -> None:
    text = "# A [STOP] sign {old|new} with __wildcard__ and <lora:cat:1>,\nBREAKFAST served"
    expected = r"A \(STOP\) sign \(old|new\) with _wildcard_ and lora:cat:1>, BreakFAST served"
    assert detailer_prompt([DetailedRegion(0, 0, text)]) == f"[ASC]{expected}"


@given(regions)
def test_there_is_a_part_for_every_region_and_nothing_to_read_in_it(made: list[DetailedRegion]) -> None:
    prompt = detailer_prompt(made)
    assert prompt.startswith("[ASC]")
    parts = re.split(r"\[SEP(?:\:\w+)?\]", prompt.removeprefix("[ASC]"))
    assert len(parts) == len(made)
    for part in parts:
        assert not re.search(r"[\[\]{}\n]|__|<lora:|BREAK", part)
        assert not part.strip().startswith("#")
        assert not re.search(r"(?<!\\)[()]", part)
