"""Tiny models of the real architectures with random weights, built in the test by transformers' own classes.

Their texts mean nothing. They prove that files are found, loaded, prompted, batched, decoded and scored as the real
ones are, for every family, with the real code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LEXICON = """
a the dog cat bird horse man woman child ball tree house car boat sky sea grass road sun lamp table red blue green
white black brown large small old young sits stands runs holds wears is on in under near with and left right top
describe this image detail compare passages same unique yes no question answer user assistant : . , ? 1 2 3 4
"""
WORDS = tuple(_LEXICON.split())
_SPECIAL = ("<unk>", "<s>", "</s>", "<pad>", "[CLS]", "[SEP]", "[ENC]", "[PAD]")
SIDE = 56  # pixels: what the tiny vision towers look at
# Every family's markup for one picture, as its real template writes it.
_IMAGE_MARKS = {
    "qwen": "<|vision_start|><|image_pad|><|vision_end|>",
    "plain": "<image>",
}


def tiny_tokenizer(extra: tuple[str, ...] = (), **names: str) -> Any:
    """A tokenizer of whole words; unknown words are `<unk>`, so that any prompt can be read."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: number for number, word in enumerate(dict.fromkeys((*_SPECIAL, *WORDS)))}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.decoder = decoders.WordPiece(prefix="##", cleanup=True)
    arguments = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"} | names
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, additional_special_tokens=list(extra), **arguments, model_max_length=4096
    )


def template(image: str) -> str:
    """A chat template with the given mark for a picture."""
    return (
        "{% for message in messages %}user : "
        "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
        "{% for part in message['content'] %}{% if part['type'] == 'image' %}" + image + "{% else %}{{ part['text'] }}"
        "{% endif %}{% endfor %}{% endif %}{% endfor %}{% if add_generation_prompt %} assistant :{% endif %}"
    )


def save(
    folder: Path, model: Any, tokenizer: Any, image_processor: Any = None, processor: str = "", image: str = "",
    peak: bool = True, **processor_settings: Any,
) -> Path:  # fmt: skip
    """Write a model folder as people download it: weights, configuration, tokenizer, processor and template."""
    if peak:
        peaked(model)
    model.save_pretrained(folder)
    _save_small_files(folder, tokenizer, image_processor, processor, image, processor_settings)
    return folder


def _save_small_files(
    folder: Path, tokenizer: Any, image_processor: Any, processor: str, image: str, processor_settings: dict[str, Any]
) -> None:
    tokenizer.save_pretrained(folder)
    if image:
        (folder / "chat_template.jinja").write_text(template(image), encoding="utf-8")
    if image_processor is not None:
        image_processor.save_pretrained(folder)
        path = folder / "preprocessor_config.json"
        written = json.loads(path.read_text(encoding="utf-8")) | {"processor_class": processor}
        path.write_text(json.dumps(written), encoding="utf-8")
        settings = {"processor_class": processor, **processor_settings}
        (folder / "processor_config.json").write_text(json.dumps(settings), encoding="utf-8")


@dataclass(frozen=True)
class Plan:
    """A model that is not built yet: what it is made of and what lies beside its weights (see `save`)."""

    cls: type
    config: Any
    tokenizer: Any
    image_processor: Any
    processor: str
    image: str = ""
    processor_settings: Mapping[str, Any] = field(default_factory=dict)

    def save(self, folder: Path) -> Path:
        """Build it, and write the whole folder."""
        return save(
            folder, self.cls(self.config), self.tokenizer, self.image_processor, self.processor, self.image,
            **self.processor_settings,
        )  # fmt: skip

    def save_small_files(self, folder: Path) -> Path:
        """Write all of the folder but the weights."""
        self.config.architectures = [self.cls.__name__]
        self.config.save_pretrained(folder)
        _save_small_files(
            folder, self.tokenizer, self.image_processor, self.processor, self.image, dict(self.processor_settings)
        )
        return folder


def peaked(model: Any) -> None:
    """Scale the output head, so that a token is clearly the best and rounding does not decide."""
    import torch

    head = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    if head is not None:
        with torch.no_grad():
            head.weight.mul_(40)


def _text(tokenizer: Any, **changes: Any) -> dict[str, Any]:
    """The sizes of a tiny language model."""
    return {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "vocab_size": len(tokenizer), "max_position_embeddings": 4096,
        "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3, "tie_word_embeddings": False,
    } | changes  # fmt: skip


