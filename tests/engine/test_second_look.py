"""Second looks: which doubts are asked about, how, at which crop, and what an answer does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.scenes import plain_picture
from patchmatters.backends.scripted import ScriptedChat, ScriptedScorer
from patchmatters.divide import divide
from patchmatters.models import QUIET, Question
from patchmatters.scene import Box, Detection, Passage, Ruling, Scene, Stage, Statement, Verdict
from patchmatters.semantic_filter import PAPER, FilterSettings, filter_statements
from patchmatters.witnesses.second_look import NAME, nearer

TEAL, BLACK, DOG = "The hull is teal.", "The hull is black.", 'A dog sits by the "exit" sign.'


def compared(statements: tuple[Statement, ...]) -> Scene:
    (scene,) = divide([plain_picture()], [[Detection(Box(20, 30, 120, 130), "dog", 0.9)]])
    patch = replace(scene.patches[0], passages=(Passage("a", "1"), Passage("b", "2")), statements=statements)
    return replace(scene.with_patches([patch]), stage=Stage.COMPARED)


RIVALS = (
    Statement(TEAL, Verdict.CONTRADICTORY, (0,), (1,)),
    Statement(BLACK, Verdict.CONTRADICTORY, (1,), (0,)),
)
ONCE = tuple(Statement(text, Verdict.UNIQUE, (0,)) for text in (DOG, "A lamp hangs there.", "A cup stands there."))
SCORES = {TEAL: 0.7, BLACK: 0.8, DOG: 0.35, "A lamp hangs there.": 0.9, "A cup stands there.": 0.1}
SCORER = ScriptedScorer(lambda _, text: SCORES[text], name="scorer")
FIXED = FilterSettings(confirm=0.0, veto=0.0, support=0.0, check_whole=False)


def looked(
    statements: tuple[Statement, ...], answer: str, settings: FilterSettings = FIXED
) -> tuple[dict[str, Statement], list[Question], Scene]:
    asked: list[Question] = []

    def reply(question: Question) -> str:
        asked.append(question)
        return answer

    model = ScriptedChat(reply, name="looker", sees_images=True)
    (scene,) = filter_statements([compared(statements)], SCORER, settings, QUIET, (), model)
    return {one.text: one for one in scene.patches[0].statements}, asked, scene


def test_rivals_are_asked_about_together_and_the_answer_goes_before_the_score() -> None:
    found, asked, _ = looked(RIVALS, "Teal.")
    assert [question.text for question in asked] == ["Is the hull teal or black? Answer with one word."]
    assert (found[TEAL].kept, found[BLACK].kept) == (True, False)
    assert found[TEAL].testimony[0].ruling is Ruling.CONFIRMED
    assert "asked 'Is the hull teal or black?" in found[BLACK].reason


@pytest.mark.parametrize("answer", ["I cannot say.", "Teal or black.", "Red."])
def test_an_answer_that_says_neither_leaves_it_to_the_score(answer: str) -> None:
    found, _, _ = looked(RIVALS, answer)
    assert (found[TEAL].kept, found[BLACK].kept) == (False, True)
    assert found[TEAL].testimony == ()


def test_the_nearest_to_the_bar_is_asked_about_first_and_no_more_than_wanted() -> None:
    found, asked, _ = looked(ONCE, "No.", replace(FIXED, second_looks=1))
    assert len(asked) == 1
    assert asked[0].text.startswith("Somebody says of this picture: \"A dog sits by the 'exit' sign.\"")
    assert [found[text].kept for text in SCORES if text in found] == [False, True, False]
    _, three, _ = looked((*RIVALS, *ONCE), "Yes.", replace(FIXED, second_looks=3))
    assert "hull" in three[0].text
    assert len(three) == 3


@pytest.mark.parametrize(("answer", "kept"), [("Yes", True), ("yes, it is", True), ("No.", False), ("Maybe", True)])
def test_yes_and_no(answer: str, kept: bool) -> None:
    found, _, _ = looked(ONCE[:1], answer)
    assert found[DOG].kept is kept


def test_nothing_is_asked_in_the_papers_filter_and_without_doubt() -> None:
    assert looked(RIVALS, "Teal.", PAPER)[1] == []
    agreed = (Statement(TEAL, Verdict.SAME, (0, 1)),)
    assert looked(agreed, "No.")[1] == []


def test_the_crop_is_nearer_where_the_thing_was_detected() -> None:
    scene = compared(ONCE)
    patch = scene.patches[0].box
    assert nearer(scene, patch, DOG) == Box(0, 0, 150, 160)
    assert nearer(scene, patch, "A lamp hangs there.") == patch


def test_what_it_cost_stands_in_the_scene() -> None:
    _, asked, scene = looked((*RIVALS, *ONCE), "Yes.")
    (record,) = [one for one in scene.records if one.stage == NAME]
    assert (record.model, record.calls) == ("looker", len(asked))


def test_a_model_that_cannot_see_is_refused() -> None:
    blind = ScriptedChat(lambda question: "Yes.", name="blind", sees_images=False)
    with pytest.raises(ValueError, match="blind cannot see images"):
        filter_statements([compared(RIVALS)], SCORER, FIXED, QUIET, (), blind)
