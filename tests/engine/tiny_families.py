"""More tiny captioners of the real architectures: see tiny_models. One function a family, as its folders are published.

Sizes are the smallest that keep what is special about a family: windows that slide, states that recur, positions along
three axes, picture tokens that see each other, encoders apart from decoders.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.tiny_models import SIDE, _bert_tokenizer, _clip, _clip_pictures, _qwen_ids, _text, save, tiny_tokenizer

_QWEN = ("<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
_QWEN_MARK = "<|vision_start|><|image_pad|><|vision_end|>"
_MROPE = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0}


def named_tokenizer(tokens: Mapping[str, str], extra: tuple[str, ...] = (), **names: str) -> Any:
    """A tiny tokenizer whose special tokens also have names, as processors ask for them (`image_token` ...)."""
    tokenizer = tiny_tokenizer((*dict.fromkeys(tokens.values()), *extra), **names)
    tokenizer._named = dict(tokens)
    for name, token in tokens.items():
        setattr(tokenizer, name, token)
    return tokenizer


def save_named(folder: Path, model: Any, tokenizer: Any, *more: Any, **settings: Any) -> Path:
    """As `save`, with the names of special tokens in the tokenizer's configuration, where real folders have them."""
    save(folder, model, tokenizer, *more, **settings)
    path = folder / "tokenizer_config.json"
    written = json.loads(path.read_text(encoding="utf-8"))
    written["extra_special_tokens"] = tokenizer._named
    path.write_text(json.dumps(written), encoding="utf-8")
    return folder


def _ids(tokenizer: Any, *tokens: str) -> list[int]:
    return [tokenizer.convert_tokens_to_ids(token) for token in tokens]


def _siglip(**changes: Any) -> dict[str, Any]:
    return {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        "image_size": SIDE, "patch_size": 14, "vision_use_head": False,
    } | changes  # fmt: skip


def _pictures_class(name: str) -> Any:
    """An image processor's class; what had no slow form in transformers 4 is called "...Fast" there."""
    import transformers

    return getattr(transformers, name, None) or getattr(transformers, f"{name}Fast")


def _siglip_pictures(**changes: Any) -> Any:
    from transformers import SiglipImageProcessor

    return SiglipImageProcessor(**({"size": {"height": SIDE, "width": SIDE}} | changes))


def vipllava(folder: Path) -> Path:
    from transformers import CLIPVisionConfig, LlamaConfig, VipLlavaConfig, VipLlavaForConditionalGeneration

    tokenizer = tiny_tokenizer(("<image>",))
    config = VipLlavaConfig(
        vision_config=CLIPVisionConfig(**_clip()), text_config=LlamaConfig(**_text(tokenizer)),
        image_token_id=len(tokenizer) - 1, image_token_index=len(tokenizer) - 1, vision_feature_layers=[-2, 0],
    )  # fmt: skip
    return save(
        folder, VipLlavaForConditionalGeneration(config), tokenizer, _clip_pictures(), "LlavaProcessor", "<image>",
        patch_size=14, vision_feature_select_strategy="default", image_token="<image>", num_additional_image_tokens=1,
    )  # fmt: skip


def joycaption(folder: Path) -> Path:
    """LLaVA with SigLIP and Llama 3; its template has a system message, as JoyCaption's."""
    from transformers import LlamaConfig, LlavaConfig, LlavaForConditionalGeneration, SiglipVisionConfig

    tokenizer = tiny_tokenizer(("<image>", "<|eot_id|>"), eos_token="<|eot_id|>")
    config = LlavaConfig(
        vision_config=SiglipVisionConfig(**_siglip()), text_config=LlamaConfig(**_text(tokenizer)),
        image_token_id=_ids(tokenizer, "<image>")[0], image_token_index=_ids(tokenizer, "<image>")[0],
        vision_feature_layer=-2, vision_feature_select_strategy="full", image_seq_length=16,
    )  # fmt: skip
    save(
        folder, LlavaForConditionalGeneration(config), tokenizer, _siglip_pictures(), "LlavaProcessor", "<image>",
        patch_size=14, vision_feature_select_strategy="full", image_token="<image>", num_additional_image_tokens=0,
    )  # fmt: skip
    path = folder / "chat_template.jinja"
    path.write_text("you are an image captioner . " + path.read_text(encoding="utf-8"), encoding="utf-8")
    return folder


def llava_onevision(folder: Path) -> Path:
    from transformers import (
        LlavaOnevisionConfig,
        LlavaOnevisionForConditionalGeneration,
        LlavaOnevisionImageProcessor,
        Qwen2Config,
        SiglipVisionConfig,
    )

    tokenizer = tiny_tokenizer(("<image>", "<video>"))
    image, video = _ids(tokenizer, "<image>", "<video>")
    grids = [[SIDE, 2 * SIDE], [2 * SIDE, SIDE], [2 * SIDE, 2 * SIDE], [SIDE, SIDE]]
    config = LlavaOnevisionConfig(
        vision_config=SiglipVisionConfig(**_siglip()), text_config=Qwen2Config(**_text(tokenizer)),
        image_token_id=image, image_token_index=image, video_token_id=video, video_token_index=video,
        image_grid_pinpoints=grids, vision_feature_layer=-1,
    )  # fmt: skip
    pictures = LlavaOnevisionImageProcessor(size={"height": SIDE, "width": SIDE}, image_grid_pinpoints=grids)
    return save(
        folder, LlavaOnevisionForConditionalGeneration(config), tokenizer, pictures, "LlavaOnevisionProcessor",
        "<image>", num_image_tokens=16, vision_feature_select_strategy="full", image_token="<image>",
        video_token="<video>", vision_aspect_ratio="anyres_max_9",
    )  # fmt: skip


