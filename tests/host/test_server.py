"""The pack on a real ComfyUI server: it loads, its graphs run, are cached, can be cancelled, and say what is wrong."""

from __future__ import annotations

import copy
import json
import re
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from PIL import Image

from host.comfy_server import PACK, PACK_FOLDER, Server
from host.graphs import OURS, Prompt, add, downstream, enhanced, ids, pictures, stage_names
from host.workflow_files import (
    SHIPPED,
    WORKFLOWS,
    api_prompt,
    downloads,
    needs_weights,
    read_workflow,
    save_scenes,
    workflow,
)
from timed import within


@pytest.fixture(scope="module")
def info(server: Server) -> Mapping[str, Any]:
    return server.get("/object_info")


@pytest.fixture
def steps(info: Mapping[str, Any]) -> Prompt:
    """The graph of the method, each stage a node."""
    return api_prompt(read_workflow(workflow("caption_step_by_step")), info)


def test_the_pack_is_imported_without_a_complaint(server: Server) -> None:
    log = server.log_text().partition("got prompt")[0]  # later complaints are those that other tests ask for
    assert PACK_FOLDER in log
    assert "IMPORT FAILED" not in log
    assert "Error while calling comfy_entrypoint" not in log
    assert "Traceback" not in log


def test_every_node_is_offered(info: Mapping[str, Any]) -> None:
    ours = {name for name in info if name.startswith(OURS)}
    registry = (PACK / "nodes" / "registry.py").read_text(encoding="utf-8")
    assert ours == {*re.findall(rf'"({OURS}\w+)": ', registry), f"{OURS}CollectCaptions"}
    assert all(info[name]["python_module"] == f"custom_nodes.{PACK_FOLDER}" for name in ours)


def test_the_workflows_are_offered_as_templates(server: Server) -> None:
    assert set(server.get("/api/workflow_templates")[PACK_FOLDER]) == {path.stem for path in SHIPPED}
    for path in SHIPPED:
        assert server.get(f"/api/workflow_templates/{PACK_FOLDER}/{path.name}") == read_workflow(path)


def test_a_help_page_is_served(server: Server) -> None:
    with urllib.request.urlopen(f"{server.url}/extensions/{PACK_FOLDER}/docs/{OURS}Filter.md", timeout=10) as page:
        assert page.read().decode().startswith("# Filter Statements")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_or_lacks_only_weights(server: Server, info: Mapping[str, Any], path: Path) -> None:
    save_scenes(server)
    prompt = api_prompt(read_workflow(path), info)
    assert all(spec["class_type"] in info for spec in prompt.values())
    assert len(prompt) == len(read_workflow(path)["nodes"])
    if downloads(read_workflow(path)):
        pytest.skip("its models would be downloaded: test_local_models runs it with tiny ones")
    needed = needs_weights(read_workflow(path))
    run = server.run(prompt)
    if not needed:
        assert (run.status, run.node_errors) == ("success", {})
        return
    assert set(run.node_errors) == set(needed)
    for node in needed:
        assert {error["type"] for error in run.node_errors[node]["errors"]} == {"value_not_in_list"}


def test_a_second_run_executes_nothing(server: Server, steps: Prompt) -> None:
    assert server.run(steps).status == "success"
    again = server.run(steps)
    assert (again.status, again.executed) == ("success", [])
    assert set(again.cached) == set(steps)


def test_a_changed_keep_score_reruns_the_filter_and_what_follows(server: Server, steps: Prompt) -> None:
    server.run(steps)
    within = ids(steps, "Filter")[0]
    changed = copy.deepcopy(steps)
    changed[within]["inputs"]["keep_score"] = 0.9
    run = server.run(changed)
    assert run.status == "success"
    assert set(run.executed) == downstream(steps, within)
    kinds = {changed[node]["class_type"].removeprefix(OURS) for node in run.executed}
    assert kinds == {"Filter", "Merge", "Compare", "Compose", "PreviewAny", "Inspect"}


def test_the_steps_show_their_progress(server: Server, steps: Prompt) -> None:
    changed = copy.deepcopy(steps)
    (describe,) = ids(steps, "Describe")
    changed[describe]["inputs"]["seed"] = 12345
    run = server.run(changed)
    value, total = run.progress[describe][-1]
    assert value == total
    assert total == 1 + 4 * 3  # the whole picture once, four patches three times
    assert len(run.progress[describe]) > 1


def test_a_batch_gives_one_caption_per_picture(server: Server, steps: Prompt) -> None:
    (divide,) = ids(steps, "Divide")
    (load,) = ids(steps, "LoadImage")
    batch = copy.deepcopy(steps)
    batch[divide]["inputs"]["image"] = ["batch", 0]
    del batch[load]
    run = server.run(batch | pictures(server, 3))
    assert run.status == "success"
    captions = [run.outputs[node]["text"] for node in ids(steps, "PreviewAny")]
    assert [len(texts) for texts in captions] == [3, 3]  # the report and the caption
    assert len(set(captions[-1])) == 3
    assert all(len(caption) > 40 for caption in captions[-1])


