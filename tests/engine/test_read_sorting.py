"""A model's sorting, however wrong, becomes statements that hang together, or is unreadable."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from effort import examples
from patchmatters.answers.json_answer import UnreadableAnswer
from patchmatters.language.basis import tells
from patchmatters.language.sentences import statements_of
from patchmatters.language.similarity import LexicalSimilarity
from patchmatters.scene import Passage, Statement, Verdict
from patchmatters.semantic_filter.read import read_sorting

PASSAGES = (
    Passage("A brown dog sleeps on a red sofa. A tall lamp stands beside the window.", "candidate 1"),
    Passage("A brown dog sleeps on a red sofa. The curtains are blue.", "candidate 2"),
    Passage("A black dog sleeps on a red sofa. A clock hangs on the wall.", "candidate 3"),
)
SAID = [text for passage in PASSAGES for text in statements_of(passage.text)]

numbers = st.integers(-2, 9) | st.sampled_from(["1", "two", None, 2.5, [3]])
texts = st.sampled_from([*SAID, "A zebra wears a golden crown.", "", "  ", "...", "The sofa is red."]) | st.text(
    max_size=20
)
entries = st.one_of(
    texts,
    st.fixed_dictionaries({"statement": texts, "passage": numbers}),
    st.fixed_dictionaries({"statement": texts, "passages": st.lists(numbers, max_size=4) | numbers}),
    st.fixed_dictionaries({"text": texts}),
    st.none(),
)
groups = st.lists(entries, max_size=4) | st.none() | texts
sets = st.lists(st.lists(entries, max_size=3) | st.fixed_dictionaries({"statements": groups}) | entries, max_size=3)
answers = st.fixed_dictionaries({}, optional={"same": groups, "contradictory": sets, "unique": groups, "other": texts})


def check(statements: tuple[Statement, ...]) -> None:
    for number, statement in enumerate(statements):
        assert all(0 <= source < len(PASSAGES) for source in statement.sources)
        assert number not in statement.rivals
        assert all(number in statements[rival].rivals for rival in statement.rivals)
        assert (statement.verdict is Verdict.REFUSED) == (not statement.sources)
        assert (statement.verdict is Verdict.CONTRADICTORY) == bool(statement.rivals)
        if statement.verdict is Verdict.SAME:
            assert len(statement.sources) > 1
        assert "zebra" not in statement.text or statement.verdict is Verdict.REFUSED


@settings(max_examples=examples(1500), deadline=None)
@given(answers)
def test_any_sorting_hangs_together_and_loses_nothing(answer: dict) -> None:
    try:
        statements = read_sorting(json.dumps(answer), PASSAGES, LexicalSimilarity())
    except UnreadableAnswer:
        return
    check(statements)
    told = " ".join(statement.text for statement in statements if statement.verdict is not Verdict.REFUSED)
    assert all(tells(told, text) for text in SAID)


def test_a_model_that_finds_two_wordings_the_same_is_believed_where_their_words_agree():
    passages = [
        Passage("A gray suitcase stands open on the floor.", "candidate 1"),
        Passage("There is an open suitcase of gray color on the floor.", "candidate 2"),
        Passage("A red suitcase stands open on the floor.", "candidate 3"),
    ]
    answer = {"same": [{"statement": "A gray suitcase stands open on the floor.", "passages": [1, 2, 3]}]}
    found = read_sorting(json.dumps(answer), passages, LexicalSimilarity())[0]
    assert (found.verdict, found.sources) == (Verdict.SAME, (0, 1)), "the red one contradicts it"