def _qwen(
    folder: Path, name: str, processor: str, text: dict[str, Any], vision: dict[str, Any], patch: int,
    tokenizer: Any = None,
) -> Path:  # fmt: skip
    """The Qwen-VL families: one markup, pictures of any size as patches, positions along three axes."""
    import transformers

    tokenizer = tokenizer or tiny_tokenizer(_QWEN, eos_token="<|im_end|>")
    config = getattr(transformers, f"{name}Config")(
        text_config=_text(tokenizer, **text), vision_config=vision, **_qwen_ids(tokenizer), tie_word_embeddings=False
    )
    pictures = transformers.Qwen2VLImageProcessor(
        min_pixels=SIDE * SIDE, max_pixels=4 * SIDE * SIDE, patch_size=patch, merge_size=2, temporal_patch_size=2
    )
    model = getattr(transformers, f"{name}ForConditionalGeneration")(config)
    return save(folder, model, tokenizer, pictures, processor, _QWEN_MARK)


_QWEN3_VISION = {
    "depth": 2, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2, "out_hidden_size": 32,
    "deepstack_visual_indexes": [0], "num_position_embeddings": 64, "patch_size": 16,
}  # fmt: skip


def qwen2_vl(folder: Path) -> Path:
    rope = {"rope_scaling": {"type": "mrope", "rope_type": "default", "mrope_section": [1, 1, 2]}}
    vision = {"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "mlp_ratio": 2}
    return _qwen(folder, "Qwen2VL", "Qwen2VLProcessor", rope, vision, 14)


def qwen3_vl_moe(folder: Path) -> Path:
    rope = {"rope_scaling": _MROPE | {"mrope_interleaved": True}, "rope_theta": 10000.0, "head_dim": 8}
    experts = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16, "decoder_sparse_step": 1}
    return _qwen(folder, "Qwen3VLMoe", "Qwen3VLProcessor", rope | experts, _QWEN3_VISION, 16)


def qwen3_5(folder: Path) -> Path:
    """Three layers of linear attention to one of full attention."""
    rope = {"rope_parameters": _MROPE | {"mrope_interleaved": True, "partial_rotary_factor": 1.0}, "head_dim": 8}
    linear = {
        "layer_types": ["linear_attention", "full_attention"], "linear_num_value_heads": 2, "linear_num_key_heads": 2,
        "linear_key_head_dim": 8, "linear_value_head_dim": 8, "linear_conv_kernel_dim": 4,
    }  # fmt: skip
    return _qwen(folder, "Qwen3_5", "Qwen3VLProcessor", rope | linear, _QWEN3_VISION, 16, _letters())


