"""A Mini-Gemini of random weights and a few kilobytes, in the layout of the published folders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CLIP_WIDTH, CLIP_LAYERS, CLIP_PATCH, CLIP_PLACES = 64, 3, 7, 16
STAGE_WIDTHS, STAGE_DEPTHS = (4, 8, 12, 16), (1, 1, 2, 1)
MAP_WIDTH = sum(STAGE_WIDTHS)
HIDDEN = 32

_LANGUAGE = {
    "hidden_size": HIDDEN,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 1024,
    "initializer_range": 0.5,  # weights as small as usual would hardly look at the picture
}
# What the kinds of language model have in their configs beside that.
_KINDS: dict[str, dict[str, Any]] = {
    "Llama": {},
    "Gemma": {"head_dim": 8, "hidden_act": "gelu"},
    "Mixtral": {"num_local_experts": 3, "num_experts_per_tok": 2},
}
# The pieces that the conversation templates of all families mark with.
_SPECIAL = (
    "<unk>", "<s>", "</s>", "<start_of_turn>", "<end_of_turn>", "<|im_start|>", "<|im_end|>", "<|eot_id|>",
    "<|start_header_id|>", "<|end_header_id|>",
)  # fmt: skip


def vision_shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    """(name, shape) of every tensor of the vision half, named as in the published files."""
    clip = "model.vision_tower.vision_tower.vision_model"
    yield f"{clip}.embeddings.class_embedding", (CLIP_WIDTH,)
    yield f"{clip}.embeddings.patch_embedding.weight", (CLIP_WIDTH, 3, CLIP_PATCH, CLIP_PATCH)
    yield f"{clip}.embeddings.position_embedding.weight", (CLIP_PLACES + 1, CLIP_WIDTH)
    for norm in ("pre_layrnorm", "post_layernorm"):
        yield from _norm(f"{clip}.{norm}", CLIP_WIDTH)
    for layer in range(CLIP_LAYERS):
        start = f"{clip}.encoder.layers.{layer}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            yield from _linear(f"{start}.self_attn.{part}", CLIP_WIDTH, CLIP_WIDTH)
        yield from _linear(f"{start}.mlp.fc1", CLIP_WIDTH, 96)
        yield from _linear(f"{start}.mlp.fc2", 96, CLIP_WIDTH)
        yield from _norm(f"{start}.layer_norm1", CLIP_WIDTH)
        yield from _norm(f"{start}.layer_norm2", CLIP_WIDTH)
    yield from _convnext_shapes("model.vision_tower_aux")
    for name, width in (("query", CLIP_WIDTH), ("aux", MAP_WIDTH), ("val", MAP_WIDTH)):
        yield from _norm(f"model.vlm_uni_{name}_projector.0", width)
        yield from _linear(f"model.vlm_uni_{name}_projector.1", width, CLIP_WIDTH)
    yield from _linear("model.mm_projector.0", CLIP_WIDTH, HIDDEN)
    yield from _linear("model.mm_projector.2", HIDDEN, HIDDEN)


def _convnext_shapes(tower: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{tower}.vision_stem.0.weight", (STAGE_WIDTHS[0], 3, 4, 4)
    yield f"{tower}.vision_stem.0.bias", (STAGE_WIDTHS[0],)
    yield from _norm(f"{tower}.vision_stem.1", STAGE_WIDTHS[0])
    before = 0
    for stage, (width, depth) in enumerate(zip(STAGE_WIDTHS, STAGE_DEPTHS, strict=True)):
        start = f"{tower}.vision_stages.{stage}"
        if stage:
            yield from _norm(f"{start}.downsample.0", before)
            yield f"{start}.downsample.1.weight", (width, before, 2, 2)
            yield f"{start}.downsample.1.bias", (width,)
        for block in range(depth):
            inside = f"{start}.blocks.{block}"
            yield f"{inside}.gamma", (width,)
            yield f"{inside}.conv_dw.weight", (width, 1, 7, 7)
            yield f"{inside}.conv_dw.bias", (width,)
            yield from _norm(f"{inside}.norm", width)
            yield from _linear(f"{inside}.mlp.fc1", width, 4 * width)
            yield from _linear(f"{inside}.mlp.fc2", 4 * width, width)
        before = width


def _linear(name: str, inputs: int, outputs: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (outputs, inputs)
    yield f"{name}.bias", (outputs,)


def _norm(name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)


def random_vision(seed: int = 0) -> dict[str, Any]:
    """Random vision weights by their published names, in float32."""
    import torch

    random = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=random) * 0.2 for name, shape in vision_shapes()}


def write_tiny_minigemini(folder: Path, kind: str = "Llama", vocabulary: int = 300, **changed: Any) -> Path:
    """Write a checkpoint; `kind` is its language model, `changed` goes over the fields of config.json.

    The language model's own checkpoint stays beside it, in the folder "language": what transformers itself would load.
    """
    import torch
    import transformers
    from safetensors.torch import load_file, save_file

    own = _KINDS[kind]
    config = getattr(transformers, f"{kind}Config")(**_LANGUAGE, **own, vocab_size=vocabulary)
    config.hidden_act = own.get("hidden_act", config.hidden_act)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        language = getattr(transformers, f"{kind}ForCausalLM")(config)
    language.save_pretrained(folder / "language")
    tensors = {**load_file(folder / "language" / "model.safetensors"), **random_vision()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    fields = {**config.to_dict(), **_vision_fields(kind), **changed}
    del fields["model_type"]
    (folder / "config.json").write_text(json.dumps(fields), encoding="utf-8")
    write_tokenizer(folder)
    return folder


def _vision_fields(kind: str) -> dict[str, Any]:
    return {
        "architectures": [f"MiniGemini{kind}ForCausalLM"],
        "mm_vision_tower": "model_zoo/OpenAI/clip-vit-large-patch14-336",
        "mm_vision_tower_aux": "model_zoo/OpenAI/openclip-convnext-large-d-320-laion2B-s29B-b131K-ft-soup",
        "mm_hidden_size": CLIP_WIDTH,
        "mm_hidden_size_aux": MAP_WIDTH,
        "mm_projector_type": "mlp2x_gelu",
        "mm_vision_select_layer": -2,
        "mm_vision_select_feature": "patch",
        "mm_use_im_start_end": False,
        "mm_use_im_patch_token": False,
        "image_aspect_ratio": "pad",
        "image_size_aux": 64,
        "image_grid": 1,
        "image_global": False,
        "tokenizer_model_max_length": 2048,
    }


def write_tokenizer(folder: Path) -> None:
    """A tokenizer of single bytes that knows the marks of every conversation template and begins a text with <s>."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: number for number, letter in enumerate((*_SPECIAL, *letters))}, []))
    tokenizer.add_special_tokens([AddedToken(mark, special=True) for mark in _SPECIAL])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer.save(str(folder / "tokenizer.json"))
    said = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(said), encoding="utf-8")


def require_sentencepiece(checkpoint: Path) -> None:
    """Skip where the packages are missing that read a tokenizer.model."""
    if not (checkpoint / "tokenizer.json").is_file():
        pytest.importorskip("sentencepiece", reason="reading tokenizer.model needs sentencepiece")
        pytest.importorskip("google.protobuf", reason="reading tokenizer.model needs protobuf")
