"""The nodes one after the other, called as the host calls them, without a server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

Execute = Callable[..., tuple[Any, ...]]


def test_the_nodes_say_what_the_engine_says(
    composed: tuple[Any, ...], part: Callable[[str], Any], batch: Any, captioner: Any, scorer: Any, detected: Any
) -> None:
    pictures = part("nodes.types").pictures_from_image(batch)
    boxes = part("patchmatters.detections").read_detections(detected, 2)
    scenes = part("patchmatters.pipeline").caption_pictures(pictures, captioner, scorer, detections=boxes)
    assert composed[0] == [scene.caption_text for scene in scenes]
    assert len(set(composed[0])) == 2


def test_a_frame_of_no_numbers_keeps_its_place_and_costs_the_others_nothing(
    execute: Execute, batch: Any, captioner: Any
) -> None:
    broken = batch.clone()
    broken[0, 3, 4, 1] = float("nan")
    (divided,) = execute("Divide", image=broken)
    (described,) = execute("Describe", scene=divided, chat_model=captioner)
    assert [one.problem[:9] for one in described] == ["Picture 1", ""]
    assert described[1].whole.passages
    broken[1, 0, 0, 0] = float("nan")
    with pytest.raises(RuntimeError, match="Picture 1 has pixels"):
        execute("Describe", scene=execute("Divide", image=broken)[0], chat_model=captioner)


def test_captioners_share_the_candidates_and_content_divides(execute: Execute, batch: Any, captioner: Any) -> None:
    import torch

    second, third = execute("BuiltinModel", max_sentences=3)[0], execute("BuiltinModel", max_sentences=5)[0]
    large = torch.nn.functional.interpolate(batch.movedim(-1, 1), scale_factor=4).movedim(1, -1)
    (divided,) = execute("Divide", image=large, division="content", least_side=160)
    assert all(3 <= len(scene.patches) <= 9 for scene in divided)
    assert all(patch.name.startswith("part ") for scene in divided for patch in scene.patches)
    (told,) = execute("Describe", scene=divided, chat_model=captioner, second_captioner=second, third_captioner=third)
    for scene in told:
        assert [len(patch.passages) for patch in scene.patches] == [3] * len(scene.patches)
        assert [record.calls for record in scene.records] == [len(scene.patches) + 1, *[len(scene.patches)] * 2]


def test_a_report_for_every_picture(filtered: tuple[Any, ...]) -> None:
    scenes, reports = filtered
    assert len(reports) == len(scenes) == 2
    for scene, report in zip(scenes, reports, strict=True):
        assert scene.patches[0].statements[0].text in report


def test_a_filter_without_a_scorer_keeps_only_what_was_agreed_or_seen_elsewhere(
    execute: Execute, described: Any
) -> None:
    scenes, _ = execute("Filter", scene=execute("Compare", scene=described)[0])
    kept = [one for scene in scenes for patch in scene.patches for one in patch.kept]
    assert kept
    assert all(one.support >= 0.5 for one in kept if one.verdict.value == "unique")
    assert all("scorer" in " ".join(scene.warnings) for scene in scenes)


def test_inputs_are_left_as_they_were(execute: Execute, described: Any, part: Callable[[str], Any]) -> None:
    """The host shares what a node gives with every node behind it, and with its cache."""
    before = part("patchmatters.scene_json").dump_scenes(described)
    execute("Filter", scene=execute("Compare", scene=described)[0])
    assert part("patchmatters.scene_json").dump_scenes(described) == before


def test_regions_agree_with_one_another(execute: Execute, composed: tuple[Any, ...]) -> None:
    crops, masks, boxes, texts, *_ = execute("Regions", scene=composed[1])
    assert len(boxes) == 2
    flat = [box for row in boxes for box in row]
    assert len(crops) == len(masks) == len(texts) == len(flat) > 2
    for crop, mask, box, text in zip(crops, masks, flat, texts, strict=True):
        assert crop.shape == (1, box["height"], box["width"], 3)
        assert mask.shape == (1, 160, 160)
        assert mask.sum() == box["height"] * box["width"]
        assert text


def test_boxes_of_regions_are_boxes_for_divide(execute: Execute, composed: tuple[Any, ...], batch: Any) -> None:
    boxes = execute("Regions", scene=composed[1])[2]
    (again,) = execute("Divide", image=batch, bboxes=boxes)
    assert [len(scene.detections) for scene in again] == [len(row) for row in boxes]


def test_boxes_carry_what_cores_create_bounding_boxes_reads(execute: Execute, composed: tuple[Any, ...]) -> None:
    _, _, boxes, texts, _, _, objects = execute("Regions", scene=composed[1])
    flat = [box["metadata"] for row in boxes for box in row]
    assert len(objects) == len(boxes)
    for metadata in [*flat, *(box["metadata"] for row in objects for box in row)]:
        assert list(metadata) == ["type", "desc", "text", "palette"]
        assert metadata["type"] in ("obj", "text")
        assert metadata["desc"]
        assert all(code.startswith("#") and len(code) == 7 for code in metadata["palette"])
        assert 1 <= len(metadata["palette"]) <= 5
    for metadata, text in zip(flat, texts, strict=True):
        assert set(metadata["desc"].lower().split()) & set(text.lower().split())


def test_cores_node_makes_complete_elements_of_the_boxes(execute: Execute, composed: tuple[Any, ...]) -> None:
    """With core's own functions, where the host has them (ComfyUI 0.28)."""
    core = pytest.importorskip("comfy_extras.nodes_bounding_boxes")
    if not hasattr(core, "boxes_from_input"):
        pytest.skip("this ComfyUI is older than 0.28")
    for row in execute("Regions", scene=composed[1])[6]:
        elements = core.build_elements(core.boxes_to_regions(core.boxes_from_input([row], 160, 160), 160, 160))
        assert [one["desc"] for one in elements] == [box["metadata"]["desc"] for box in row]
        assert [one["color_palette"] for one in elements] == [
            [code.upper() for code in box["metadata"]["palette"]] for box in row
        ]