def _letters() -> Any:
    """Qwen's own kind of tokenizer, without merges: its folders are opened with no other. A text is its letters."""
    from tokenizers import pre_tokenizers
    from transformers import Qwen2Tokenizer

    frame = ["<unk>", "<s>", "</s>", "<pad>", "<|endoftext|>"]
    letters = [*frame, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    return Qwen2Tokenizer(
        vocab={letter: number for number, letter in enumerate(letters)}, merges=[], eos_token="<|im_end|>",
        pad_token="<pad>", additional_special_tokens=list(_QWEN),
    )  # fmt: skip


def _glm(folder: Path, name: str, processor: str, pictures_name: str) -> Path:
    import transformers

    tokens = (
        "<|image|>", "<|video|>", "<|begin_of_image|>", "<|end_of_image|>", "<|begin_of_video|>", "<|end_of_video|>"
    )  # fmt: skip
    tokenizer = tiny_tokenizer(tokens)
    names = ("image_token_id", "video_token_id", "image_start_token_id", "image_end_token_id", "video_start_token_id",
             "video_end_token_id")  # fmt: skip
    config = getattr(transformers, f"{name}Config")(
        text_config=_text(
            tokenizer, model_type="glm4v_text",
            rope_parameters={"rope_type": "default", "mrope_section": [1, 1, 0], "rope_theta": 10000.0,
                             "partial_rotary_factor": 0.5},
            rope_scaling={"rope_type": "default", "mrope_section": [1, 1, 0]}, partial_rotary_factor=0.5,
        ),
        vision_config={
            "depth": 2, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2, "out_hidden_size": 32,
            "image_size": SIDE, "patch_size": 14,
        },
        **dict(zip(names, _ids(tokenizer, *tokens), strict=True)), tie_word_embeddings=False,
    )  # fmt: skip
    pictures = getattr(transformers, pictures_name)(
        size={"shortest_edge": SIDE * SIDE, "longest_edge": 16 * SIDE * SIDE}, patch_size=14, merge_size=2
    )
    model = getattr(transformers, f"{name}ForConditionalGeneration")(config)
    return save(
        folder, model, tokenizer, pictures, processor, "<|begin_of_image|><|image|><|end_of_image|>"
    )  # fmt: skip


def glm4v(folder: Path) -> Path:
    return _glm(folder, "Glm4v", "Glm4vProcessor", "Glm4vImageProcessor")


def glm46v(folder: Path) -> Path:
    return _glm(folder, "Glm46V", "Glm46VProcessor", "Glm46VImageProcessor")


_PIXTRAL = ("[IMG]", "[IMG_BREAK]", "[IMG_END]")


def _pixtral_vision() -> dict[str, Any]:
    return {
        "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        "image_size": SIDE, "patch_size": 14, "head_dim": 16,
    }  # fmt: skip


def _pixtral_pictures() -> Any:
    from transformers import PixtralImageProcessor

    return PixtralImageProcessor(size={"longest_edge": SIDE}, patch_size={"height": 14, "width": 14})


def mistral3(folder: Path) -> Path:
    from transformers import Mistral3Config, Mistral3ForConditionalGeneration

    tokenizer = tiny_tokenizer(_PIXTRAL)
    config = Mistral3Config(
        text_config={"model_type": "mistral", **_text(tokenizer, head_dim=8, sliding_window=None)},
        vision_config={"model_type": "pixtral", **_pixtral_vision()}, spatial_merge_size=2, vision_feature_layer=-1,
        tie_word_embeddings=False, image_token_id=_ids(tokenizer, "[IMG]")[0],
        image_token_index=_ids(tokenizer, "[IMG]")[0],
    )  # fmt: skip
    return save(
        folder, Mistral3ForConditionalGeneration(config), tokenizer, _pixtral_pictures(), "PixtralProcessor", "[IMG]",
        patch_size=14, spatial_merge_size=2, image_token="[IMG]", image_break_token="[IMG_BREAK]",
        image_end_token="[IMG_END]",
    )  # fmt: skip


def pixtral(folder: Path) -> Path:
    """Pixtral as it was converted: a LLaVA with Pixtral's tower."""
    from transformers import LlavaConfig, LlavaForConditionalGeneration

    tokenizer = tiny_tokenizer(_PIXTRAL)
    config = LlavaConfig(
        text_config={"model_type": "mistral", **_text(tokenizer, head_dim=8, sliding_window=None)},
        vision_config={"model_type": "pixtral", **_pixtral_vision()}, vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        image_token_id=_ids(tokenizer, "[IMG]")[0], image_token_index=_ids(tokenizer, "[IMG]")[0], image_seq_length=1,
    )  # fmt: skip
    return save(
        folder, LlavaForConditionalGeneration(config), tokenizer, _pixtral_pictures(), "PixtralProcessor", "[IMG]",
        patch_size=14, spatial_merge_size=1, image_token="[IMG]", image_break_token="[IMG_BREAK]",
        image_end_token="[IMG_END]",
    )  # fmt: skip


def internvl(folder: Path) -> Path:
    from transformers import GotOcr2ImageProcessor, InternVLConfig, InternVLForConditionalGeneration

    tokens = {
        "start_image_token": "<img>", "end_image_token": "</img>", "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }  # fmt: skip
    tokenizer = named_tokenizer(tokens)
    config = InternVLConfig(
        vision_config={
            "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
            "image_size": [SIDE, SIDE], "patch_size": [14, 14],
        },
        text_config={"model_type": "qwen2", **_text(tokenizer)}, image_token_id=_ids(tokenizer, "<IMG_CONTEXT>")[0],
        image_seq_length=4, tie_word_embeddings=False,
    )  # fmt: skip
    pictures = GotOcr2ImageProcessor(size={"height": SIDE, "width": SIDE}, crop_to_patches=True, max_patches=2)
    return save_named(
        folder, InternVLForConditionalGeneration(config), tokenizer, pictures, "InternVLProcessor", "<IMG_CONTEXT>",
        image_seq_length=4,
    )  # fmt: skip


_AYA = (
    "<image>", "<|START_OF_IMG|>", "<|END_OF_IMG|>", "<|IMG_PATCH|>", "<|IMG_LINE_BREAK|>", "TILE", "TILE_GLOBAL",
    *(f"TILE_{number}" for number in range(1, 13)),
)  # fmt: skip


def _cohere(tokenizer: Any) -> dict[str, Any]:
    """Cohere2's decoder: three layers with a sliding window to one with the whole context."""
    return {
        "model_type": "cohere2", **_text(tokenizer), "sliding_window": 4096,
        "layer_types": ["sliding_attention", "full_attention"], "head_dim": 8, "logit_scale": 1.0,
    }  # fmt: skip


def aya_vision(folder: Path) -> Path:
    from transformers import AyaVisionConfig, AyaVisionForConditionalGeneration, GotOcr2ImageProcessor

    tokenizer = tiny_tokenizer(_AYA)
    image = _ids(tokenizer, "<|IMG_PATCH|>")[0]
    config = AyaVisionConfig(
        vision_config={"model_type": "siglip_vision_model", **_siglip()}, text_config=_cohere(tokenizer),
        image_token_id=image, image_token_index=image, downsample_factor=2, tie_word_embeddings=False,
    )  # fmt: skip
    pictures = GotOcr2ImageProcessor(size={"height": SIDE, "width": SIDE}, crop_to_patches=True, max_patches=2)
    return save(
        folder, AyaVisionForConditionalGeneration(config), tokenizer, pictures, "AyaVisionProcessor", "<image>",
        patch_size=14, img_size=SIDE, downsample_factor=2,
    )  # fmt: skip


def cohere2_vision(folder: Path) -> Path:
    from transformers import Cohere2VisionConfig, Cohere2VisionForConditionalGeneration

    tokens = {
        "boi_token": "<|START_OF_IMG|>", "eoi_token": "<|END_OF_IMG|>", "image_token": "<|IMG_PATCH|>",
        "img_line_break_token": "<|IMG_LINE_BREAK|>",
    }  # fmt: skip
    tokenizer = named_tokenizer(tokens)
    config = Cohere2VisionConfig(
        vision_config={"model_type": "siglip_vision_model", **_siglip()}, text_config=_cohere(tokenizer),
        image_token_id=_ids(tokenizer, "<|IMG_PATCH|>")[0], downsample_factor=2, alignment_intermediate_size=64,
        tie_word_embeddings=False,
    )  # fmt: skip
    pictures = _pictures_class("Cohere2VisionImageProcessor")(
        size={"height": SIDE, "width": SIDE}, crop_to_patches=True, max_patches=2, patch_size=2
    )
    return save_named(
        folder, Cohere2VisionForConditionalGeneration(config), tokenizer, pictures, "Cohere2VisionProcessor",
        "<|IMG_PATCH|>",
    )  # fmt: skip


def idefics2(folder: Path) -> Path:
    from transformers import Idefics2Config, Idefics2ForConditionalGeneration, Idefics2ImageProcessor

    tokens = ("<fake_token_around_image>", "<image>", "<end_of_utterance>")
    tokenizer = tiny_tokenizer(tokens, eos_token="<end_of_utterance>")
    config = Idefics2Config(
        vision_config={
            "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
            "image_size": SIDE, "patch_size": 14,
        },
        perceiver_config={
            "resampler_n_latents": 4, "resampler_depth": 1, "resampler_n_heads": 2, "resampler_head_dim": 8,
            "num_key_value_heads": 1, "hidden_size": 32,
        },
        text_config={"model_type": "mistral", **_text(tokenizer, sliding_window=None)},
        image_token_id=_ids(tokenizer, "<image>")[0],
    )  # fmt: skip
    pictures = Idefics2ImageProcessor(size={"shortest_edge": 28, "longest_edge": SIDE}, do_image_splitting=False)
    return save(
        folder, Idefics2ForConditionalGeneration(config), tokenizer, pictures, "Idefics2Processor", "<image>",
        image_seq_len=4,
    )  # fmt: skip


def paligemma(folder: Path) -> Path:
    """PaliGemma has no chat template: it takes a prefix."""
    from transformers import PaliGemmaConfig, PaliGemmaForConditionalGeneration

    tokenizer = named_tokenizer({"image_token": "<image>"}, tuple(f"<loc{at:0>4}>" for at in range(1024)) + tuple(
        f"<seg{at:0>3}>" for at in range(128)
    ))  # fmt: skip
    config = PaliGemmaConfig(
        vision_config={"model_type": "siglip_vision_model", **_siglip()},
        text_config={"model_type": "gemma", **_text(tokenizer, head_dim=8)}, projection_dim=32, hidden_size=32,
        image_token_id=_ids(tokenizer, "<image>")[0], image_token_index=_ids(tokenizer, "<image>")[0],
        tie_word_embeddings=False,
    )  # fmt: skip
    pictures = _siglip_pictures()
    pictures.image_seq_length = 16
    return save_named(folder, PaliGemmaForConditionalGeneration(config), tokenizer, pictures, "PaliGemmaProcessor")


def gemma3(folder: Path) -> Path:
    """Picture tokens see each other, and every second layer has a short window."""
    import torch
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3ImageProcessor

    tokens = {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>"}
    tokenizer = named_tokenizer(tokens, ("<end_of_turn>",), eos_token="<end_of_turn>")
    names = ("boi_token_index", "eoi_token_index", "image_token_index")
    config = Gemma3Config(
        vision_config={"model_type": "siglip_vision_model", **_siglip()},
        text_config=_text(
            tokenizer, head_dim=8, sliding_window=16, layer_types=["sliding_attention", "full_attention"],
            query_pre_attn_scalar=8,
        ),
        mm_tokens_per_image=4, **dict(zip(names, _ids(tokenizer, *tokens.values()), strict=True)),
        image_token_id=_ids(tokenizer, "<image_soft_token>")[0], tie_word_embeddings=False,
    )  # fmt: skip
    pictures = Gemma3ImageProcessor(size={"height": SIDE, "width": SIDE})
    model = Gemma3ForConditionalGeneration(config)
    torch.nn.init.normal_(model.model.multi_modal_projector.mm_input_projection_weight)  # zeros before training
    return save_named(
        folder, model, tokenizer, pictures, "Gemma3Processor", "<start_of_image>", image_seq_length=4
    )  # fmt: skip


# MobileNet V5's kinds of blocks in timm's own words, in four stages of which the last two are fused.
_MOBILENET = (
    ["er_r1_k3_s2_e4_c8"], ["uir_r1_a3_k5_s2_e4_c16"], ["uir_r1_a5_k5_s2_e4_c16"],
    ["uir_r1_a5_k5_s2_e4_c16", "mqa_r1_k3_h2_s1_d8_c16", "uir_r1_a0_k0_s1_e2_c16"],
)  # fmt: skip


def gemma3n(folder: Path) -> Path:
    """A tower of the package timm, four streams through each layer, and ears that nobody speaks to."""
    from timm.models._efficientnet_builder import decode_arch_def
    from transformers import Gemma3nAudioFeatureExtractor, Gemma3nConfig, Gemma3nForConditionalGeneration

    tokens = {
        "turn_token": "<end_of_turn>", "boi_token": "<start_of_image>", "boa_token": "<start_of_audio>",
        "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>",
        "eoa_token": "<end_of_audio>", "audio_token": "<audio_soft_token>",
    }  # fmt: skip
    tokenizer = named_tokenizer(tokens, eos_token="<end_of_turn>")
    ids = dict(zip(tokens, _ids(tokenizer, *tokens.values()), strict=True))
    words = ids["eoi_token"]  # behind them stands what has tables of its own: two tokens of pictures and two of sounds
    config = Gemma3nConfig(
        vision_config={
            "vocab_size": 2, "vocab_offset": words, "model_args": {
                "block_args": decode_arch_def([*_MOBILENET]), "stem_size": 8, "fix_stem": True,
                "msfa_output_resolution": 2, "layer_scale_init_value": None,
            },
        },
        audio_config={
            "vocab_size": 2, "vocab_offset": words + 2, "hidden_size": 16, "conf_num_attention_heads": 2,
            "conf_num_hidden_layers": 1, "sscp_conv_channel_size": [4, 2], "input_feat_size": 16,
        },
        text_config=_text(
            tokenizer, head_dim=8, sliding_window=16, num_hidden_layers=4, num_kv_shared_layers=2, laurel_rank=4,
            layer_types=["sliding_attention", "full_attention"] * 2, vocab_size_per_layer_input=words,
            hidden_size_per_layer_input=8, intermediate_size=[64] * 4, activation_sparsity_pattern=[0.5, 0.0, 0.0, 0.0],
        ),
        vision_soft_tokens_per_image=4, audio_soft_tokens_per_image=2, tie_word_embeddings=False,
        **{f"{name}_id": number for name, number in ids.items() if name != "turn_token"},
    )  # fmt: skip
    model = Gemma3nForConditionalGeneration(config)
    model.config.vision_config.model_args["block_args"] = decode_arch_def([*_MOBILENET])  # timm wrote classes into them
    save_named(
        folder, model, tokenizer, _siglip_pictures(size={"height": 64, "width": 64}), "Gemma3nProcessor",
        "<image_soft_token>", image_seq_length=4, audio_seq_length=2,
    )  # fmt: skip
    path = folder / "preprocessor_config.json"
    pictures = json.loads(path.read_text(encoding="utf-8"))
    Gemma3nAudioFeatureExtractor(feature_size=16).save_pretrained(folder)  # into the same file, as published
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | pictures), encoding="utf-8")
    return folder


def lfm2_vl(folder: Path) -> Path:
    """Short convolutions between layers of attention."""
    from transformers import Lfm2VlConfig, Lfm2VlForConditionalGeneration

    tokens = {
        "image_token": "<image>", "image_start_token": "<|image_start|>", "image_end_token": "<|image_end|>",
        "image_thumbnail_token": "<|img_thumbnail|>", "image_thumbnail": "<|img_thumbnail|>",  # called so by version 4
    }  # fmt: skip
    rows = tuple(f"<|img_row_{row}_col_{column}|>" for row in range(1, 5) for column in range(1, 5))
    tokenizer = named_tokenizer(tokens, rows)
    config = Lfm2VlConfig(
        vision_config={
            "model_type": "siglip2_vision_model", "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2,
            "num_attention_heads": 2, "patch_size": 14, "num_patches": 16, "vision_use_head": False,
        },
        text_config={
            "model_type": "lfm2", **_text(tokenizer), "layer_types": ["conv", "full_attention"],
            "block_auto_adjust_ff_dim": False,
        },
        image_token_id=_ids(tokenizer, "<image>")[0], downsample_factor=2, projector_hidden_size=32,
        tie_word_embeddings=False,
    )  # fmt: skip
    pictures = _pictures_class("Lfm2VlImageProcessor")(
        downsample_factor=2,
        encoder_patch_size=14,
        tile_size=SIDE,
        min_image_tokens=1,
        max_image_tokens=4,
        max_num_patches=16,
        do_image_splitting=False,
        max_tiles=2,
        min_tiles=2,
    )
    save_named(folder, Lfm2VlForConditionalGeneration(config), tokenizer, pictures, "Lfm2VlProcessor", "<image>")
    path = folder / "config.json"
    written = json.loads(path.read_text(encoding="utf-8"))
    # transformers 4.57 writes a name that it cannot read.
    path.write_text(json.dumps(written | {"model_type": "lfm2_vl"}), encoding="utf-8")
    return folder


def ovis2(folder: Path) -> Path:
    from transformers import Ovis2Config, Ovis2ForConditionalGeneration, Ovis2ImageProcessor

    marks = ("<IMG_START>", "<IMG_GRID>", "<IMG_COL>", "<IMG_ROW>", "<IMG_END>")
    tokenizer = tiny_tokenizer(("<image>", "<IMG_ATOM>", *marks))
    text = _text(tokenizer)
    config = Ovis2Config(
        vision_config={
            "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
            "image_size": SIDE, "patch_size": 14, "vocab_size": 32, "num_visual_indicator_tokens": 5,
            "hidden_stride": 2,
        },
        text_config={"model_type": "qwen2", **text}, image_token_id=_ids(tokenizer, "<IMG_ATOM>")[0],
        visual_indicator_token_ids=_ids(tokenizer, *marks), vocab_size=len(tokenizer), hidden_size=32,
        tie_word_embeddings=False,
    )  # fmt: skip
    pictures = Ovis2ImageProcessor(size={"height": SIDE, "width": SIDE}, crop_to_patches=False)
    return save(
        folder, Ovis2ForConditionalGeneration(config), tokenizer, pictures, "Ovis2Processor", "<image>",
        image_seq_length=4,
    )  # fmt: skip


def florence2(folder: Path, places: int = 0) -> Path:
    """An encoder that reads picture and task, and a decoder that writes; with `places` tokens for places (of 1000)."""
    from transformers import CLIPImageProcessor, Florence2Config, Florence2ForConditionalGeneration

    tokenizer = named_tokenizer({"image_token": "<image>"}, tuple(f"<loc_{at}>" for at in range(places)))
    config = Florence2Config(
        text_config={
            "model_type": "bart", "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2,
            "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "vocab_size": len(tokenizer),
            "max_position_embeddings": 512, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3,
            "decoder_start_token_id": 2, "forced_bos_token_id": None, "forced_eos_token_id": None,
        },
        vision_config={
            "embed_dim": [8, 8, 8, 16], "num_heads": [1, 1, 1, 2], "num_groups": [1, 1, 1, 2], "depths": [1, 1, 1, 1],
            "projection_dim": 32, "window_size": 2, "max_temporal_embeddings": 4, "max_position_embeddings": 16,
        },
        image_token_id=_ids(tokenizer, "<image>")[0], bos_token_id=1, eos_token_id=2, pad_token_id=3,
        is_encoder_decoder=True,
    )  # fmt: skip
    pictures = CLIPImageProcessor(size={"height": 64, "width": 64}, do_center_crop=False)
    pictures.image_seq_length = 5
    model = Florence2ForConditionalGeneration(config)
    return save_named(folder, model, tokenizer, pictures, "Florence2Processor", peak=False)  # its head is its reading


def mllama(folder: Path) -> Path:
    """Pictures reach the decoder by cross-attention, not as tokens."""
    import torch
    from transformers import MllamaConfig, MllamaForConditionalGeneration, MllamaImageProcessor

    tokenizer = named_tokenizer({"image_token": "<|image|>"}, ("<|python_tag|>", "<|eot_id|>"), eos_token="<|eot_id|>")
    config = MllamaConfig(
        vision_config={
            "hidden_size": 16, "attention_heads": 2, "num_hidden_layers": 2, "num_global_layers": 1,
            "intermediate_size": 32, "image_size": SIDE, "patch_size": 14, "max_num_tiles": 2,
            "supported_aspect_ratios": [[1, 1], [1, 2], [2, 1]], "intermediate_layers_indices": [0],
            "vision_output_dim": 32,
        },
        text_config=_text(
            tokenizer, num_hidden_layers=3, cross_attention_layers=[1],
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0}, rope_scaling={"rope_type": "default"},
        ) | {"vocab_size": len(tokenizer) - 8},
        image_token_index=_ids(tokenizer, "<|image|>")[0],
    )  # fmt: skip
    pictures = MllamaImageProcessor(size={"height": SIDE, "width": SIDE}, max_image_tiles=2)
    model = MllamaForConditionalGeneration(config)
    with torch.no_grad():
        for name, values in model.named_parameters():
            if "gate" in name and values.numel() == 1:
                values.fill_(1.0)  # closed before training
    return save_named(folder, model, tokenizer, pictures, "MllamaProcessor", "<|image|>")