def test_enhance_caption_says_what_the_steps_say(server: Server, steps: Prompt) -> None:
    by_steps = server.run(steps)
    caption = by_steps.outputs[ids(steps, "PreviewAny")[-1]]["text"]
    load = ids(steps, "LoadImage")[0]
    run = server.run(enhanced({"photo": steps[load]}, ["photo", 0]))
    assert run.status == "success"
    assert run.outputs["texts"]["text"] == caption


def test_enhance_caption_gives_a_list_for_a_batch_and_for_a_list(server: Server) -> None:
    made = pictures(server, 3)
    for_batch = server.run(enhanced(made, ["batch", 0]))
    assert for_batch.status == "success"
    assert len(for_batch.outputs["texts"]["text"]) == 3
    one_by_one = add(made, "list", "RebatchImages", images=["batch", 0], batch_size=1)
    for_list = server.run(enhanced(one_by_one, ["list", 0]))
    assert for_list.status == "success"
    assert for_list.outputs["texts"]["text"] == for_batch.outputs["texts"]["text"]


def test_a_batch_and_its_captions_become_pairs_of_files(server: Server, info: Mapping[str, Any]) -> None:
    """The template's way into core's data set node: each picture lies beside its own caption."""
    prompt = api_prompt(read_workflow(workflow("caption_batch_to_dataset")), info)
    made = pictures(server, 2)
    loads = sorted(ids(prompt, "LoadImage"), key=int)
    for number, node in enumerate(loads):
        prompt[node] = made[f"load{number}"]
    run = server.run(prompt)
    assert run.status == "success"
    captions = run.outputs[ids(prompt, "PreviewAny")[-1]]["text"]
    folder = server.base / "output" / "captioned"
    files = sorted(folder.glob("*.png"))
    assert len(files) == len(set(captions)) == 2
    for number, file in enumerate(files):
        with Image.open(file) as saved, Image.open(server.base / "input" / f"plain_{number}_96.png") as given:
            assert saved.convert("RGB").tobytes() == given.convert("RGB").tobytes()
        assert file.with_suffix(".txt").read_text(encoding="utf-8") == captions[number]


def test_the_scenes_of_enhance_caption_go_on(server: Server) -> None:
    prompt = enhanced(pictures(server, 2), ["batch", 0])
    prompt = add(prompt, "look", f"{OURS}Inspect", scene=["enhance", 1])
    run = server.run(prompt)
    assert run.status == "success"
    shown = run.outputs["look"]["patchmatters_scenes"]
    assert len(shown) == 2
    assert [server.get(f"/view?{urlencode(one['scene'])}")["format"] for one in shown] == ["patchmatters.scene"] * 2


def test_each_stage_of_enhance_caption_is_cached_by_itself(keeping_server: Server) -> None:
    prompt = enhanced(pictures(keeping_server, 2), ["batch", 0])
    first = keeping_server.run(prompt)
    stages = ["Divide", "Describe", *["Compare", "Filter", "Merge"] * 2, "Compose", "CollectCaptions"]
    assert stage_names(first.executed) == stages
    assert keeping_server.run(prompt).executed == []
    changed = copy.deepcopy(prompt)
    changed["enhance"]["inputs"]["preset"] = "fast"
    second = keeping_server.run(changed)
    assert second.status == "success"
    assert stage_names(second.executed) == ["Describe", "Merge", "Compose", "CollectCaptions"]


@pytest.mark.parametrize(("preset", "described"), [("careful", False), ("paper", True)])
def test_enhance_caption_uses_boxes(server: Server, preset: str, described: bool) -> None:
    """Core's own node gives boxes as detectors do; patches keep to them, and "paper" describes what they hold."""
    prompt = enhanced(pictures(server, 1), ["batch", 0], preset=preset)
    scene = {"class_type": f"{OURS}Regions", "inputs": {"scene": ["first", 1]}}
    prompt |= {"first": prompt["enhance"], "regions": scene}
    prompt["enhance"] = copy.deepcopy(prompt["enhance"])
    prompt["enhance"]["inputs"]["bboxes"] = ["regions", 2]
    run = server.run(prompt)
    assert run.status == "success"
    stages = stage_names([name for name in run.executed if name.startswith("enhance.")])
    assert stages[0] == "Divide"
    assert ("SemanticPatch" in stages) == described


@pytest.mark.parametrize("stage", ["Describe", "Compare", "Filter", "Merge", "Compose"])
def test_a_cancelled_stage_ends_within_a_second(server: Server, steps: Prompt, stage: str) -> None:
    (load,) = ids(steps, "LoadImage")
    many = copy.deepcopy(steps)
    many[ids(steps, "Divide")[0]]["inputs"]["image"] = ["many", 0]
    if stage != "Describe":  # the same Scenes for all the later stages
        many[ids(steps, "Describe")[0]]["inputs"]["candidates"] = 2
    many = add(many, "small", "ImageScale", image=[load, 0], upscale_method="area", width=96, height=96, crop="center")
    many = add(many, "many", "RepeatImageBatch", image=["small", 0], amount=96)
    node = ids(steps, stage)[0]
    run = server.run(many, interrupt_at=node)
    assert run.status == "interrupted"
    assert run.interrupted_after is not None
    assert run.interrupted_after < within(1.0, 15.0)
    assert run.executed[-1] == node, "the stage went on to its end"