def _clip(**changes: Any) -> dict[str, Any]:
    """The sizes of a tiny CLIP tower: 4 x 4 patches of 14 pixels."""
    return {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        "image_size": SIDE, "patch_size": 14, "projection_dim": 16,
    } | changes  # fmt: skip


def _clip_pictures(**changes: Any) -> Any:
    from transformers import CLIPImageProcessor

    size = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}
    return CLIPImageProcessor(**(size | changes))


def llava_plan(text: Mapping[str, Any] | None = None, vision: Mapping[str, Any] | None = None) -> Plan:
    """LLaVA-1.5; the sizes can be overridden for benchmarks."""
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    tokenizer = tiny_tokenizer(("<image>",))
    tower = _clip(**(vision or {}))
    side = tower["image_size"]
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**tower), text_config=LlamaConfig(**_text(tokenizer, **(text or {}))),
        image_token_id=len(tokenizer) - 1, image_token_index=len(tokenizer) - 1, vision_feature_layer=-2,
        image_seq_length=(side // 14) ** 2,
    )  # fmt: skip
    pictures = _clip_pictures(size={"shortest_edge": side}, crop_size={"height": side, "width": side})
    settings = {
        "patch_size": 14, "vision_feature_select_strategy": "default", "image_token": "<image>",
        "num_additional_image_tokens": 1,
    }  # fmt: skip
    return Plan(LlavaForConditionalGeneration, config, tokenizer, pictures, "LlavaProcessor", "<image>", settings)


def llava(folder: Path) -> Path:
    return llava_plan().save(folder)