def llama4(folder: Path) -> Path:
    """Experts behind a router, layers without positions, and pictures in tiles."""
    from transformers import Llama4Config, Llama4ForConditionalGeneration

    tokens = (
        "<|image|>", "<|image_start|>", "<|image_end|>", "<|patch|>", "<|tile_x_separator|>", "<|tile_y_separator|>",
        "<|eot|>",
    )  # fmt: skip
    tokenizer = tiny_tokenizer(tokens, eos_token="<|eot|>")
    config = Llama4Config(
        vision_config={
            "hidden_size": 16, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
            "image_size": SIDE, "patch_size": 14, "vision_output_dim": 32, "projector_input_dim": 32,
            "projector_output_dim": 32,
        },
        text_config=_text(
            tokenizer, head_dim=8, intermediate_size_mlp=64, num_local_experts=2, num_experts_per_tok=1,
            interleave_moe_layer_step=2, no_rope_layers=[1, 0], attention_chunk_size=2048, num_hidden_layers=2,
        ),
        image_token_index=_ids(tokenizer, "<|patch|>")[0], boi_token_index=_ids(tokenizer, "<|image_start|>")[0],
        eoi_token_index=_ids(tokenizer, "<|image_end|>")[0], tie_word_embeddings=False,
    )  # fmt: skip
    pictures = _pictures_class("Llama4ImageProcessor")(size={"height": SIDE, "width": SIDE}, max_patches=4)
    return save(
        folder, Llama4ForConditionalGeneration(config), tokenizer, pictures, "Llama4Processor", "<|image|>",
        patch_size=14, fake_image_token="<|image|>", image_token="<|image|>",
    )  # fmt: skip


