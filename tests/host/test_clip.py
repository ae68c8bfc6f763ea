"""A caption goes into core's text encoder and becomes a conditioning."""

from __future__ import annotations

import pytest

from host.clip_weights import write_random_clip
from host.comfy_server import Server
from host.graphs import add, enhanced, pictures


def test_captions_reach_the_text_encoder(server: Server) -> None:
    pytest.importorskip("numpy", reason="the random text encoder is made with numpy")
    encoders = server.base / "models" / "text_encoders"
    encoders.mkdir(parents=True, exist_ok=True)
    write_random_clip(encoders / "random_clip_l.safetensors")
    prompt = enhanced(pictures(server, 2), ["batch", 0])
    prompt = add(prompt, "clip", "CLIPLoader", clip_name="random_clip_l.safetensors", type="stable_diffusion")
    prompt = add(prompt, "encode", "CLIPTextEncode", clip=["clip", 0], text=["enhance", 0])
    run = server.run(add(prompt, "shown", "PreviewAny", source=["encode", 0]))
    assert run.status == "success", run.message
    conditionings = run.outputs["shown"]["text"]
    assert len(conditionings) == 2
    assert len(set(conditionings)) == 2
    assert all("pooled_output" in text and "nan" not in text for text in conditionings)