def llava_next(folder: Path, text: Mapping[str, Any] | None = None, vision: Mapping[str, Any] | None = None) -> Path:
    """LLaVA-1.6; the sizes can be overridden for benchmarks, and the grid grows with the tower's picture."""
    from transformers import (
        CLIPVisionConfig,
        LlavaNextConfig,
        LlavaNextForConditionalGeneration,
        LlavaNextImageProcessor,
        MistralConfig,
    )

    tokenizer = tiny_tokenizer(("<image>",))
    tower = _clip(**(vision or {}))
    side = tower["image_size"]
    grids = [[side, 2 * side], [2 * side, side], [2 * side, 2 * side], [side, 3 * side], [3 * side, side]]
    sizes = _text(tokenizer, **(text or {}))
    config = LlavaNextConfig(
        vision_config=CLIPVisionConfig(**tower), text_config=MistralConfig(**sizes, sliding_window=None),
        image_token_id=len(tokenizer) - 1, image_token_index=len(tokenizer) - 1, vision_feature_layer=-2,
        image_grid_pinpoints=grids, image_seq_length=(side // 14) ** 2,
    )  # fmt: skip
    pictures = LlavaNextImageProcessor(
        size={"shortest_edge": side}, crop_size={"height": side, "width": side}, image_grid_pinpoints=grids
    )
    return save(
        folder, LlavaNextForConditionalGeneration(config), tokenizer, pictures, "LlavaNextProcessor", "<image>",
        patch_size=14, vision_feature_select_strategy="default", image_token="<image>",
        num_additional_image_tokens=1,
    )  # fmt: skip


_QWEN_TOKENS = ("<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")


def _qwen_ids(tokenizer: Any) -> dict[str, int]:
    start, end, image, video = (tokenizer.convert_tokens_to_ids(token) for token in _QWEN_TOKENS[2:])
    return {
        "vision_start_token_id": start, "vision_end_token_id": end, "image_token_id": image, "video_token_id": video
    }  # fmt: skip


def qwen2_5_vl(folder: Path) -> Path:
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2VLImageProcessor

    tokenizer = tiny_tokenizer(_QWEN_TOKENS, eos_token="<|im_end|>")
    rope = {"rope_scaling": {"type": "mrope", "rope_type": "default", "mrope_section": [1, 1, 2]}}
    config = Qwen2_5_VLConfig(
        text_config=_text(tokenizer, **rope),
        vision_config={
            "depth": 2, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2, "out_hidden_size": 32,
            "fullatt_block_indexes": [1], "window_size": 56,
        },
        **_qwen_ids(tokenizer), tie_word_embeddings=False,
    )  # fmt: skip
    return save(
        folder, Qwen2_5_VLForConditionalGeneration(config), tokenizer,
        Qwen2VLImageProcessor(min_pixels=SIDE * SIDE, max_pixels=4 * SIDE * SIDE), "Qwen2_5_VLProcessor",
        _IMAGE_MARKS["qwen"],
    )  # fmt: skip


def qwen3_vl_plan(
    text: Mapping[str, Any] | None = None, vision: Mapping[str, Any] | None = None, most_pixels: int = 4 * SIDE * SIDE
) -> Plan:
    """Qwen3-VL; the sizes can be overridden for benchmarks."""
    from transformers import Qwen2VLImageProcessor, Qwen3VLConfig, Qwen3VLForConditionalGeneration

    tokenizer = tiny_tokenizer(_QWEN_TOKENS, eos_token="<|im_end|>")
    rope = {
        "rope_theta": 10000.0, "rope_type": "default", "mrope_section": [1, 1, 2], "mrope_interleaved": True
    }  # fmt: skip
    sizes = _text(tokenizer, head_dim=8, rope_scaling=rope, rope_theta=10000.0) | dict(text or {})
    tower = {
        "depth": 2, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2, "out_hidden_size": 32,
        "deepstack_visual_indexes": [0], "num_position_embeddings": 64, "patch_size": 16,
    } | dict(vision or {})  # fmt: skip
    config = Qwen3VLConfig(
        text_config=sizes, vision_config=tower, **_qwen_ids(tokenizer), tie_word_embeddings=sizes["tie_word_embeddings"]
    )
    pictures = Qwen2VLImageProcessor(
        min_pixels=SIDE * SIDE, max_pixels=most_pixels, patch_size=16, merge_size=2, temporal_patch_size=2
    )
    mark = _IMAGE_MARKS["qwen"]
    return Plan(Qwen3VLForConditionalGeneration, config, tokenizer, pictures, "Qwen3VLProcessor", mark)


def qwen3_vl(folder: Path) -> Path:
    return qwen3_vl_plan().save(folder)


def _idefics(folder: Path, config_name: str, model_name: str, pictures_name: str, processor: str) -> Path:
    import transformers

    tokens = ("<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>")
    rows = tuple(f"<row_{row}_col_{column}>" for row in range(1, 5) for column in range(1, 5))
    tokenizer = tiny_tokenizer((*tokens, *rows), eos_token="<end_of_utterance>")
    tokenizer.image_token, tokenizer.fake_image_token, tokenizer.global_image_token = tokens[:3]
    config = getattr(transformers, config_name)(
        vision_config={
            "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
            "image_size": SIDE, "patch_size": 14,
        },
        text_config={"model_type": "llama", **_text(tokenizer)},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"), scale_factor=2, pad_token_id=3,
    )  # fmt: skip
    pictures = getattr(transformers, pictures_name)(
        size={"longest_edge": 2 * SIDE}, max_image_size={"longest_edge": SIDE}, do_image_splitting=True
    )
    model = getattr(transformers, model_name)(config)
    return save(folder, model, tokenizer, pictures, processor, "<image>", image_seq_len=4)


def idefics3(folder: Path) -> Path:
    return _idefics(
        folder, "Idefics3Config", "Idefics3ForConditionalGeneration", "Idefics3ImageProcessor", "Idefics3Processor"
    )


def smolvlm(folder: Path) -> Path:
    return _idefics(
        folder, "SmolVLMConfig", "SmolVLMForConditionalGeneration", "SmolVLMImageProcessor", "SmolVLMProcessor"
    )


def blip2(folder: Path) -> Path:
    from transformers import Blip2Config, Blip2ForConditionalGeneration, BlipImageProcessor

    tokenizer = tiny_tokenizer(("<image>",))
    config = Blip2Config(
        vision_config={
            "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
            "image_size": SIDE, "patch_size": 14,
        },
        qformer_config={
            "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
            "encoder_hidden_size": 16, "vocab_size": 100,
        },
        text_config={
            "model_type": "opt", "hidden_size": 32, "ffn_dim": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
            "vocab_size": len(tokenizer), "max_position_embeddings": 512, "word_embed_proj_dim": 32,
            "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3,
        },
        num_query_tokens=8, image_token_index=len(tokenizer) - 1,
    )  # fmt: skip
    model = Blip2ForConditionalGeneration(config)
    peaked(model.language_model)
    return save(
        folder, model, tokenizer, BlipImageProcessor(size={"height": SIDE, "width": SIDE}), "Blip2Processor",
        num_query_tokens=8,
    )  # fmt: skip


def blip_captioner(folder: Path) -> Path:
    from transformers import BlipConfig, BlipForConditionalGeneration, BlipImageProcessor

    tokenizer = _bert_tokenizer()
    config = BlipConfig(text_config=_blip_text(tokenizer), vision_config=_blip_vision(), projection_dim=16)
    model = BlipForConditionalGeneration(config)
    peaked(model.text_decoder)
    return save(folder, model, tokenizer, BlipImageProcessor(size={"height": SIDE, "width": SIDE}), "BlipProcessor")


def _bert_tokenizer() -> Any:
    """A tokenizer that frames a text as BERT's does: [CLS] text [SEP]."""
    from tokenizers import normalizers

    tokenizer = tiny_tokenizer(
        ("[DEC]",), bos_token="[DEC]", eos_token="[SEP]", sep_token="[SEP]", cls_token="[CLS]", pad_token="[PAD]"
    )
    tokenizer.backend_tokenizer.normalizer = normalizers.BertNormalizer()
    _frame(tokenizer, "[CLS] $A [SEP]", ("[CLS]", "[SEP]"))
    return tokenizer


def _blip_text(tokenizer: Any, **changes: Any) -> dict[str, Any]:
    return {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
        "vocab_size": len(tokenizer), "encoder_hidden_size": 16, "max_position_embeddings": 64,
        "bos_token_id": len(tokenizer) - 1, "sep_token_id": 5, "eos_token_id": 5, "pad_token_id": 7,
    } | changes  # fmt: skip


def _blip_vision() -> dict[str, Any]:
    return {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        "image_size": SIDE, "patch_size": 14,
    }  # fmt: skip


def text_model(folder: Path, **changes: Any) -> Path:
    from transformers import MistralConfig, MistralForCausalLM

    tokenizer = tiny_tokenizer()
    config = MistralConfig(**_text(tokenizer, **changes), sliding_window=None)
    return save(folder, MistralForCausalLM(config), tokenizer, image="<image>")


CAPTIONERS: Mapping[str, Callable[[Path], Path]] = {
    "llava": llava,
    "llava_next": llava_next,
    "qwen2_5_vl": qwen2_5_vl,
    "qwen3_vl": qwen3_vl,
    "idefics3": idefics3,
    "smolvlm": smolvlm,
    "blip2": blip2,
    "blip_captioner": blip_captioner,
}


def blip_itm_plan(
    side: int = SIDE, text: Mapping[str, Any] | None = None, vision: Mapping[str, Any] | None = None, shared: int = 16
) -> Plan:
    """BLIP with its matching and contrastive heads; the sizes can be overridden for benchmarks.

    `shared` is the width of the space in which pictures and texts are compared.
    """
    from transformers import BlipConfig, BlipForImageTextRetrieval, BlipImageProcessor

    tokenizer = _bert_tokenizer()
    sizes = {"vision_config": _blip_vision() | {"image_size": side} | dict(vision or {})}
    config = BlipConfig(
        text_config=_blip_text(tokenizer) | dict(text or {}), **sizes, image_text_hidden_size=shared, projection_dim=16
    )
    pictures = BlipImageProcessor(size={"height": side, "width": side})
    return Plan(BlipForImageTextRetrieval, config, tokenizer, pictures, "BlipProcessor")


def blip_itm(
    folder: Path, side: int = SIDE, text: Mapping[str, Any] | None = None, vision: Mapping[str, Any] | None = None
) -> Path:
    return blip_itm_plan(side, text, vision).save(folder)


def blip2_itm(folder: Path) -> Path:
    from transformers import Blip2Config, Blip2ForImageTextRetrieval, BlipImageProcessor

    tokenizer = _bert_tokenizer()
    config = Blip2Config(
        vision_config=_blip_vision(),
        qformer_config={
            "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
            "encoder_hidden_size": 16, "vocab_size": len(tokenizer), "use_qformer_text_input": True,
        },
        text_config={
            "model_type": "opt", "hidden_size": 32, "ffn_dim": 64, "num_hidden_layers": 1, "num_attention_heads": 4,
            "vocab_size": len(tokenizer), "word_embed_proj_dim": 32,
        },
        num_query_tokens=8, image_text_hidden_size=16, image_token_index=None,
    )  # fmt: skip
    model = Blip2ForImageTextRetrieval(config)
    return save(folder, model, tokenizer, BlipImageProcessor(size={"height": SIDE, "width": SIDE}), "Blip2Processor")


def clip(folder: Path) -> Path:
    from transformers import CLIPConfig, CLIPModel

    tokenizer = tiny_tokenizer()
    text = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
        "vocab_size": len(tokenizer), "max_position_embeddings": 16, "bos_token_id": 1, "eos_token_id": 2,
        "pad_token_id": 3, "projection_dim": 16,
    }  # fmt: skip
    _frame(tokenizer, "<s> $A </s>", ("<s>", "</s>"))
    config = CLIPConfig(text_config=text, vision_config=_clip(), projection_dim=16)
    return save(folder, CLIPModel(config), tokenizer, _clip_pictures(), "CLIPProcessor")