def gemma4(folder: Path) -> Path:
    """Small embeddings for each layer beside the large ones, and layers that share keys and values."""
    from transformers import Gemma4Config, Gemma4ForConditionalGeneration, Gemma4ImageProcessor

    tokens = {
        "boi_token": "<|image>", "eoi_token": "<image|>", "image_token": "<|image|>", "audio_token": "<|audio|>",
        "boa_token": "<|audio>", "eoa_token": "<audio|>",
    }  # fmt: skip
    tokenizer = named_tokenizer(tokens, ("<|video|>", "<turn|>"), eos_token="<turn|>")
    names = ("boi_token_id", "eoi_token_id", "image_token_id", "audio_token_id", "boa_token_id", "eoa_token_index")
    config = Gemma4Config(
        vision_config={
            "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
            "num_key_value_heads": 2, "head_dim": 8, "patch_size": 14, "pooling_kernel_size": 2,
            "position_embedding_size": 64,
        },
        text_config=_text(
            tokenizer, head_dim=8, global_head_dim=8, sliding_window=16, num_hidden_layers=4, num_kv_shared_layers=2,
            layer_types=["sliding_attention", "full_attention"] * 2, vocab_size_per_layer_input=len(tokenizer),
            hidden_size_per_layer_input=8,
        ),
        **dict(zip(names, _ids(tokenizer, *tokens.values()), strict=True)),
        video_token_id=_ids(tokenizer, "<|video|>")[0], tie_word_embeddings=False,
    )  # fmt: skip
    pictures = Gemma4ImageProcessor(patch_size=14, pooling_kernel_size=2, max_soft_tokens=70)
    return save_named(
        folder, Gemma4ForConditionalGeneration(config), tokenizer, pictures, "Gemma4Processor", "<|image|>",
        image_seq_length=70,
    )  # fmt: skip


