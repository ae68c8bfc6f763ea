"""Mini-Gemini on a real ComfyUI server: found below models/LLM, chosen by its name, and a captioner like the others."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

import pytest

from evaluation.bank import shared_dir
from host.comfy_server import Server
from host.graphs import OURS, Prompt, add
from host.workflow_files import is_widget, node_inputs, widget_options
from timed import within

LOADER = f"{OURS}LocalModel"
CHECKPOINT = shared_dir() / "minigemini" / "gemma" / "checkpoint"  # of the two, the one that needs no protobuf
MODEL = "YanweiLi/MGM-tiny"  # its name below models/LLM


@pytest.fixture(scope="module")
def info(server: Server) -> Mapping[str, Any]:
    """What the server says of its nodes after a copy of the recorded checkpoint was put below models/LLM."""
    if not CHECKPOINT.is_dir():
        pytest.skip(f"the recorded checkpoint is not at {CHECKPOINT}")
    shutil.copytree(CHECKPOINT, server.base / "models" / "LLM" / MODEL, copy_function=shutil.copyfile)
    return server.get("/object_info")


@pytest.fixture
def steps(info: Mapping[str, Any]) -> Prompt:
    """The graph of the method with Mini-Gemini as its captioner; what works on text needs no model."""
    # Random weights say nothing but line breaks unless they are made to: hence the temperature.
    hot = {"temperature": 1.5, "whole_temperature": 1.5, "max_new_tokens": 24, "seed": 3}
    stages = [
        ("Divide", {"image": ["photo", 0]}), ("Describe", {"chat_model": ["captioner", 0], **hot}),
        ("Compare", {"level": "within patches"}), ("Filter", {}), ("Merge", {}),
        ("Compare", {"level": "across patches"}), ("Filter", {}), ("Merge", {}),
    ]  # fmt: skip
    prompt = add({}, "photo", "LoadImage", image="example.png")
    prompt = add(prompt, "captioner", LOADER, **widgets(info, LOADER) | {"model": MODEL, "precision": "fp32"})
    before: list[Any] | None = None
    for number, (stage, inputs) in enumerate(stages):
        scene = {} if before is None else {"scene": before}
        prompt = add(prompt, f"{number}", OURS + stage, **widgets(info, OURS + stage) | scene | inputs)
        before = [f"{number}", 0]
    prompt = add(prompt, "composed", f"{OURS}Compose", **widgets(info, f"{OURS}Compose") | {"scene": before})
    return add(prompt, "texts", "PreviewAny", source=["composed", 0])


DESCRIBING = "1"  # the node that asks the captioner


def widgets(info: Mapping[str, Any], node: str) -> dict[str, Any]:
    """The default values of a node's widgets."""
    found = {}
    for name, spec in node_inputs(info[node]):
        if is_widget(spec):
            options = widget_options(spec)
            found[name] = options.get("default", next(iter(options.get("options", [])), None))
    return found


def test_it_is_in_the_list_of_models(info: Mapping[str, Any]) -> None:
    assert MODEL in dict(node_inputs(info[LOADER]))["model"][1]["options"]


def test_it_captions_through_the_whole_graph(server: Server, steps: Prompt) -> None:
    run = server.run(steps)
    assert (run.status, run.node_errors) == ("success", {}), run.message
    assert run.progress[DESCRIBING][-1] == (13, 13)  # the whole image, and four patches three times
    assert run.outputs["texts"]["text"][0].strip()


def test_the_same_seed_gives_the_same_caption_however_much_is_decoded_together(server: Server, steps: Prompt) -> None:
    steps[DESCRIBING]["inputs"]["seed"] = 5
    found = []
    for batch_size in (0, 4):  # the host runs it again, since an input of the captioner is another
        steps["captioner"]["inputs"]["batch_size"] = batch_size
        run = server.run(steps)
        assert (run.status, DESCRIBING in run.executed) == ("success", True)
        found.append(run.outputs["texts"])
    assert found[0] == found[1]


def test_a_cancel_ends_it(server: Server, steps: Prompt) -> None:
    steps[DESCRIBING]["inputs"] |= {"max_new_tokens": 400, "candidates": 16, "seed": 4}
    run = server.run(steps, interrupt_at=DESCRIBING)
    assert run.status == "interrupted"
    assert run.interrupted_after < within(2.0, 15.0)
