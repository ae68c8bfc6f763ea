"""The JSON form of a Scene: exact both ways, and strict."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effort import examples
from engine.scenes import plain_picture, scenes
from patchmatters.divide import divide
from patchmatters.scene import Passage, Scene, Stage
from patchmatters.scene_json import attach_picture, dump_scenes, load_scenes
from patchmatters.views.report import scene_report


@settings(max_examples=examples(150))
@given(st.lists(scenes(), max_size=2))
def test_scenes_come_back_exactly(given_scenes: list[Scene]) -> None:
    assert load_scenes(dump_scenes(given_scenes)) == tuple(given_scenes)


@settings(max_examples=examples(50))
@given(scenes())
def test_a_scene_of_an_earlier_pack_loads_with_the_defaults_of_what_came_later(scene: Scene) -> None:
    body = json.loads(dump_scenes([scene]))
    patches = [body["scenes"][0]["whole"], *body["scenes"][0]["patches"], *body["scenes"][0]["regions"]]
    for statement in [one for patch in patches for one in patch["statements"]]:
        del statement["support"], statement["testimony"], statement["said"]
    (loaded,) = load_scenes(json.dumps(body))
    said = [one for patch in (loaded.whole, *loaded.patches) for one in patch.statements]
    assert all(one.support is None and one.testimony == () and one.said == "" for one in said)


@settings(max_examples=examples(150))
@given(scenes(), st.data())
def test_any_damage_is_refused_in_a_sentence(scene: Scene, data: st.DataObject) -> None:
    body = json.loads(dump_scenes([scene]))
    paths = list(_paths(body))
    path = data.draw(st.sampled_from(paths))
    junk = data.draw(st.sampled_from([None, 3.5, "junk", [], {}, {"x": 1}, True]))
    parent = body
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = junk
    try:
        loaded = load_scenes(json.dumps(body))
    except ValueError as error:
        assert str(error)
        assert str(error).endswith((".", ")"))
    else:
        assert json.loads(dump_scenes(loaded)) == body  # the damage made another Scene that is just as good


def _paths(value: object, path: tuple = ()) -> list[tuple]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in items for found in [(*path, key), *_paths(item, (*path, key))]]


def _body() -> dict:
    return json.loads(dump_scenes(divide([plain_picture(20, 10)])))


FAR = {"box": {"left": 0, "top": 0, "right": 1e300, "bottom": 5}, "label": "far", "score": 1}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda body: body.update(version=2), "of version 2, and versions up to 1 are read here: update the pack"),
        (lambda body: body.update(version="1"), r'not a Scene file: its "version" is \'1\', not the number 1'),
        (lambda body: body.update(version=True), "is True, not the number 1"),
        (lambda body: body.update(version=0), "is 0, not the number 1"),
        (lambda body: body.update(version=None), "is nothing, not the number 1"),
        (lambda body: body.update(format="other"), "not a Scene file"),
        (lambda body: body["scenes"][0]["whole"]["box"].update(right=1e300), "'whole image' has a box outside its"),
        (lambda body: body["scenes"][0]["patches"][1]["box"].update(left=-1e9), "'top-right' has a box outside its"),
        (lambda body: body["scenes"][0].update(detections=[FAR]), "detection 0 has a box outside its picture"),
        (lambda body: body["scenes"][0]["whole"]["box"].update(right=10**500), "must be a finite number, not a num"),
        (lambda body: body["scenes"][0]["image"].update(name=10**500), "must be str, not a number with very many"),
        (lambda body: body["scenes"][0].update(mood="good"), r"scenes\[0\] has unknown fields: mood"),
        (lambda body: body["scenes"][0].pop("patches"), r"scenes\[0\] lacks: patches"),
        (lambda body: body["scenes"][0].update(patches=[]), "has no patches"),
        (lambda body: body["scenes"][0].update(stage="baked"), "known are: divided"),
        (lambda body: body["scenes"][0].update(stage="composed"), "has no caption"),
        (lambda body: body["scenes"][0].update(stage="filtered"), "no patch has a passage"),
        (lambda body: body["scenes"][0]["patches"][0].update(name="top-right"), "two patches of one name"),
        (lambda body: body["scenes"][0]["whole"]["box"].update(left="0"), r"box.left must be a finite number, not '0'"),
    ],
)
def test_what_is_unknown_is_named(change: object, words: str) -> None:
    body = _body()
    change(body)
    with pytest.raises(ValueError, match=words):
        load_scenes(json.dumps(body))


def test_text_that_is_no_json_and_numbers_that_are_none() -> None:
    with pytest.raises(ValueError, match="not JSON"):
        load_scenes("{")
    with pytest.raises(ValueError, match="Out of range"):
        dump_scenes([replace(divide([plain_picture()])[0], detections=(_nan_detection(),))])
    with pytest.raises(ValueError, match=r"box\.left"):
        load_scenes(dump_scenes(divide([plain_picture()])).replace('"left": 0.0', '"left": NaN', 1))


def _nan_detection() -> object:
    from patchmatters.scene import Box, Detection

    return Detection(Box(0, 0, 1, 1), "x", math.nan)


def test_the_picture_is_not_stored_but_can_be_attached_again() -> None:
    picture = plain_picture(30, 20, "red")
    (scene,) = divide([picture])
    (loaded,) = load_scenes(dump_scenes([scene]))
    assert loaded.picture is None
    assert attach_picture(loaded, picture).picture is picture
    with pytest.raises(ValueError, match="of another picture"):
        attach_picture(loaded, plain_picture(30, 20, "blue"))
    with pytest.raises(ValueError, match="30x20 pixels, not 20x20"):
        attach_picture(loaded, plain_picture(20, 20))


def test_a_scene_is_short_in_a_log() -> None:
    (scene,) = divide([plain_picture()])
    assert len(repr(scene)) < 200
    assert scene.stage is Stage.DIVIDED


@pytest.mark.parametrize("stage", Stage)
def test_a_picture_that_was_given_up_comes_back_with_its_reason(stage: Stage) -> None:
    """It has what it had at that stage, and may have nothing that later stages wait for."""
    (divided,) = divide([plain_picture()])
    patches = [replace(patch, passages=(Passage("A wall.", "said"),)) for patch in divided.first_level]
    lost = replace(divided.with_patches(patches), stage=stage).given_up("Nothing reliable is left to say.")
    assert load_scenes(dump_scenes([lost])) == (lost,)
    assert "No caption: Nothing reliable is left to say." in scene_report(lost)
