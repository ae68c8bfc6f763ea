"""The miniatures: real transformers architectures, small enough to be trained on a CPU in minutes.

Captioner: LlavaForConditionalGeneration (CLIP tower, two-layer projector, Llama). Scorer: BlipForImageTextRetrieval
(ITM and ITC heads). Their towers have the same shape, so that what one learned to see is given to the other.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from evaluation.worlds.language import EYE, words

PATCH, WIDTH, LAYERS, HEADS = 8, 96, 4, 4
TEXT_WIDTH, TEXT_LAYERS = 128, 2
TOKENS = (EYE // PATCH) ** 2
MEAN, SPREAD = [0.5] * 3, [0.25] * 3
SPECIAL = ("<pad>", "<s>", "</s>", "<unk>", "<image>")
TEMPLATE = (
    "<s>{% for message in messages %}USER : {% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}<image> {% else %}{{ part['text'] }}"
    "{% endif %}{% endfor %}{% endif %}{% endfor %}{% if add_generation_prompt %} ASSISTANT :{% endif %}"
)


def _word_level(vocabulary: list[str], unknown: str) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    inner = Tokenizer(models.WordLevel({word: number for number, word in enumerate(vocabulary)}, unk_token=unknown))
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    inner.decoder = decoders.WordPiece(prefix="##", cleanup=True)
    return inner


def captioner_tokenizer() -> Any:
    """Whole words, case kept. It adds nothing: the chat template writes <s>, in training as in use."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=_word_level([*SPECIAL, *words()], "<unk>"),
        pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>",
        additional_special_tokens=["<image>"], padding_side="left", model_max_length=512,
    )  # fmt: skip


def build_captioner() -> Any:
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    tokenizer = captioner_tokenizer()
    vision = CLIPVisionConfig(
        hidden_size=WIDTH, intermediate_size=3 * WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
        image_size=EYE, patch_size=PATCH, projection_dim=WIDTH, hidden_act="gelu",
    )  # fmt: skip
    text = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=TEXT_WIDTH, intermediate_size=320, num_hidden_layers=TEXT_LAYERS,
        num_attention_heads=4, num_key_value_heads=4, max_position_embeddings=512,
        pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    return LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=vision, text_config=text, image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
            vision_feature_layer=-1, vision_feature_select_strategy="default", image_seq_length=TOKENS,
        )
    )  # fmt: skip


def build_scorer() -> Any:
    from transformers import BlipConfig, BlipForImageTextRetrieval

    vision = {
        "hidden_size": WIDTH, "intermediate_size": 3 * WIDTH, "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS, "image_size": EYE, "patch_size": PATCH,
    }  # fmt: skip
    text = {
        "vocab_size": len(scorer_vocabulary()), "hidden_size": WIDTH, "encoder_hidden_size": WIDTH,
        "intermediate_size": 3 * WIDTH, "num_hidden_layers": 3, "num_attention_heads": HEADS,
        "max_position_embeddings": 64, "pad_token_id": 0, "bos_token_id": 2, "sep_token_id": 3,
        "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
    }  # fmt: skip
    return BlipForImageTextRetrieval(BlipConfig(vision_config=vision, text_config=text, image_text_hidden_size=64))


def scorer_vocabulary() -> list[str]:
    lowered = sorted({word.lower() for word in words()})
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *lowered, "[DEC]", "[ENC]"]


def scorer_tokenizer() -> Any:
    from transformers import BertTokenizer

    return BertTokenizer(vocab={word: number for number, word in enumerate(scorer_vocabulary())}, do_lower_case=True)


def image_processor(kind: str) -> Any:
    """ "CLIP" or "Blip": a view of any shape becomes EYE x EYE pixels."""
    import transformers

    size = {"height": EYE, "width": EYE}
    crop = {"do_center_crop": False} if kind == "CLIP" else {}
    cls = getattr(transformers, f"{kind}ImageProcessorPil")
    return cls(size=size, image_mean=MEAN, image_std=SPREAD, **crop)


def save_captioner(model: Any, folder: Path) -> None:
    """The captioner as a model folder, weights in half precision."""
    from transformers import LlavaProcessor

    model.half().save_pretrained(folder)
    LlavaProcessor(
        image_processor=image_processor("CLIP"), tokenizer=captioner_tokenizer(), patch_size=PATCH,
        vision_feature_select_strategy="default", chat_template=TEMPLATE, num_additional_image_tokens=1,
    ).save_pretrained(folder)  # fmt: skip
    _mark_half(folder)


def save_scorer(model: Any, folder: Path) -> None:
    """The scorer as a model folder, weights in half precision."""
    from transformers import BlipProcessor

    model.half().save_pretrained(folder)
    BlipProcessor(image_processor("Blip"), scorer_tokenizer()).save_pretrained(folder)
    _mark_half(folder)


def _mark_half(folder: Path) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8")) | {"dtype": "float16"}
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def tower_of(captioner: Any) -> Any:
    tower = captioner.model.vision_tower
    return getattr(tower, "vision_model", tower)


def share_sight(captioner: Any, scorer: Any) -> None:
    """Give the scorer's tower what the captioner's has learned; BLIP has no norm before its layers and adapts."""
    import torch

    tower, taken = tower_of(captioner), scorer.vision_model
    with torch.no_grad():
        taken.embeddings.patch_embedding.weight.copy_(tower.embeddings.patch_embedding.weight)
        taken.embeddings.position_embedding.copy_(tower.embeddings.position_embedding.weight[None])
        taken.embeddings.class_embedding.copy_(tower.embeddings.class_embedding[None, None])
        for one, other in zip(tower.encoder.layers, taken.encoder.layers, strict=True):
            attention = one.self_attn
            parts = (attention.q_proj, attention.k_proj, attention.v_proj)
            other.self_attn.qkv.weight.copy_(torch.cat([part.weight for part in parts]))
            other.self_attn.qkv.bias.copy_(torch.cat([part.bias for part in parts]))
            other.self_attn.projection.load_state_dict(attention.out_proj.state_dict())
            other.layer_norm1.load_state_dict(one.layer_norm1.state_dict())
            other.layer_norm2.load_state_dict(one.layer_norm2.state_dict())
            other.mlp.load_state_dict(one.mlp.state_dict())
