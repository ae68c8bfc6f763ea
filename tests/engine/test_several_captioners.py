"""Several captioners: the candidates of a patch go round among them, and each is asked once, for its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from engine.scenes import plain_picture
from patchmatters.backends.scripted import ScriptedChat
from patchmatters.commands.cli import main
from patchmatters.describe import DescribeSettings, describe, describe_each
from patchmatters.divide import divide
from patchmatters.models import QUIET, Answer, Monitor, Outcome, Question
from patchmatters.pipeline import caption_pictures
from patchmatters.scene_json import dump_scenes, load_scenes


def model(name: str, text: str, **how: bool) -> ScriptedChat:
    return ScriptedChat(lambda question: text, name=name, follows_instructions=False, **how)


def test_candidates_go_round_and_the_whole_image_is_the_first_ones() -> None:
    first, second = model("first", "A red car."), model("second", "A blue bus.")
    (scene,) = describe(divide([plain_picture()]), first, DescribeSettings(candidates=3), QUIET, [second])
    assert [(one.source, one.model) for one in scene.patches[0].passages] == [
        ("candidate 1", "first"), ("candidate 2", "second"), ("candidate 3", "first"),
    ]  # fmt: skip
    assert [one.model for one in scene.whole.passages] == ["first"]
    assert [(record.model, record.calls) for record in scene.records] == [("first", 9), ("second", 4)]


def test_each_model_is_asked_once_whatever_the_number_of_pictures() -> None:
    calls: list[tuple[str, int]] = []

    class Counting:
        sees_images, follows_instructions = True, False

        def __init__(self, name: str) -> None:
            self.name = name

        def answer(self, questions: list[Question], monitor: Monitor) -> list[Answer]:
            calls.append((self.name, len(questions)))
            return [Answer("A thing.") for _ in questions]

    describe(divide([plain_picture(), plain_picture(320, 240)]), Counting("a"), others=[Counting("b"), Counting("c")])
    assert calls == [("a", 10), ("b", 8), ("c", 8)]


def test_one_captioner_leaves_no_name_and_old_scenes_still_load() -> None:
    (scene,) = describe(divide([plain_picture()]), model("alone", "A red car."))
    assert {one.model for patch in scene.first_level for one in patch.passages} == {""}
    data = json.loads(dump_scenes([scene]))
    for patch in (data["scenes"][0]["whole"], *data["scenes"][0]["patches"]):
        for passage in patch["passages"]:
            del passage["model"]
    (old,) = load_scenes(json.dumps(data))
    assert old.patches == scene.patches


def test_what_one_of_them_invents_every_time_is_not_agreed_on() -> None:
    """Of a part a model that always invents the same agrees with itself; where others are asked too it does not."""

    def invent(question: Question) -> str:
        return "A red car stands there." + " A kite flies." * ("top-left" in question.name)

    honest = model("honest", "A red car stands there.")
    inventor = ScriptedChat(invent, name="inventor", follows_instructions=False)
    (alone,) = caption_pictures([plain_picture()], inventor)
    assert "kite" in alone.caption_text
    (both,) = caption_pictures([plain_picture()], honest, other_captioners=[inventor])
    assert "car" in both.caption_text
    assert "kite" not in both.caption_text


def test_one_that_fails_costs_its_own_candidates() -> None:
    silent = ScriptedChat(lambda question: Answer("", Outcome.FAILURE, "it is down"), name="silent")
    (scene,) = describe_each(divide([plain_picture()]), model("first", "A red car."), others=[silent])
    assert not scene.problem
    assert [one.source for one in scene.patches[0].passages] == ["candidate 1", "candidate 3"]
    assert len(scene.failures) == 4


def test_one_that_is_blind_is_refused() -> None:
    with pytest.raises(ValueError, match="blind cannot see images"):
        describe(divide([plain_picture()]), model("first", "A."), others=[model("blind", "B.", sees_images=False)])


def test_the_command_takes_another_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.linear_gradient("L").convert("RGB").save(tmp_path / "a.png")
    scene = tmp_path / "a.json"
    given = ["caption", str(tmp_path / "a.png"), "--scene", str(scene), "--quiet", "--similarity", "lexical"]
    assert main([*given, "--also", "builtin"]) == 0
    (loaded,) = load_scenes(scene.read_text(encoding="utf-8"))
    assert all(one.model for one in loaded.patches[0].passages)
    assert main([*given, "--also", "builtin=x"]) == 2
    assert "builtin takes no model, so write --also builtin" in capsys.readouterr().err
    assert main([*given, "--also", "nobody"]) == 2