def molmo2(folder: Path) -> Path:
    from transformers import Molmo2Config, Molmo2ForConditionalGeneration, Molmo2ImageProcessor

    marks = (
        "<im_patch>", "<im_col>", "<im_start>", "<low_res_im_start>", "<frame_start>", "<im_end>", "<frame_end>",
        "<im_low>", "<|video|>",
    )  # fmt: skip
    tokenizer = named_tokenizer({"image_token": "<|image|>"}, marks)
    start, low, end, patch, frame, frame_end = _ids(
        tokenizer, "<im_start>", "<low_res_im_start>", "<im_end>", "<im_patch>", "<frame_start>", "<frame_end>"
    )
    config = Molmo2Config(
        vision_config={
            "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
            "num_key_value_heads": 2, "head_dim": 8, "image_size": [SIDE, SIDE], "patch_size": 14,
        },
        adapter_config={
            "vision_feature_layer": [-1, 0], "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 2,
            "head_dim": 8, "intermediate_size": 32, "text_hidden_size": 32,
        },
        text_config=_text(tokenizer, head_dim=8, additional_vocab_size=0),
        image_start_token_id=start, low_res_image_start_token_id=low, image_end_token_id=end, image_patch_id=patch,
        frame_start_token_id=frame, frame_end_token_id=frame_end, tie_word_embeddings=False,
    )  # fmt: skip
    pictures = Molmo2ImageProcessor(size={"height": SIDE, "width": SIDE}, max_crops=2, overlap_margins=[1, 1])
    return save_named(
        folder, Molmo2ForConditionalGeneration(config), tokenizer, pictures, "Molmo2Processor", "<|image|>"
    )  # fmt: skip


