"""Local weights on a real ComfyUI server: tiny models in models/LLM, from a picture to its caption."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Mapping
from typing import Any

import pytest

from host.comfy_server import PACK, Host, Run, Server
from host.graphs import OURS, Prompt, add, ids, pictures
from host.workflow_files import api_prompt, read_workflow, workflow
from timed import within

CAPTIONERS = ("llava", "llava_next")
_BUILD = """
import sys, pathlib, torch
torch.set_num_threads(1)
from tests.engine import tiny_models
root = pathlib.Path(sys.argv[1])
for name in ("llava", "llava_next", "blip_itm", "rt_detr"):
    torch.manual_seed(0)
    getattr(tiny_models, name)(root / "tiny" / name)
"""


@pytest.fixture(scope="module")
def info(host: Host, server: Server) -> Mapping[str, Any]:
    """What the server says of its nodes after tiny models were put into models/LLM, built by its own transformers."""
    environment = os.environ | {"PYTHONPATH": str(PACK), "HF_HUB_OFFLINE": "1"}
    command = [host.python, "-c", _BUILD, str(server.base / "models" / "LLM")]
    built = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=300)
    if "No module named" in built.stderr:
        pytest.skip(f"the host cannot build the tiny models: {built.stderr.strip().splitlines()[-1]}")
    assert built.returncode == 0, built.stderr[-2000:]
    return server.get("/object_info")


def _graph(server: Server, captioner: str, describe: Mapping[str, Any] | None = None, **model: Any) -> Prompt:
    """Detector, captioner and scorer of local weights, each stage a node; what works on text needs no model."""
    prompt = pictures(server, 1, size=96)
    chosen = {"model": f"tiny/{captioner}", "device": "default", "keep_loaded": True, "precision": "fp32"}
    rest = {"quantisation": "none", "attention": "auto", "max_pixels": 1048576, "batch_size": 0}
    prompt = add(prompt, "captioner", f"{OURS}LocalModel", **(chosen | rest | model))
    prompt = add(prompt, "scorer", f"{OURS}Scorer", model="tiny/blip_itm")
    detector = {"model": "tiny/rt_detr", "device": "default", "keep_loaded": True, "precision": "fp32"}
    found = {"labels": "", "min_score": 0.0, "max_boxes": 3}
    prompt = add(prompt, "detect", f"{OURS}Detect", image=["batch", 0], **detector, **found)
    prompt = add(prompt, "divide", f"{OURS}Divide", image=["batch", 0], bboxes=["detect", 0], **DIVIDE)
    asked = DESCRIBE | {"max_new_tokens": 24} | dict(describe or {})
    prompt = add(prompt, "describe", f"{OURS}Describe", scene=["divide", 0], chat_model=["captioner", 0], **asked)
    before = "describe"
    for level in ("within patches", "across patches"):
        tail = level.split()[0]
        prompt = add(prompt, f"compare {tail}", f"{OURS}Compare", scene=[before, 0], level=level, **COMPARE)
        prompt = add(
            prompt, f"filter {tail}", f"{OURS}Filter", scene=[f"compare {tail}", 0], scorer=["scorer", 0], **FILTER
        )
        prompt = add(prompt, f"merge {tail}", f"{OURS}Merge", scene=[f"filter {tail}", 0], **MERGE)
        before = f"merge {tail}"
    prompt = add(prompt, "compose", f"{OURS}Compose", scene=[before, 0], **COMPOSE)
    return add(prompt, "caption", "PreviewAny", source=["compose", 0])


DIVIDE: dict[str, Any] = {}
DESCRIBE: dict[str, Any] = {}
COMPARE: dict[str, Any] = {}
FILTER: dict[str, Any] = {}
MERGE: dict[str, Any] = {}
COMPOSE: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def _defaults(info: Mapping[str, Any]) -> None:
    """Every widget of the stages at its default, as the server tells it."""
    for name, widgets in (
        ("Divide", DIVIDE), ("Describe", DESCRIBE), ("Compare", COMPARE), ("Filter", FILTER), ("Merge", MERGE),
        ("Compose", COMPOSE),
    ):  # fmt: skip
        given = info[OURS + name]["input"]
        for inputs in given.values():
            widgets |= {key: spec[1]["default"] for key, spec in inputs.items() if "default" in (spec[1:2] or [()])[0]}
        widgets.pop("level", None)


def _loaded_messages(server: Server) -> int:
    return server.log_text().count("Requested to load LocalWeights")


def _free(server: Server) -> None:
    request = urllib.request.Request(
        f"{server.url}/free", json.dumps({"unload_models": True}).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=30).close()


@pytest.mark.parametrize("captioner", CAPTIONERS)
def test_a_graph_of_local_models_runs_to_a_caption_and_then_from_the_cache(server: Server, captioner: str) -> None:
    prompt = _graph(server, captioner)
    first = server.run(prompt)
    assert (first.status, first.node_errors) == ("success", {}), first.message
    assert first.outputs["caption"]["text"][0].strip()
    assert first.progress["describe"][-1] == (13, 13)
    second = server.run(prompt)
    assert (second.status, second.executed) == ("success", [])
    assert second.outputs["caption"] == first.outputs["caption"]


def test_the_template_runs_with_tiny_models(server: Server, info: Mapping[str, Any]) -> None:
    prompt = api_prompt(read_workflow(workflow("caption_local_models")), info)
    for node, model in (("LocalModel", "llava_next"), ("Scorer", "blip_itm"), ("Detect", "rt_detr")):
        (found,) = ids(prompt, node)
        prompt[found]["inputs"]["model"] = f"tiny/{model}"
    (describe,) = ids(prompt, "Describe")
    prompt[describe]["inputs"]["max_new_tokens"] = 16
    run = server.run(prompt)
    if "needs the packages rapidocr" in run.message:
        pytest.skip("the host's Python lacks rapidocr and onnxruntime, which the template's Read Text needs")
    assert (run.status, run.node_errors) == ("success", {}), run.message


def test_a_model_that_was_unloaded_is_loaded_again_and_says_the_same(server: Server) -> None:
    first = server.run(_graph(server, "llava", {"seed": 7}))
    _free(server)
    before = _loaded_messages(server)
    # Another batch size is another input, so that the host asks the model again.
    second = server.run(_graph(server, "llava", {"seed": 7}, batch_size=2))
    assert first.status == second.status == "success"
    assert _loaded_messages(server) > before
    assert second.outputs["caption"] == first.outputs["caption"]


def test_a_cancel_during_generation_stops_within_a_token(server: Server) -> None:
    long = {"seed": 11, "max_new_tokens": 2000, "candidates": 3, "temperature": 2.0, "whole_temperature": 2.0}
    run: Run = server.run(_graph(server, "llava", long), interrupt_at="describe")
    assert run.status == "interrupted"
    assert run.interrupted_after < within(2.0, 15.0)
    after = server.run(_graph(server, "llava", {"seed": 12}))
    assert after.status == "success", after.message


def test_a_folder_that_is_damaged_is_refused_before_it_is_loaded(server: Server) -> None:
    folder = server.base / "models" / "LLM" / "tiny" / "cut"
    folder.mkdir()
    for path in (folder.parent / "llava").iterdir():
        content = path.read_bytes()
        (folder / path.name).write_bytes(content[:-500] if path.suffix == ".safetensors" else content)
    server.get("/object_info")  # the list is read anew
    run = server.run(_graph(server, "cut"))
    assert run.status == "error"
    assert "is cut off" in run.message and "Download it again" in run.message


def test_labels_that_a_detector_does_not_know_are_refused(server: Server) -> None:
    prompt = _graph(server, "llava")
    (detect,) = ids(prompt, "Detect")
    prompt[detect]["inputs"]["labels"] = "unicorn"
    run = server.run(prompt)
    assert run.status == "error"
    assert "does not know 'unicorn'" in run.message