def siglip(folder: Path) -> Path:
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel

    tokenizer = tiny_tokenizer()
    _frame(tokenizer, "$A </s>", ("</s>",))
    text = {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
        "vocab_size": len(tokenizer), "max_position_embeddings": 16, "projection_size": 16,
    }  # fmt: skip
    config = SiglipConfig(text_config=text, vision_config=_clip())
    pictures = SiglipImageProcessor(size={"height": SIDE, "width": SIDE})
    return save(folder, SiglipModel(config), tokenizer, pictures, "SiglipProcessor")


def siglip2(folder: Path) -> Path:
    """SigLIP 2 for pictures of any proportions: patches with a mask and a shape."""
    from transformers import Siglip2Config, Siglip2ImageProcessor, Siglip2Model

    tokenizer = tiny_tokenizer()
    _frame(tokenizer, "$A </s>", ("</s>",))
    text = {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
        "vocab_size": len(tokenizer), "max_position_embeddings": 32, "projection_size": 16,
    }  # fmt: skip
    vision = {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "patch_size": 14,
        "num_patches": 16,
    }  # fmt: skip
    config = Siglip2Config(text_config=text, vision_config=vision)
    pictures = Siglip2ImageProcessor(patch_size=14, max_num_patches=16)
    return save(folder, Siglip2Model(config), tokenizer, pictures, "Siglip2Processor")