def minicpmv4_6(folder: Path) -> Path:
    """Qwen3.5's decoder behind a tower whose patches are merged twice."""
    from transformers import MiniCPMV4_6Config, MiniCPMV4_6ForConditionalGeneration, MiniCPMV4_6ImageProcessor

    tokens = {
        "image_token": "<|image_pad|>", "video_token": "<|video_pad|>", "image_start_token": "<image>",
        "image_end_token": "</image>", "slice_start_token": "<slice>", "slice_end_token": "</slice>",
        "image_id_start_token": "<image_id>", "image_id_end_token": "</image_id>",
    }  # fmt: skip
    tokenizer = named_tokenizer(tokens, ("<|im_start|>", "<|im_end|>"), eos_token="<|im_end|>")
    image, video = _ids(tokenizer, "<|image_pad|>", "<|video_pad|>")
    config = MiniCPMV4_6Config(
        text_config={
            "model_type": "qwen3_5_text", **_text(tokenizer, head_dim=8),
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 1.0},
            "layer_types": ["linear_attention", "full_attention"], "linear_num_value_heads": 2,
            "linear_num_key_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8,
            "linear_conv_kernel_dim": 4,
        },
        vision_config={
            "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
            "image_size": 4 * SIDE, "patch_size": 14,
        },
        insert_layer_id=0, image_size=2 * SIDE, image_token_id=image, video_token_id=video, tie_word_embeddings=False,
    )  # fmt: skip
    pictures = MiniCPMV4_6ImageProcessor(max_slice_nums=2, scale_resolution=2 * SIDE, patch_size=14)
    return save_named(
        folder, MiniCPMV4_6ForConditionalGeneration(config), tokenizer, pictures, "MiniCPMV4_6Processor",
        "<|image_pad|>",
    )  # fmt: skip


def fast_vlm(folder: Path) -> Path:
    """A tower of convolutions, which the package timm brings; its folder names LLaVA's processor."""
    import torch
    from transformers import CLIPImageProcessor, FastVlmConfig, FastVlmForConditionalGeneration

    tokenizer = tiny_tokenizer(("<image>",))
    config = FastVlmConfig(
        vision_config={
            "model_type": "timm_wrapper", "architecture": "fastvit_mci3", "do_pooling": True, "global_pool": "avg",
            "hidden_size": 32, "num_labels": 2,
            "model_args": {
                "inference_mode": True, "layers": [2, 2], "embed_dims": [8, 16], "mlp_ratios": [4, 4],
                "se_downsamples": [False, False], "downsamples": [False, True], "pos_embs": [None, None],
                "token_mixers": ["repmixer", "repmixer"], "lkc_use_act": True, "stem_use_scale_branch": False,
            },
        },
        text_config={"model_type": "qwen2", **_text(tokenizer)}, image_token_index=_ids(tokenizer, "<image>")[0],
        image_token_id=_ids(tokenizer, "<image>")[0], image_seq_length=64, tie_word_embeddings=False,
    )  # fmt: skip
    pictures = CLIPImageProcessor(size={"shortest_edge": 64}, crop_size={"height": 64, "width": 64})
    model = FastVlmForConditionalGeneration(config)
    with torch.no_grad():
        for name, values in model.model.vision_tower.named_parameters():
            if name.endswith("weight") and values.ndim == 4:
                torch.nn.init.kaiming_normal_(values)  # near zero before training
    return save(
        folder, model, tokenizer, pictures, "LlavaProcessor", "<image>",
        patch_size=8, vision_feature_select_strategy="full", image_token="<image>", num_additional_image_tokens=0,
    )  # fmt: skip


