"""Every picture-to-text family that transformers knows: whether it captions here, and in which way.

A test goes through transformers' own list, so that a family that is new in a release shows up as undecided there, and
not as a surprise at a user's. The table in docs/models.md is made of this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Way(str, Enum):
    """How a family is asked about pictures."""

    FAST = "fast"  # pictures and prompts are read once, by the decode core
    GENERATE = "generate"  # by transformers' own `generate`, one prompt at a time with all its candidates
    REFUSED = "refused"
    UNDECIDED = "undecided"  # nobody has looked yet: asked as GENERATE


@dataclass(frozen=True)
class Verdict:
    """What becomes of a family; `instead` says why it is refused and what to use, `note` what one has to know."""

    way: Way
    instead: str = ""
    note: str = ""


_FAST = (
    "llava", "llava_next", "vipllava", "llava_onevision", "qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe",
    "idefics2", "idefics3", "smolvlm", "internvl", "aya_vision", "mistral3", "janus",
    "cohere2_vision", "deepseek_vl", "gemma3", "glm46v", "glm4v", "lfm2_vl", "ovis2", "paligemma", "qwen3_5",
    "fast_vlm", "gemma3n", "gemma4", "minicpmv4_6", "molmo2", "perception_lm",
)  # fmt: skip
_GENERATE = (
    "apertus1p5", "aria", "blip", "blip-2", "chameleon", "cohere_compass", "cosmos3_edge",
    "cosmos3_omni", "deepseek_vl_hybrid", "dots3_note", "emu3", "ernie4_5_vl_moe", "exaone4_5",
    "florence2", "fuyu", "gemma4_unified", "git",
    "glm4v_moe", "glm5_next", "glmga", "granite4_vision", "hunyuan_vl", "hy_v4_vl", "hyperclovax_vision_v2",
    "inkling2", "inkling2_loop", "inkling_mm_model", "instructblip", "kimi_k25", "kosmos-2",
    "lfm3_vl", "llama4", "llava_next_video", "minicpmv4_7", "minimax_m3_vl",
    "mistral_large4", "mllama", "muse_glimmer", "muse_spark", "nemotron_h_omni",
    "pixtral", "qwen2_5_omni_thinker", "qwen3_5_moe",
    "qwen3_omni_moe_thinker", "qwen4_exp", "step3p7", "t5gemma2", "video_llama_3", "video_llava",
)  # fmt: skip

_READER = "reads documents and describes no photographs: choose a captioner such as Qwen3-VL, LLaVA or SmolVLM"
_READERS = (
    "deepseek_ocr2", "glm_ocr", "got_ocr2", "granite_docling", "kosmos-2.5", "lighton_ocr", "minicpm_ocr",
    "paddleocr_vl", "pix2struct", "pp_chart2table", "pp_formulanet", "qianfan_ocr", "udop", "unlimited_ocr",
)  # fmt: skip
_LANGUAGE = ("mistral4",)  # listed by transformers for pictures, and a language model all the same
_OTHERS: Mapping[str, str] = {
    "diffusion_gemma": "writes a whole block of words at a time, which cannot be drawn by seed: choose Gemma 3 or 4",
    "evolla": "describes proteins, not pictures: choose Qwen3-VL, LLaVA or SmolVLM",
    "idefics": "takes its pictures inside the text, as no later family does: choose Idefics 3",
    "instructblipvideo": "takes videos only: choose InstructBLIP, or LLaVA",
    "pi0": "moves robots and writes no text: choose PaliGemma, on which it is built",
    "shieldgemma2": "judges whether a picture is allowed and describes none: choose Gemma 3",
    "vision-encoder-decoder": "is a kind of many models that name no processor: choose BLIP or Florence-2",
}

_TIMM = "Its tower comes from the package timm, which has to be installed."
_NOTES: Mapping[str, str] = {
    "fast_vlm": _TIMM,
    "gemma3n": _TIMM,
    "llama4": "transformers 5.24.0 fails in its own code (image_outputs); tried with 4.57.",
    "perception_lm": _TIMM,
}

FAMILIES: Mapping[str, Verdict] = {
    **{name: Verdict(Way.FAST, note=_NOTES.get(name, "")) for name in _FAST},
    **{name: Verdict(Way.GENERATE, note=_NOTES.get(name, "")) for name in _GENERATE},
    **dict.fromkeys(_READERS, Verdict(Way.REFUSED, _READER)),
    **dict.fromkeys(_LANGUAGE, Verdict(Way.REFUSED, "is a language model and sees no pictures: choose Mistral 3")),
    **{name: Verdict(Way.REFUSED, instead) for name, instead in _OTHERS.items()},
}
CORE_FAMILIES = frozenset(name for name, verdict in FAMILIES.items() if verdict.way is Way.FAST)


_FAST_SINCE: Mapping[str, int] = {"lfm2_vl": 5}  # whose caches in older versions of transformers cannot repeat a row


def is_fast(model_type: str, transformers_version: str) -> bool:
    """Whether a family goes the fast way with this version of transformers ("4.57.6")."""
    major = int(transformers_version.partition(".")[0])
    return model_type in CORE_FAMILIES and major >= _FAST_SINCE.get(model_type, 0)


def verdict(model_type: str) -> Verdict:
    """What becomes of a model of this type."""
    return FAMILIES.get(model_type, Verdict(Way.UNDECIDED))


def is_language_model(model_type: str) -> bool:
    """Whether transformers lists a family for pictures though it only reads."""
    return model_type in _LANGUAGE


def require_usable(name: str, model_type: str) -> None:
    """ValueError, saying what to use instead, for a family that is refused. A language model may still read."""
    found = verdict(model_type)
    if found.way is Way.REFUSED and not is_language_model(model_type):
        raise ValueError(f"{name} (of the type {model_type}) {found.instead}.")