def _frame(tokenizer: Any, single: str, tokens: tuple[str, ...]) -> None:
    """Let a tokenizer frame every text with special tokens."""
    from tokenizers.processors import TemplateProcessing

    pairs = [(token, tokenizer.convert_tokens_to_ids(token)) for token in tokens]
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single=single, special_tokens=pairs)


SCORERS: Mapping[str, Callable[[Path], Path]] = {
    "blip": blip_itm,
    "blip2": blip2_itm,
    "clip": clip,
    "siglip": siglip,
    "siglip2": siglip2,
}


LABELS = ("person", "dog", "traffic light")


def _labels() -> dict[str, Any]:
    return {"id2label": dict(enumerate(LABELS)), "label2id": {name: number for number, name in enumerate(LABELS)}}


def _resnet() -> dict[str, Any]:
    """A tiny backbone without timm."""
    return {
        "model_type": "rt_detr_resnet", "embedding_size": 8, "hidden_sizes": [8, 16, 16, 16], "depths": [1, 1, 1, 1],
        "layer_type": "basic", "out_features": ["stage2", "stage3", "stage4"], "downsample_in_bottleneck": False,
    }  # fmt: skip


def _detr_sizes() -> dict[str, Any]:
    return {
        "d_model": 16, "encoder_hidden_dim": 16, "encoder_in_channels": [16, 16, 16], "encoder_ffn_dim": 16,
        "decoder_in_channels": [16, 16, 16], "decoder_ffn_dim": 16, "num_queries": 8, "decoder_layers": 2,
        "encoder_attention_heads": 2, "decoder_attention_heads": 2, "num_denoising": 0, "anchor_image_size": None,
    }  # fmt: skip


def _detector(folder: Path, model: Any, pictures: Any) -> Path:
    """Detectors of fixed labels have no tokenizer and no processor class of their own."""
    model.save_pretrained(folder)
    pictures.save_pretrained(folder)
    return folder


