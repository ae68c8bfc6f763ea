"""Mini-Gemini on a real ComfyUI server: found below models/LLM, chosen by its name, and a captioner like the others."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

import pytest

from conftest import shared_folder
from host.comfy_server import Server
from host.graphs import OURS, Prompt, ids
from host.workflow_files import api_prompt, node_inputs, read_workflow, widget_options, workflow

LOADER = f"{OURS}LocalModel"
CHECKPOINT = shared_folder() / "minigemini" / "gemma" / "checkpoint"  # of the two, the one that needs no protobuf
MODEL = "YanweiLi/MGM-tiny"  # its name below models/LLM


@pytest.fixture(scope="module")
def info(server: Server) -> Mapping[str, Any]:
    """What the server says of its nodes after a copy of the recorded checkpoint was put below models/LLM."""
    if not CHECKPOINT.is_dir():
        pytest.skip(f"the recorded checkpoint is not at {CHECKPOINT}")
    shutil.copytree(CHECKPOINT, server.base / "models" / "LLM" / MODEL, copy_function=shutil.copyfile)
    found = server.get("/object_info")
    if LOADER not in found:
        pytest.skip(f"the pack on this server has no node {LOADER}")
    return found


@pytest.fixture
def steps(info: Mapping[str, Any]) -> Prompt:
    """The graph of the method with Mini-Gemini as its captioner; what works on text needs no model."""
    prompt = api_prompt(read_workflow(workflow("caption_step_by_step")), info)
    widgets = {name: default_of(spec) for name, spec in node_inputs(info[LOADER])}
    (captioner,) = ids(prompt, "BuiltinModel")
    prompt[captioner] = {"class_type": LOADER, "inputs": widgets | {"model": MODEL, "precision": "fp32"}}
    # Random weights say nothing but line breaks unless they are made to: hence the temperature.
    hot = {"seed": 3, "temperature": 1.5, "whole_temperature": 1.5, "max_new_tokens": 24}
    prompt[describing(prompt)]["inputs"] |= hot
    return prompt


def describing(prompt: Prompt) -> str:
    return ids(prompt, "Describe")[0]


def default_of(spec: list[Any]) -> Any:
    options = widget_options(spec)
    return options.get("default", next(iter(options.get("options", [])), None))


def test_it_is_in_the_list_of_models(info: Mapping[str, Any]) -> None:
    assert MODEL in dict(node_inputs(info[LOADER]))["model"][1]["options"]


def test_it_captions_through_the_whole_graph(server: Server, steps: Prompt) -> None:
    run = server.run(steps)
    assert (run.status, run.node_errors) == ("success", {}), run.message
    assert run.progress[describing(steps)][-1] == (13, 13)  # the whole image, and four patches three times
    (captions, *_) = [run.outputs[node]["text"] for node in ids(steps, "PreviewAny")]
    assert captions[0].strip()


def test_the_same_seed_gives_the_same_caption_however_much_is_decoded_together(server: Server, steps: Prompt) -> None:
    (captioner,), captions = ids(steps, "LocalModel"), ids(steps, "PreviewAny")[0]
    steps[describing(steps)]["inputs"]["seed"] = 5
    found = []
    for batch_size in (0, 4):  # the host runs it again, since an input of the captioner is another
        steps[captioner]["inputs"]["batch_size"] = batch_size
        run = server.run(steps)
        assert (run.status, describing(steps) in run.executed) == ("success", True)
        found.append(run.outputs[captions])
    assert found[0] == found[1]


def test_a_cancel_ends_it(server: Server, steps: Prompt) -> None:
    steps[describing(steps)]["inputs"] |= {"max_new_tokens": 400, "candidates": 16, "seed": 4}
    run = server.run(steps, interrupt_at=describing(steps))
    assert run.status == "interrupted"
    assert run.interrupted_after < 2
