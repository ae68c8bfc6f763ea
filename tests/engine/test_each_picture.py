"""One picture that cannot be captioned keeps its place, says why, and costs the others nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from PIL import Image

from engine.scenes import plain_picture
from patchmatters.aggregate import compose_each
from patchmatters.describe import DescribeSettings, describe, describe_each
from patchmatters.divide import divide
from patchmatters.divide.semantic_patch import add_semantic_patch, add_semantic_patch_each
from patchmatters.models import Answer, Monitor, Outcome, Question
from patchmatters.picture import Crop
from patchmatters.pipeline import PRESETS, caption_each, caption_pictures
from patchmatters.running.each_picture import problems_of
from patchmatters.scene import Box, Detection, Scene, Stage
from patchmatters.scene_json import dump_scenes, load_scenes
from patchmatters.semantic_filter import Level, compare, filter_each, filter_statements
from patchmatters.views.report import scene_report

PICTURES = [plain_picture(), Image.new("RGB", (90, 60), "darkred"), plain_picture(80, 64)]
NAMES = ["first", "second", "third"]
REFUSED = Answer("", Outcome.REFUSAL, "the server refused the picture")
Spoken = Callable[[Question], str | Answer]


@dataclass
class Speaker:
    """A captioner that answers as it is told, and remembers what it was asked."""

    speak: Spoken
    name: str = "speaker"
    sees_images: bool = True
    follows_instructions: bool = False
    asked: list[str] = field(default_factory=list)

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        self.asked += [question.name for question in questions]
        said = [self.speak(question) for question in questions]
        return [one if isinstance(one, Answer) else Answer(one) for one in said]


@dataclass(frozen=True)
class Measure:
    """A scorer of one number, but for crops of a picture of that width."""

    broken_width: int = 0
    name: str = "measure"

    def score(self, image: Crop, sentences: Sequence[str]) -> list[float | None]:
        return [float("nan") if image.picture.width == self.broken_width else 0.9] * len(sentences)


def says(question: Question) -> str:
    return f"A {question.name.split(':')[0]} lamp stands on a table. The wall is white."


def refusing(*names: str) -> Speaker:
    """Refuses every question whose name begins so."""
    return Speaker(lambda question: REFUSED if question.name.startswith(names) else says(question))


def test_a_refused_picture_keeps_its_place_and_the_others_are_captioned() -> None:
    scenes = caption_each(PICTURES, refusing("second: "), Measure(), names=NAMES)
    assert [scene.image.name for scene in scenes] == NAMES
    assert [bool(scene.caption_text) for scene in scenes] == [True, False, True]
    assert "first lamp" in scenes[0].caption_text
    assert "third lamp" in scenes[2].caption_text
    assert scenes[1].problem.startswith("No description of whole image, top-left")
    assert "the server refused the picture" in scenes[1].problem
    assert scenes[1].stage is Stage.DIVIDED
    assert scenes[1].records[0].calls == 13, "what was asked was paid"
    assert caption_pictures(PICTURES, refusing("second: "), Measure(), names=NAMES) == scenes


def test_the_others_are_the_same_as_without_it() -> None:
    alone = caption_each([PICTURES[0], PICTURES[2]], refusing(), Measure(), names=["first", "third"])
    scenes = caption_each(PICTURES, refusing("second: top-left"), Measure(), names=NAMES)
    assert (scenes[0], scenes[2]) == alone
    assert scenes[1].problem.endswith('Set on_failure to "continue" to go on without it.')


def test_every_question_is_asked_once() -> None:
    speaker = refusing("second: ")
    caption_each(PICTURES, speaker, Measure(), names=NAMES)
    assert len(speaker.asked) == len(set(speaker.asked)) == 3 * 13


def test_with_continue_a_picture_that_is_refused_entirely_is_given_up_alone() -> None:
    preset = replace(PRESETS["careful"], describe=DescribeSettings(on_failure="continue"))
    scenes = caption_each(PICTURES, refusing("second: ", "third: top-left"), Measure(), preset=preset, names=NAMES)
    assert [bool(scene.problem) for scene in scenes] == [False, True, False]
    assert {failure.patch for failure in scenes[2].failures} == {"top-left"}
    assert scenes[2].caption_text


def test_only_where_all_fail_it_is_an_error_that_names_them() -> None:
    with pytest.raises(RuntimeError, match=r"3 of 3 pictures have no caption\..*first.*second.*third"):
        caption_pictures(PICTURES, refusing(""), Measure(), names=NAMES)
    with pytest.raises(RuntimeError, match="No description of whole image"):
        describe(divide(PICTURES, names=NAMES), refusing(""))
    assert all(scene.problem for scene in describe_each(divide(PICTURES), refusing("")))


def test_a_problem_without_a_short_caption_costs_no_further_question() -> None:
    boxes = [[Detection(Box(4, 4, 30, 30), "lamp", 0.9)]] * 3
    speaker = refusing("second: ")
    scenes = caption_each(PICTURES, speaker, Measure(), None, boxes, PRESETS["paper"], names=NAMES)
    assert [bool(scene.problem) for scene in scenes] == [False, True, False]
    assert scenes[1].problem == "There is no second: short caption: the server refused the picture."
    assert [name for name in speaker.asked if name.startswith("second")] == ["second: short caption"]
    divided = divide(PICTURES, boxes, names=NAMES)
    assert [bool(one.problem) for one in add_semantic_patch_each(divided, refusing("second"))] == [False, True, False]
    with pytest.raises(RuntimeError, match="There is no first: short caption"):
        add_semantic_patch(divided, refusing(""))


def test_a_score_that_is_no_number_gives_up_its_picture_alone() -> None:
    compared = compare(describe(divide(PICTURES, names=NAMES), refusing()), Level.WITHIN)
    scenes = filter_each(compared, Measure(broken_width=90))
    assert [bool(scene.problem) for scene in scenes] == [False, True, False]
    assert "second: the scorer gave a score for" in scenes[1].problem
    with pytest.raises(RuntimeError, match="not a number"):
        filter_statements(compared[1:2], Measure(broken_width=90))


def test_a_picture_of_which_nothing_is_left_to_say_is_given_up_alone() -> None:
    scenes = caption_each(PICTURES, refusing(), Measure(), names=NAMES, preset=PRESETS["fast"])
    empty = replace(scenes[1], stage=Stage.MERGED, caption=(), whole=replace(scenes[1].whole, sentences=()))
    empty = empty.with_patches(replace(patch, sentences=()) for patch in empty.patches)
    merged = [replace(scene, stage=Stage.MERGED, caption=()) for scene in (scenes[0], scenes[2])]
    composed = compose_each([merged[0], empty, merged[1]])
    assert [one.caption_text for one in composed] == [scenes[0].caption_text, "", scenes[2].caption_text]
    assert composed[1].problem.startswith("Nothing reliable is left to say about 'second'")


def test_a_scene_that_was_given_up_is_saved_loaded_and_shown() -> None:
    scenes = caption_each(PICTURES, refusing("second: "), Measure(), names=NAMES)
    assert load_scenes(dump_scenes(scenes)) == scenes
    assert f"No caption: {scenes[1].problem}" in scene_report(scenes[1])
    body = json.loads(dump_scenes(scenes))
    for scene in body["scenes"]:
        del scene["problem"]  # as an earlier pack wrote it
    assert [scene.problem for scene in load_scenes(json.dumps(body))] == ["", "", ""]


def test_many_problems_are_told_in_a_few_sentences() -> None:
    (scene,) = divide([plain_picture()])
    many: list[Scene] = [scene.given_up(f"Problem {number}.") for number in range(200)]
    assert problems_of([*many, scene]) == (
        "200 of 201 pictures have no caption. Problem 0. Problem 1. Problem 2. And 197 more."
    )
    assert problems_of([scene]) == problems_of([scene] * 3) == ""