def rt_detr(folder: Path) -> Path:
    from transformers import RTDetrConfig, RTDetrForObjectDetection, RTDetrImageProcessor, RTDetrResNetConfig

    resnet = RTDetrResNetConfig(**{name: value for name, value in _resnet().items() if name != "model_type"})
    config = RTDetrConfig(backbone_config=resnet, **_detr_sizes(), **_labels())
    pictures = RTDetrImageProcessor(size={"height": 64, "width": 64})
    return _detector(folder, RTDetrForObjectDetection(config), pictures)


def d_fine(folder: Path) -> Path:
    from transformers import DFineConfig, DFineForObjectDetection, HGNetV2Config, RTDetrImageProcessor

    net = HGNetV2Config(
        stem_channels=[3, 8, 8], stage_in_channels=[8, 16, 16, 16], stage_mid_channels=[8, 8, 8, 8],
        stage_out_channels=[16, 16, 16, 16], stage_num_blocks=[1, 1, 1, 1], stage_numb_of_layers=[1, 1, 1, 1],
        hidden_sizes=[16, 16, 16, 16], depths=[1, 1, 1, 1], embedding_size=8,
        out_features=["stage2", "stage3", "stage4"],
    )  # fmt: skip
    sizes = _detr_sizes() | {"decoder_n_points": [2, 2, 2], "feat_strides": [8, 16, 32]}
    config = DFineConfig(backbone_config=net, **sizes, **_labels())
    return _detector(folder, DFineForObjectDetection(config), RTDetrImageProcessor(size={"height": 64, "width": 64}))


def yolos(folder: Path) -> Path:
    from transformers import YolosConfig, YolosForObjectDetection, YolosImageProcessor

    config = YolosConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=[64, 64],
        patch_size=16, num_detection_tokens=8, use_mid_position_embeddings=False, **_labels(),
    )  # fmt: skip
    pictures = YolosImageProcessor(size={"shortest_edge": 64, "longest_edge": 96})
    return _detector(folder, YolosForObjectDetection(config), pictures)


def owlv2(folder: Path) -> Path:
    from transformers import Owlv2Config, Owlv2ForObjectDetection, Owlv2ImageProcessor

    tokenizer = _clip_letters(folder)
    text = {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
        "vocab_size": len(tokenizer), "max_position_embeddings": 16,
        "bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }  # fmt: skip
    vision = {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
        "image_size": 64, "patch_size": 16,
    }  # fmt: skip
    config = Owlv2Config(text_config=text, vision_config=vision, projection_dim=16)
    pictures = Owlv2ImageProcessor(size={"height": 64, "width": 64})
    return save(folder, Owlv2ForObjectDetection(config), tokenizer, pictures, "Owlv2Processor")


def _clip_letters(folder: Path) -> Any:
    """CLIP's own kind of tokenizer, without merges: OWLv2's processor takes no other. A text is its letters."""
    from transformers import AutoTokenizer

    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {token: number for number, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    settings = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 16}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return AutoTokenizer.from_pretrained(folder)


def grounding_dino(folder: Path) -> Path:
    from transformers import GroundingDinoConfig, GroundingDinoForObjectDetection

    return _grounding(folder, GroundingDinoConfig, GroundingDinoForObjectDetection)


def mm_grounding_dino(folder: Path) -> Path:
    from transformers import MMGroundingDinoConfig, MMGroundingDinoForObjectDetection

    return _grounding(folder, MMGroundingDinoConfig, MMGroundingDinoForObjectDetection)


def _grounding(folder: Path, config_class: Any, model_class: Any) -> Path:
    from transformers import GroundingDinoImageProcessor, SwinConfig

    tokenizer = _bert_tokenizer()
    swin = SwinConfig(
        embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2], window_size=4, image_size=64, patch_size=4,
        out_features=["stage2", "stage3", "stage4"],
    )  # fmt: skip
    text = {
        "model_type": "bert", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 32, "vocab_size": len(tokenizer), "max_position_embeddings": 64,
    }  # fmt: skip
    config = config_class(
        backbone_config=swin, text_config=text, d_model=32, encoder_layers=1, decoder_layers=2, encoder_ffn_dim=16,
        decoder_ffn_dim=16, encoder_attention_heads=2, decoder_attention_heads=2, num_queries=8, max_text_len=32,
    )  # fmt: skip
    pictures = GroundingDinoImageProcessor(size={"shortest_edge": 64, "longest_edge": 96})
    return save(folder, model_class(config), tokenizer, pictures, "GroundingDinoProcessor")


