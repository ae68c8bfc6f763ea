"""The harness from a reference to a likeness on the real server, with random weights: every arm makes its picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.likeness.__main__ import main
from host.comfy_server import Server
from host.graphs import Prompt, add
from host.test_generation import SIDE, checkpoint, sampled

__all__ = ["checkpoint"]  # a fixture of the test file beside this one


@pytest.mark.usefixtures("server")
def test_every_arm_makes_a_picture_that_is_measured(
    server: Server, checkpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    from patchmatters.commands.cli import main as command

    picture = Image.new("RGB", (128, 128), "darkblue")
    picture.paste("orange", (64, 0, 128, 64))
    picture.save(tmp_path / "photo.png")
    scene, photo = tmp_path / "scene.json", tmp_path / "photo.png"
    assert command(["caption", str(photo), "--scene", str(scene), "--quiet"]) == 0
    prompt: Prompt = add({}, "model", "CheckpointLoaderSimple", ckpt_name=checkpoint)
    prompt = add(prompt, "positive", "CLIPTextEncode", clip=["model", 1], text="")
    workflow = tmp_path / "workflow.json"
    workflow.write_text(json.dumps(sampled(prompt, ["positive", 0], width=SIDE)), "utf-8")
    given = [str(scene), "--photo", str(photo), "--workflow", str(workflow), "--comfy", server.url]
    slots = ["--prompt", "positive.text", "--seed", "sampler.seed", "--seeds", "1", "--out", str(tmp_path / "out")]
    capsys.readouterr()
    assert main([*given, *slots]) == 0, capsys.readouterr().err
    rows = json.loads((tmp_path / "out" / "rows.json").read_text("utf-8"))
    assert [row["arm"] for row in rows] == ["captioner", "pack", "regional", "layout"]
    for row in rows:
        assert all(0 <= figure <= 1 for figure in row["figures"].values())
        assert set(row["figures"]) >= {"colours", "light and dark"}
    made = {path.read_bytes() for path in (tmp_path / "out").glob("*.png")}
    assert len(made) == 4, "four prompts, four different pictures"
