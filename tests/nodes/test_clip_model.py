"""Captioner from CLIP, on ComfyUI's own text encoders in tiny sizes with random weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

Part = Callable[[str], Any]


@pytest.fixture(scope="module")
def qwen(comfy: Path) -> Any:
    """Core's Qwen3-VL with its own tokenizer, two layers deep."""
    import comfy.sd
    import torch
    from comfy.text_encoders import qwen3vl

    torch.set_num_threads(1)

    @dataclasses.dataclass
    class Tiny(qwen3vl.Qwen3VL_8BConfig):
        hidden_size: int = 64
        intermediate_size: int = 64
        num_hidden_layers: int = 2
        num_attention_heads: int = 2
        num_key_value_heads: int = 1

    vision = {"hidden_size": 32, "intermediate_size": 32, "depth": 2, "deepstack_visual_indexes": [0]}
    patch = pytest.MonkeyPatch()
    patch.setitem(qwen3vl.QWEN3VL_CONFIGS, "qwen3vl_8b", Tiny)
    patch.setitem(qwen3vl.QWEN3VL_VISION, "qwen3vl_8b", vision)
    patch.setitem(qwen3vl.QWEN3VL_VISION_COMMON, "num_heads", 2)
    target = SimpleNamespace(params={}, clip=qwen3vl.te(), tokenizer=qwen3vl.tokenizer())
    clip = comfy.sd.CLIP(target)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in clip.cond_stage_model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.1)
    yield clip
    patch.undo()


def _model(nodes: dict[str, Any], clip: Any) -> Any:
    return nodes["PatchMatters_ClipModel"].execute(clip=clip).args[0]


def _described(nodes: dict[str, Any], photo: Any, model: Any, **widgets: Any) -> Any:
    scene = nodes["PatchMatters_Divide"].execute(image=photo).args[0]
    asked = {"max_new_tokens": 16, "candidates": 2} | widgets
    lists = {name: [value] for name, value in {"scene": scene, "chat_model": model, **asked}.items()}
    return nodes["PatchMatters_Describe"].execute(**lists).args[0][0]


def test_every_patch_is_described_and_the_seed_decides(nodes: dict[str, Any], qwen: Any, photo: Any) -> None:
    model = _model(nodes, qwen)
    first, again, other = (_described(nodes, photo, model, seed=seed) for seed in (0, 0, 1))
    texts = [[one.text for patch in scene[0].first_level for one in patch.passages] for scene in (first, again, other)]
    assert len(texts[0]) == 1 + 4 * 2
    assert texts[0] == texts[1] != texts[2]
    assert first[0].records[0].model == model.name == "Qwen3VLTEModel"


def test_the_model_sees_the_picture(nodes: dict[str, Any], qwen: Any, photo: Any, part: Part) -> None:
    """Another picture, another text; the question's pictures arrive among the tokens."""
    model = _model(nodes, qwen)
    dark = photo * 0.2
    greedy = {"temperature": 0.0, "whole_temperature": 0.0, "candidates": 1}
    assert _described(nodes, photo, model, **greedy)[0].whole != _described(nodes, dark, model, **greedy)[0].whole


def test_a_cancel_ends_a_generation(
    nodes: dict[str, Any], qwen: Any, photo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import comfy.model_management as management

    model, transformer = _model(nodes, qwen), qwen.cond_stage_model.qwen3vl_8b.transformer
    calls: list[int] = []
    real = transformer.logits

    def logits(x: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            management.interrupt_current_processing()
        management.throw_exception_if_processing_interrupted()  # the server does this from its progress hook
        return real(x)

    monkeypatch.setattr(transformer, "logits", logits)
    with pytest.raises(management.InterruptProcessingException):
        _described(nodes, photo, model, max_new_tokens=200)
    assert len(calls) == 3


def test_a_text_encoder_that_cannot_see_is_refused_with_those_that_can(nodes: dict[str, Any], qwen: Any) -> None:
    from comfy.text_encoders import z_image

    blind = qwen.clone()
    blind.tokenizer = z_image.ZImageTokenizer()
    with pytest.raises(ValueError, match=r"cannot see pictures: load the text encoder of Qwen3-VL, Qwen3\.5 or Gemma"):
        _model(nodes, blind)


def test_a_text_encoder_that_cannot_write_is_refused(nodes: dict[str, Any], comfy: Path) -> None:
    import comfy.sd
    from comfy import sd1_clip

    clip = comfy.sd.CLIP(
        SimpleNamespace(params={}, clip=sd1_clip.SD1ClipModel, tokenizer=sd1_clip.SD1Tokenizer), parameters=0
    )
    with pytest.raises(ValueError, match="SD1ClipModel cannot generate text: load"):
        _model(nodes, clip)


def test_pictures_go_as_a_list_where_the_family_wants_it(part: Part, qwen: Any, photo: Any) -> None:
    """Qwen2.5-VL's tokenizer of core takes `images=[...]` and ignores `image=` without a word."""
    from comfy.text_encoders import qwen_image

    listing = qwen.clone()
    listing.tokenizer = qwen_image.QwenImageTokenizer()
    module = part("patchmatters.backends.clip_chat")
    assert module._way_of_pictures(listing) == "images"
    assert module._way_of_pictures(qwen) == "image"