def test_a_missing_stage_is_named_in_a_sentence(server: Server, steps: Prompt) -> None:
    wrong = copy.deepcopy(steps)
    wrong[ids(steps, "Filter")[0]]["inputs"]["scene"] = [ids(steps, "Describe")[0], 0]
    run = server.run(wrong)
    assert run.status == "error"
    assert run.error["exception_type"] == "ValueError"
    assert "put Compare Statements before it" in run.message
    assert len(json.dumps(run.error)) < 20_000


def test_a_captioner_that_cannot_write_is_refused_where_text_is_written(server: Server, steps: Prompt) -> None:
    wrong = copy.deepcopy(steps)
    wrong[ids(steps, "Merge")[0]]["inputs"]["chat_model"] = [ids(steps, "BuiltinModel")[0], 0]
    run = server.run(wrong)
    assert run.status == "error"
    assert "leave chat_model unconnected" in run.message


def test_a_value_out_of_range_is_refused_before_anything_runs(server: Server, steps: Prompt) -> None:
    wrong = copy.deepcopy(steps)
    node = ids(steps, "Filter")[0]
    wrong[node]["inputs"]["keep_score"] = 3
    run = server.run(wrong)
    assert run.status == "invalid"
    assert [error["type"] for error in run.node_errors[node]["errors"]] == ["value_bigger_than_max"]


def test_a_scene_is_saved_loaded_and_goes_on(server: Server, steps: Prompt) -> None:
    filtered = [ids(steps, "Filter")[0], 0]
    saving = {name: copy.deepcopy(steps[name]) for name in steps if steps[name]["class_type"] != "PreviewAny"}
    saving = add(saving, "save", f"{OURS}SaveScene", scene=filtered, filename_prefix="kept/scene")
    run = server.run(saving)
    assert run.status == "success"
    (name,) = run.outputs["save"]["scene_files"]
    assert (server.base / "output" / name).is_file()
    going_on = copy.deepcopy(steps)
    merge = ids(steps, "Merge")[0]
    picture = [ids(steps, "LoadImage")[0], 0]
    going_on = add(going_on, "load", f"{OURS}LoadScene", scene_file=f"{name} [output]", image=picture)
    going_on[merge]["inputs"]["scene"] = ["load", 0]
    texts = ids(steps, "PreviewAny")[-1]
    assert server.run(going_on).outputs[texts] == server.run(steps).outputs[texts]


@pytest.mark.parametrize("name", ["../secret.json", "missing.json [output]", "example.png"])
def test_a_scene_file_that_may_not_be_read_is_refused(server: Server, name: str) -> None:
    (server.base / "secret.json").write_text("{}", encoding="utf-8")
    prompt = add({}, "load", f"{OURS}LoadScene", scene_file=name)
    run = server.run(add(prompt, "look", f"{OURS}Inspect", scene=["load", 0]))
    assert run.status == "invalid"
    assert run.node_errors["load"]["errors"][0]["type"] == "custom_validation_failed"


def test_a_scene_is_not_saved_outside_the_output_folder(server: Server, steps: Prompt) -> None:
    (divide,) = ids(steps, "Divide")
    prompt = add(steps, "save", f"{OURS}SaveScene", scene=[divide, 0], filename_prefix="../../outside")
    run = server.run(prompt)
    assert "leads out of ComfyUI's folders" in run.node_errors["save"]["errors"][0]["details"]
    assert not list(server.base.rglob("outside*"))


def test_regions_leave_as_lists_in_one_order(server: Server, steps: Prompt) -> None:
    composed = [ids(steps, "Compose")[0], 1]
    prompt = add(steps, "regions", f"{OURS}Regions", scene=composed)
    prompt = add(prompt, "crops", "PreviewImage", images=["regions", 0])
    prompt = add(prompt, "as_image", "MaskToImage", mask=["regions", 1])
    prompt = add(prompt, "masks", "PreviewImage", images=["as_image", 0])
    prompt = add(prompt, "boxes", "PreviewAny", source=["regions", 2])
    prompt = add(prompt, "texts", "PreviewAny", source=["regions", 3])
    run = server.run(prompt)
    assert run.status == "success"
    (boxes,) = json.loads(run.outputs["boxes"]["text"][0])
    assert len(boxes) == len(run.outputs["texts"]["text"]) == len(run.outputs["crops"]["images"])
    assert len(run.outputs["masks"]["images"]) == len(boxes)
    assert all(text for text in run.outputs["texts"]["text"])