def perception_lm(folder: Path) -> Path:
    """A tower of the package timm, and pictures in tiles."""
    from transformers import PerceptionLMConfig, PerceptionLMForConditionalGeneration

    tokenizer = named_tokenizer({"image_token": "<|image|>", "video_token": "<|video|>"})
    image, video = _ids(tokenizer, "<|image|>", "<|video|>")
    config = PerceptionLMConfig(
        vision_config={
            "model_type": "timm_wrapper", "architecture": "vit_pe_core_large_patch14_336", "num_labels": 2,
            "model_args": {
                "embed_dim": 64, "img_size": [SIDE, SIDE], "depth": 2, "global_pool": "", "init_values": 0.1,
                "use_post_transformer_norm": False, "ref_feat_shape": [4, 4],
            },
        },
        text_config={"model_type": "llama", **_text(tokenizer)}, vision_use_cls_token=True, projector_pooling_ratio=2,
        image_token_id=image, video_token_id=video, tie_word_embeddings=False,
    )  # fmt: skip
    pictures = _pictures_class("PerceptionLMImageProcessor")(
        tile_size=SIDE, max_num_tiles=2, vision_input_type="thumb+tile", size={"height": SIDE, "width": SIDE}
    )
    return save_named(
        folder, PerceptionLMForConditionalGeneration(config), tokenizer, pictures, "PerceptionLMProcessor",
        "<|image|>", patch_size=14, pooling_ratio=2,
    )  # fmt: skip


def kosmos2(folder: Path) -> Path:
    import torch
    from transformers import CLIPImageProcessor, Kosmos2Config, Kosmos2ForConditionalGeneration

    tokenizer = tiny_tokenizer()
    config = Kosmos2Config(
        vision_config=_clip(), latent_query_num=64,
        text_config={
            "vocab_size": len(tokenizer) + 11 + 1024, "embed_dim": 32, "layers": 2, "attention_heads": 4, "ffn_dim": 32,
            "max_position_embeddings": 512, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3,
            "tie_word_embeddings": False,
        },
        tie_word_embeddings=False,
    )  # fmt: skip
    pictures = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    model = Kosmos2ForConditionalGeneration(config)
    with torch.no_grad():
        model.get_output_embeddings().weight[len(tokenizer) :] = 0  # words are more likely than the 1024 places
    return save(folder, model, tokenizer, pictures, "Kosmos2Processor")


def janus(folder: Path) -> Path:
    """576 picture tokens: transformers 4 knows no other number."""
    from transformers import JanusConfig, JanusForConditionalGeneration, JanusImageProcessor

    tokens = {"image_token": "<image_placeholder>", "boi_token": "<begin_of_image>", "eoi_token": "<end_of_image>"}
    tokenizer = named_tokenizer(tokens)
    config = JanusConfig(
        text_config={"model_type": "llama", **_text(tokenizer)},
        vision_config={
            "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 48, "patch_size": 2,
            "projection_dim": 32, "mlp_ratio": 2, "num_image_tokens": 576, "depth": 2,
        },
        vq_config={
            "embed_dim": 8, "num_embeddings": 16, "latent_channels": 8, "base_channels": 32, "channel_multiplier": [1],
            "num_res_blocks": 1, "projection_dim": 32, "image_token_embed_dim": 32, "num_patches": 4,
        },
        image_token_id=_ids(tokenizer, "<image_placeholder>")[0], tie_word_embeddings=False,
    )  # fmt: skip
    pictures = JanusImageProcessor(size={"height": 48, "width": 48}, min_size=14)
    return save_named(
        folder, JanusForConditionalGeneration(config), tokenizer, pictures, "JanusProcessor", "<image_placeholder>",
        num_image_tokens=576,
    )  # fmt: skip


def deepseek_vl(folder: Path) -> Path:
    from transformers import DeepseekVLConfig, DeepseekVLForConditionalGeneration, DeepseekVLImageProcessor

    tokenizer = named_tokenizer({"image_token": "<image_placeholder>"})
    config = DeepseekVLConfig(
        text_config={"model_type": "llama", **_text(tokenizer)},
        vision_config={"model_type": "siglip_vision_model", **_siglip()},
        image_token_id=_ids(tokenizer, "<image_placeholder>")[0], tie_word_embeddings=False,
    )  # fmt: skip
    pictures = DeepseekVLImageProcessor(size={"height": SIDE, "width": SIDE}, min_size=14)
    return save_named(
        folder, DeepseekVLForConditionalGeneration(config), tokenizer, pictures, "DeepseekVLProcessor",
        "<image_placeholder>", num_image_tokens=16,
    )  # fmt: skip


def git(folder: Path) -> Path:
    from transformers import CLIPImageProcessor, GitConfig, GitForCausalLM

    tokenizer = _bert_tokenizer()
    config = GitConfig(
        vision_config=_clip(), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        vocab_size=len(tokenizer), max_position_embeddings=128, bos_token_id=4, eos_token_id=5, pad_token_id=7,
    )  # fmt: skip
    pictures = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    return save(folder, GitForCausalLM(config), tokenizer, pictures, "GitProcessor")


FAMILIES: Mapping[str, Callable[[Path], Path]] = {
    build.__name__: build
    for build in (
        vipllava, joycaption, llava_onevision, qwen2_vl, qwen3_vl_moe, qwen3_5, glm4v, glm46v, mistral3, pixtral,
        internvl, aya_vision, cohere2_vision, idefics2, paligemma, gemma3, lfm2_vl, ovis2, florence2, mllama, kosmos2,
        janus, deepseek_vl, git, llama4, gemma4, molmo2, minicpmv4_6,
        fast_vlm, perception_lm, gemma3n,
    )
}  # fmt: skip
