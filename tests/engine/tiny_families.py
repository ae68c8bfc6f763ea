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
    tokenizer = tiny_tokenizer((*tokens.values(), *extra), **names)
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


def lfm2_vl(folder: Path) -> Path:
    """Short convolutions between layers of attention."""
    from transformers import Lfm2VlConfig, Lfm2VlForConditionalGeneration

    tokens = {
        "image_token": "<image>", "image_start_token": "<|image_start|>", "image_end_token": "<|image_end|>",
        "image_thumbnail_token": "<|img_thumbnail|>",
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
        downsample_factor=2, encoder_patch_size=14, tile_size=SIDE, min_image_tokens=1, max_image_tokens=4,
        max_num_patches=16, do_image_splitting=False, max_tiles=2, min_tiles=2,
    )
    return save_named(
        folder, Lfm2VlForConditionalGeneration(config), tokenizer, pictures, "Lfm2VlProcessor", "<image>"
    )  # fmt: skip


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


def florence2(folder: Path) -> Path:
    """An encoder that reads picture and task, and a decoder that writes."""
    from transformers import CLIPImageProcessor, Florence2Config, Florence2ForConditionalGeneration

    tokenizer = named_tokenizer({"image_token": "<image>"})
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
        janus, deepseek_vl, git,
    )
}  # fmt: skip