def test_regions_before_the_merge_name_the_remedy(execute: Execute, described: Any) -> None:
    with pytest.raises(ValueError, match="put Merge Descriptions before"):
        execute("Regions", scene=described)


@pytest.mark.parametrize(
    ("bboxes", "words"),
    [
        ("a text", "Boxes must be a list"),
        ([{"x": 1, "y": 2}], "has no width, height"),
        ([{"x": 0, "y": 0, "width": -1, "height": 5}], "inverted"),
        ([[], [], []], "boxes for 3 pictures, but 2 pictures"),
    ],
)
def test_wrong_boxes_are_refused_in_the_engines_words(execute: Execute, batch: Any, bboxes: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        execute("Divide", image=batch, bboxes=bboxes)


def test_inspect_draws_every_picture_and_gives_the_browser_its_scene(
    nodes: dict[str, Any], folders: Path, described: Any, part: Callable[[str], Any]
) -> None:
    output = nodes["PatchMatters_Inspect"].EXECUTE_NORMALIZED(scene=described)
    assert output.args[0].shape == (2, 160, 160, 3)
    shown = output.ui["patchmatters_scenes"]
    assert len(json.dumps(shown)) < 1000
    files = [{kind: _temporary(folders, one) for kind, one in refs.items()} for refs in shown]
    assert all(one["picture"].is_file() for one in files)
    load = part("patchmatters.scene_json").load_scenes
    assert [load(one["scene"].read_text(encoding="utf-8"))[0] for one in files] == list(described)


def _temporary(folders: Path, one: dict[str, str]) -> Path:
    """The file that a node named as the host's /view takes it."""
    return folders / one["type"] / one["subfolder"] / one["filename"]


def test_inspecting_again_writes_no_more_files(nodes: dict[str, Any], folders: Path, described: Any) -> None:
    first = nodes["PatchMatters_Inspect"].EXECUTE_NORMALIZED(scene=described).ui
    written = sorted((folders / "temp").rglob("*.*"))
    assert nodes["PatchMatters_Inspect"].EXECUTE_NORMALIZED(scene=described).ui == first
    assert sorted((folders / "temp").rglob("*.*")) == written


def test_a_scene_comes_back_from_its_file(
    execute: Execute, nodes: dict[str, Any], folders: Path, described: Any, batch: Any
) -> None:
    saved = [
        nodes["PatchMatters_SaveScene"].EXECUTE_NORMALIZED(scene=described, filename_prefix="a/b").ui for _ in range(2)
    ]
    names = [one["scene_files"][0] for one in saved]
    assert names == ["a/b_00001_.json", "a/b_00002_.json"]
    assert json.loads((folders / "output" / names[0]).read_text(encoding="utf-8"))
    (without,) = execute("LoadScene", scene_file=f"{names[0]} [output]")
    assert without == described
    assert all(scene.picture is None for scene in without)
    (pictured,) = execute("LoadScene", scene_file=f"{names[0]} [output]", image=batch)
    assert [scene.picture.size for scene in pictured] == [(160, 160)] * 2


def test_new_files_are_offered_and_reread(nodes: dict[str, Any], folders: Path) -> None:
    load = nodes["PatchMatters_LoadScene"]
    (folders / "input" / "one.json").write_text("1", encoding="utf-8")
    (folders / "output" / "deep").mkdir()
    (folders / "output" / "deep" / "two.json").write_text("2", encoding="utf-8")
    (combo,) = (one for one in load.GET_SCHEMA().inputs if one.id == "scene_file")
    assert combo.options == ["one.json", "deep/two.json [output]"]
    before = load.fingerprint_inputs(scene_file="one.json")
    assert load.fingerprint_inputs(scene_file="one.json", image=None) == before
    (folders / "input" / "one.json").write_text("3", encoding="utf-8")
    assert load.fingerprint_inputs(scene_file="one.json") != before


@pytest.mark.parametrize(
    "name",
    ["../a.json", "/etc/a.json", "x/../../a.json", "../output/a.json", "..\\..\\a.json [output]", "a.txt"],
)
def test_a_file_outside_the_folders_is_never_read(nodes: dict[str, Any], folders: Path, name: str) -> None:
    answer = nodes["PatchMatters_LoadScene"].validate_inputs(scene_file=name)
    assert isinstance(answer, str)


def test_other_pictures_are_not_attached(
    execute: Execute, nodes: dict[str, Any], folders: Path, described: Any, batch: Any, photo: Any
) -> None:
    nodes["PatchMatters_SaveScene"].EXECUTE_NORMALIZED(scene=described, filename_prefix="c")
    with pytest.raises(ValueError, match="2 Scenes, but 1 pictures"):
        execute("LoadScene", scene_file="c_00001_.json [output]", image=photo)
    with pytest.raises(ValueError):
        execute("LoadScene", scene_file="c_00001_.json [output]", image=batch.flip(0))


@pytest.mark.parametrize("content", [b"{}", b"not json", b"\xff\xfe\x00", b""])
def test_a_file_that_is_no_scene_is_refused(execute: Execute, folders: Path, content: bytes) -> None:
    (folders / "input" / "odd.json").write_bytes(content)
    with pytest.raises(ValueError):
        execute("LoadScene", scene_file="odd.json")


@pytest.fixture
def interrupted(comfy: Path) -> Iterator[None]:
    """The user has pressed the stop button."""
    from comfy.model_management import interrupt_current_processing

    interrupt_current_processing(True)
    yield
    interrupt_current_processing(False)


@pytest.mark.usefixtures("interrupted")
@pytest.mark.parametrize("stage", ["Divide", "Describe", "Compare", "Inspect"])
def test_a_cancel_leaves_a_stage_as_the_hosts_own_exception(
    execute: Execute, batch: Any, captioner: Any, described: Any, stage: str
) -> None:
    from comfy.model_management import InterruptProcessingException

    inputs = {
        "Describe": {
            "scene": [replace(one, stage=type(one.stage)("divided")) for one in described],
            "chat_model": captioner,
        },
        "Compare": {"scene": described},
        "Divide": {"image": batch},
        "Inspect": {"scene": described},
    }
    with pytest.raises(InterruptProcessingException):
        execute(stage, **inputs[stage])


def test_a_model_that_writes_is_asked_at_every_text_stage(
    execute: Execute, described: Any, scorer: Any, part: Callable[[str], Any]
) -> None:
    """The optional chat_model of Compare, Merge and Compose really reaches the engine."""
    asked: list[str] = []

    def reply(question: Any) -> str:
        asked.append(question.name.split(": ", 1)[1])
        return "nothing readable"

    model = part("patchmatters.backends.scripted").ScriptedChat(reply)
    (compared,) = execute("Compare", scene=described, chat_model=model)
    (merged,) = execute("Merge", scene=execute("Filter", scene=compared, scorer=scorer)[0], chat_model=model)
    captions, scenes = execute("Compose", scene=merged, chat_model=model)
    assert any(name.startswith("compare top-left") for name in asked)
    assert any(name.startswith("merge top-left") for name in asked)
    assert {record.stage for scene in scenes for record in scene.records} >= {"describe", "merge", "compose"}
    assert len(captions) == 2


@pytest.mark.parametrize("prefix", ["", ".", " ", "a/..", "./", "deep/...", "x/. "])
def test_a_scene_is_not_saved_under_no_name(execute: Execute, folders: Path, described: Any, prefix: str) -> None:
    with pytest.raises(ValueError, match=r"names no file|leads out"):
        execute("SaveScene", scene=described, filename_prefix=prefix)
    assert not [path for path in (folders / "output").rglob("*") if path.is_file()]


def test_a_fresh_install_without_a_scene_file_says_what_to_do(
    execute: Execute, nodes: dict[str, Any], folders: Path
) -> None:
    load = nodes["PatchMatters_LoadScene"]
    for nothing in ({}, {"scene_file": None}, {"scene_file": ""}):
        assert load.validate_inputs(**nothing).startswith("There is no Scene file yet: save one with Save Scene")
        assert load.fingerprint_inputs(**nothing) == ""
        with pytest.raises(ValueError, match="There is no Scene file yet"):
            load.execute(**nothing)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_scene_is_loaded_in_any_encoding_that_editors_write(
    execute: Execute, folders: Path, described: Any, encoding: str, part: Callable[[str], Any]
) -> None:
    text = part("patchmatters.scene_json").dump_scenes(described)
    (folders / "input" / "edited.json").write_text(text, encoding=encoding)
    assert execute("LoadScene", scene_file="edited.json")[0] == described


def test_a_caption_is_given_out_in_the_chosen_style_and_the_scene_keeps_all_of_it(
    execute: Any, merged_across: Any
) -> None:
    long, scenes = execute("Compose", scene=merged_across)
    short, same = execute("Compose", scene=merged_across, style="short")
    tags, _ = execute("Compose", scene=merged_across, style="tags")
    assert same == scenes
    assert long == [one.caption_text for one in scenes]
    assert all(len(one.split()) <= 40 for one in short)
    assert all(". " not in one and "," in one for one in tags)