def omdet_turbo(folder: Path) -> Path:
    from transformers import DetrImageProcessor, OmDetTurboConfig, OmDetTurboForObjectDetection, SwinConfig

    tokenizer = _clip_letters(folder)
    swin = SwinConfig(
        embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2], window_size=4, image_size=64, patch_size=4,
        out_indices=[2, 3, 4],
    )  # fmt: skip
    text = {
        "model_type": "clip_text_model", "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1,
        "num_attention_heads": 2, "vocab_size": len(tokenizer), "max_position_embeddings": 77, "projection_dim": 32,
        "bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }  # fmt: skip
    config = OmDetTurboConfig(
        backbone_config=swin, text_config=text, image_size=64, text_projection_in_dim=32, text_projection_out_dim=32,
        task_encoder_hidden_dim=16, class_embed_dim=32, num_queries=8, d_model=16, encoder_in_channels=[16, 32, 64],
        vision_features_channels=[16, 16, 16], encoder_hidden_dim=16, encoder_attention_heads=2,
        encoder_dim_feedforward=16, decoder_hidden_dim=16, decoder_num_heads=2, decoder_num_layers=2,
        decoder_dim_feedforward=16, apply_layernorm_after_vision_backbone=False, backbone=None,
        use_timm_backbone=False, use_pretrained_backbone=False,
    )  # fmt: skip
    pictures = DetrImageProcessor(size={"height": 64, "width": 64}, do_pad=False)
    return save(folder, OmDetTurboForObjectDetection(config), tokenizer, pictures, "OmDetTurboProcessor")


def rt_detr_v2(folder: Path) -> Path:
    from transformers import RTDetrImageProcessor, RTDetrResNetConfig, RTDetrV2Config, RTDetrV2ForObjectDetection

    resnet = RTDetrResNetConfig(**{name: value for name, value in _resnet().items() if name != "model_type"})
    config = RTDetrV2Config(backbone_config=resnet, **_detr_sizes(), **_labels())
    pictures = RTDetrImageProcessor(size={"height": 64, "width": 64})
    return _detector(folder, RTDetrV2ForObjectDetection(config), pictures)


def _first_detr(folder: Path, name: str) -> Path:
    """DETR and Conditional DETR with a backbone of transformers; most published ones name one of timm."""
    import transformers

    resnet = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], out_features=["stage4"]
    )
    config = getattr(transformers, f"{name}Config")(
        backbone_config=resnet, use_timm_backbone=False, use_pretrained_backbone=False, backbone=None, num_queries=8,
        d_model=16, encoder_layers=1, decoder_layers=2, encoder_ffn_dim=16, decoder_ffn_dim=16,
        encoder_attention_heads=2, decoder_attention_heads=2, **_labels(),
    )  # fmt: skip
    pictures = getattr(transformers, f"{name}ImageProcessor")(size={"shortest_edge": 64, "longest_edge": 96})
    return _detector(folder, getattr(transformers, f"{name}ForObjectDetection")(config), pictures)


def detr(folder: Path) -> Path:
    return _first_detr(folder, "Detr")


def conditional_detr(folder: Path) -> Path:
    return _first_detr(folder, "ConditionalDetr")


def rf_detr(folder: Path) -> Path:
    from transformers import RfDetrConfig, RfDetrForObjectDetection, RfDetrImageProcessor

    tower = {
        "model_type": "rf_detr_dinov2", "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
        "mlp_ratio": 2, "image_size": 64, "patch_size": 16, "num_windows": 1, "out_features": ["stage2"],
    }  # fmt: skip
    config = RfDetrConfig(
        backbone_config=tower, d_model=16, decoder_ffn_dim=16, decoder_layers=2, decoder_self_attention_heads=2,
        decoder_cross_attention_heads=2, num_queries=8, group_detr=1, **_labels(),
    )  # fmt: skip
    return _detector(folder, RfDetrForObjectDetection(config), RfDetrImageProcessor(size={"height": 64, "width": 64}))


DETECTORS: Mapping[str, Callable[[Path], Path]] = {
    "rt_detr": rt_detr,
    "d_fine": d_fine,
    "yolos": yolos,
    "owlv2": owlv2,
    "grounding_dino": grounding_dino,
    "mm_grounding_dino": mm_grounding_dino,
    "omdet_turbo": omdet_turbo,
    "rt_detr_v2": rt_detr_v2,
    "detr": detr,
    "conditional_detr": conditional_detr,
    "rf_detr": rf_detr,
}
