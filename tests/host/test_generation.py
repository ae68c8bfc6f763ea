"""From caption to picture on the real server, with random weights of the true kind: it runs, and where it should."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from host.comfy_server import Run, Server
from host.graphs import OURS, Prompt, add, enhanced, ids, pictures
from host.sd_weights import write_random_checkpoint
from host.workflow_files import api_prompt, read_workflow, workflow

SIDE = 64
LACKING = re.compile(r"(?:clip|unet) missing:|missing vae|missing weight", re.IGNORECASE)  # as core says it


@pytest.fixture(scope="module")
def checkpoint(server: Server) -> str:
    pytest.importorskip("numpy", reason="the random weights are made with numpy")
    name = "random_sd15.safetensors"
    folder = server.base / "models" / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    write_random_checkpoint(folder / name)
    return name


@pytest.fixture
def captions(server: Server, checkpoint: str) -> Prompt:
    """Two captioned pictures (node "enhance") and the checkpoint (node "model")."""
    return captioned(server, checkpoint, 2)


def captioned(server: Server, checkpoint: str, count: int) -> Prompt:
    prompt = enhanced(pictures(server, count), ["batch", 0])
    return add(prompt, "model", "CheckpointLoaderSimple", ckpt_name=checkpoint)


def sampled(prompt: Prompt, positive: list[Any], batch: int = 1, width: int = SIDE) -> Prompt:
    """One sampling step from `positive` to a saved picture (node "save")."""
    prompt = add(prompt, "negative", "CLIPTextEncode", clip=["model", 1], text="blurry")
    prompt = add(prompt, "latent", "EmptyLatentImage", width=width, height=SIDE, batch_size=batch)
    prompt = add(
        prompt, "sampler", "KSampler", model=["model", 0], positive=positive, negative=["negative", 0],
        latent_image=["latent", 0], seed=1, steps=1, cfg=1.0, sampler_name="euler", scheduler="normal", denoise=1.0,
    )  # fmt: skip
    prompt = add(prompt, "decode", "VAEDecode", samples=["sampler", 0], vae=["model", 2])
    return add(prompt, "save", "SaveImage", images=["decode", 0], filename_prefix="made/picture")


def fit_prompt(prompt: Prompt, **inputs: Any) -> Prompt:
    defaults = {
        "trigger": "ohwx", "prefix": "film (grain:1.2)", "suffix": "", "escape": True, "windows": 1, "tokens": 256,
        "style": "sentences", "encoders": "every encoder",
    }  # fmt: skip
    given = {"caption": ["enhance", 1], "clip": ["model", 1]}
    prompt = add(prompt, "fit", f"{OURS}FitPrompt", **given | defaults | inputs)
    prompt = add(prompt, "prompts", "PreviewAny", source=["fit", 0])
    return add(prompt, "reports", "PreviewAny", source=["fit", 1])


def regional(prompt: Prompt, **inputs: Any) -> Prompt:
    defaults = {
        "strength": 1.0, "caption_strength": 0.5, "feather": 0.1, "start": 0.0, "end": 1.0, "semantic": False,
        "trigger": "", "prefix": "", "suffix": "", "escape": True, "windows": 1, "tokens": 256, "shape": "area",
        "style": "sentences", "encoders": "every encoder",
    }  # fmt: skip
    given = {"scene": ["enhance", 1], "clip": ["model", 1]}
    return add(prompt, "regional", f"{OURS}RegionalConditioning", **given | defaults | inputs)


def saved(server: Server, run: Run) -> list[Any]:
    """The saved pictures as arrays of floats."""
    import numpy
    from PIL import Image

    assert run.status == "success", run.message
    found = []
    for one in run.outputs["save"]["images"]:
        with Image.open(server.base / "output" / one["subfolder"] / one["filename"]) as opened:
            found.append(numpy.asarray(opened, dtype=float))
    return found


def test_a_caption_becomes_a_picture(server: Server, captions: Prompt) -> None:
    prompt = fit_prompt(captions)
    prompt = add(prompt, "positive", "CLIPTextEncode", clip=["model", 1], text=["fit", 0])
    run = server.run(sampled(prompt, ["positive", 0]))
    made = saved(server, run)
    assert [picture.shape for picture in made] == [(SIDE, SIDE, 3)] * 2
    assert all(picture.std() > 1 for picture in made)
    assert (made[0] != made[1]).any(), "the captions differ, so do the pictures"
    prompts = run.outputs["prompts"]["text"]
    assert len(prompts) == 2
    assert all(text.startswith("ohwx, film (grain:1.2), ") for text in prompts)
    assert all("of 75 tokens" in report for report in run.outputs["reports"]["text"])
    assert not LACKING.search(server.log_text()), "core did not find all weights that it wants"


def test_a_plain_text_fits_too(server: Server, captions: Prompt) -> None:
    prompt = fit_prompt(captions, caption=["enhance", 0], style="tags")
    run = server.run(prompt)
    assert run.status == "success", run.message
    assert len(run.outputs["prompts"]["text"]) == 2


@pytest.mark.parametrize(("shape", "batch", "width"), [("area", 1, SIDE), ("mask", 2, SIDE + 24)])
def test_regional_conditioning_becomes_pictures_of_any_size(
    server: Server, checkpoint: str, shape: str, batch: int, width: int
) -> None:
    prompt = regional(captioned(server, checkpoint, 1), shape=shape, start=0.0, end=0.9)
    prompt = add(prompt, "shown", "PreviewAny", source=["regional", 0])
    prompt = add(prompt, "masks", "MaskPreview", mask=["regional", 1])
    run = server.run(sampled(prompt, ["regional", 0], batch=batch, width=width))
    made = saved(server, run)
    assert [picture.shape for picture in made] == [(SIDE, width, 3)] * batch
    assert all(picture.std() > 1 for picture in made)
    assert ("'area'" in run.outputs["shown"]["text"][0]) is (shape == "area")


def test_areas_are_the_boxes(server: Server, captions: Prompt) -> None:
    prompt = regional(captions)
    prompt = add(prompt, "regions", f"{OURS}Regions", scene=["enhance", 1])
    prompt = add(prompt, "boxes", "PreviewAny", source=["regions", 2])
    prompt = add(prompt, "shown", "PreviewAny", source=["regional", 0])
    run = server.run(prompt)
    assert run.status == "success", run.message
    rows = json.loads(run.outputs["boxes"]["text"][0])
    for boxes, text in zip(rows, run.outputs["shown"]["text"], strict=True):
        expected = [
            f"'area': ('percentage', {box['height'] / 96}, {box['width'] / 96}, {box['y'] / 96}, {box['x'] / 96})"
            for box in boxes
        ]
        assert [place for place in expected if place in text] == expected


def test_segs_and_the_detailers_prompt_leave_as_lists(server: Server, captions: Prompt) -> None:
    prompt = add(captions, "regions", f"{OURS}Regions", scene=["enhance", 1])
    prompt = add(prompt, "detailer", "PreviewAny", source=["regions", 5])
    prompt = add(prompt, "texts", "PreviewAny", source=["regions", 3])
    run = server.run(prompt)
    assert run.status == "success", run.message
    prompts = run.outputs["detailer"]["text"]
    assert len(prompts) == 2
    assert sum(text.count("[SEP]") + 1 for text in prompts) == len(run.outputs["texts"]["text"])


SMALLER = {  # what a slow machine needs less of: (node type, widget) -> value
    ("KSampler", "steps"): 1,
    ("KSampler", "cfg"): 1.0,
    ("EmptyLatentImage", "width"): SIDE,
    ("EmptyLatentImage", "height"): SIDE,
    ("ImageScaleBy", "scale_by"): 0.15,
    ("SplitImageToTileList", "tile_width"): 72,
    ("SplitImageToTileList", "tile_height"): 72,
    ("SplitImageToTileList", "overlap"): 24,
    ("ImageMergeTileList", "overlap"): 24,
    (f"{OURS}EnhanceCaption", "preset"): "fast",
}


@pytest.mark.parametrize(
    ("stem", "size"),
    [
        ("text_to_image_enhance_caption", (SIDE, SIDE, 3)),
        ("text_to_image_regional", (SIDE, SIDE, 3)),
        ("upscale_by_tiles", (115, 115, 3)),
    ],
)
def test_the_workflows_that_are_shipped_make_a_picture(
    server: Server, checkpoint: str, stem: str, size: tuple[int, ...]
) -> None:
    prompt = api_prompt(read_workflow(workflow(stem)), server.get("/object_info"))
    for (kind, widget), value in {**SMALLER, ("CheckpointLoaderSimple", "ckpt_name"): checkpoint}.items():
        for node in ids(prompt, kind):
            prompt[node]["inputs"][widget] = value
    prompt["save"] = prompt.pop(ids(prompt, "SaveImage")[0])
    run = server.run(prompt)
    (made,) = saved(server, run)
    assert made.shape == size
    assert made.std() > 1
    if stem == "upscale_by_tiles":
        (texts,) = (run.outputs[node]["text"] for node in ids(prompt, "PreviewAny"))
        assert len(texts) == 4
        assert len(set(texts)) > 1, "each tile has a description of its own"


def test_a_scene_that_is_not_composed_is_named(server: Server, captions: Prompt) -> None:
    prompt = add(captions, "divide", f"{OURS}Divide", image=["batch", 0], min_score=0.3, merge_iou=0.3, coverage=0.3,
                 rows=2, columns=2)  # fmt: skip
    run = server.run(sampled(regional(prompt, scene=["divide", 0]), ["regional", 0]))
    assert run.status == "error"
    assert "put Compose Caption before it" in run.message


def test_a_missing_clip_is_refused_before_anything_runs(server: Server, captions: Prompt) -> None:
    prompt = fit_prompt(captions)
    del prompt["fit"]["inputs"]["clip"]
    run = server.run(prompt)
    assert "fit" not in run.executed
    assert [error["type"] for error in run.node_errors["fit"]["errors"]] == ["required_input_missing"]
