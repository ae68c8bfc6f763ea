"""What a model folder is good for, told by its configuration in a millisecond, and models worth a download."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path

from ...weights.model_files import CONFIG, find_folders
from ...weights.model_names import found_by_name
from .. import scorers_by_architecture


class Kind(str, Enum):
    """What part of the method a model can play."""

    CHAT = "chat model"
    SCORER = "scorer"
    DETECTOR = "detector"


_BY_ENDING: Mapping[str, Kind] = {
    "ForObjectDetection": Kind.DETECTOR,
    "ForConditionalGeneration": Kind.CHAT,
    "ForCausalLM": Kind.CHAT,
}

# What somebody begins with: a small captioner that names objects, and a small scorer, 1.3 GB together.
SMALL_CAPTIONER, SMALL_SCORER = "HuggingFaceTB/SmolVLM-256M-Instruct", "google/siglip-base-patch16-224"

# Ids on Hugging Face, downloaded when they are chosen and not on this machine, with the GB that their weights take in
# bf16: 2 bytes a parameter. Held in November 2026 against what the hub shows of their files (8.88 GB for Qwen3-VL-4B,
# 4.49 for SmolVLM, 8.0 billion parameters for Gemma 4 E4B, 7.57 for LLaVA-1.6), where it could be looked up; the others
# are reckoned from the sizes that they are named by. What needs least is first.
WELL_KNOWN: Mapping[Kind, Mapping[str, float]] = {
    Kind.CHAT: {
        SMALL_CAPTIONER: 0.5,
        "Qwen/Qwen3-VL-2B-Instruct": 4,
        "HuggingFaceTB/SmolVLM-Instruct": 4.5,
        "Qwen/Qwen3-VL-4B-Instruct": 8.9,
        "Qwen/Qwen3.5-4B": 9,
        "llava-hf/llava-1.5-7b-hf": 14,
        "YanweiLi/MGM-7B": 15,
        "llava-hf/llava-v1.6-mistral-7b-hf": 15,
        "google/gemma-4-E4B-it": 16,
        "meta-llama/Llama-3.1-8B-Instruct": 16,
        "Qwen/Qwen2.5-VL-7B-Instruct": 17,
        "Qwen/Qwen3-VL-8B-Instruct": 18,
    },
    Kind.SCORER: {
        SMALL_SCORER: 0.4,
        "Salesforce/blip-itm-base-coco": 0.4,
        "openai/clip-vit-large-patch14-336": 0.9,
        "Salesforce/blip-itm-large-coco": 0.9,
        "google/siglip-so400m-patch14-384": 1.8,
        "google/siglip2-so400m-patch14-384": 2.3,
        "Salesforce/blip2-itm-vit-g": 2.3,
    },
    Kind.DETECTOR: {
        "PekingU/rtdetr_r50vd_coco_o365": 0.1,
        "ustc-community/dfine-large-coco": 0.1,
        "hustvl/yolos-small": 0.1,
        "google/owlv2-base-patch16-ensemble": 0.3,
        "IDEA-Research/grounding-dino-tiny": 0.3,
    },
}


def needs(kind: Kind) -> str:
    """What the weights of the well-known models take in bf16, in a sentence."""
    listed = ", ".join(f"{name.rpartition('/')[2]} {size:g}" for name, size in WELL_KNOWN[kind].items())
    return f"GB of memory for the weights in bf16: {listed}."


def kind_of(folder: Path) -> Kind | None:
    """What a model folder is good for, None where its configuration says nothing known."""
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # a damaged folder is listed nowhere; opening it says what is wrong
        return None
    names = config.get("architectures") if isinstance(config, dict) else None
    for name in map(str, names if isinstance(names, list) else ()):
        if name in scorers_by_architecture():
            return Kind.SCORER
        for ending, kind in _BY_ENDING.items():
            if name.endswith(ending):
                return kind
    return None


_ALSO_DETECTS = ("florence2",)  # captioners that are detectors by another task


def plays(folder: Path, kind: Kind) -> bool:
    """Whether a model folder can play that part. A captioner may be a detector too."""
    found = kind_of(folder)
    return found is kind or (found is Kind.CHAT and kind is Kind.DETECTOR and _type_of(folder) in _ALSO_DETECTS)


def _type_of(folder: Path) -> str:
    return str(json.loads((folder / CONFIG).read_text(encoding="utf-8")).get("model_type"))


def lacking(kind: Kind, name: str, roots: Sequence[str | Path]) -> str:
    """Why a model that a workflow names cannot be had, empty where it can: it is there, or a well-known one.

    The list of `offered` has one name for each model; a workflow may know it by another, as by its id. An id that is
    neither is no offer: no workflow of somebody else's may start a download that its reader has not chosen.
    """
    if name in WELL_KNOWN[kind] or found_by_name(name, list(map(Path, roots))) is not None:
        return ""
    return f"There is no model {name!r} in models/LLM: put its folder there, or choose one of the list."


def offered(kind: Kind, roots: Sequence[str | Path]) -> list[str]:
    """Names for a list to choose from: what lies below `roots`, then well-known ids that do not."""
    found = [name for name, folder in find_folders(roots).items() if plays(folder, kind)]
    lasts = {name.rpartition("/")[2] for name in found}
    return [*found, *(name for name in WELL_KNOWN[kind] if name.rpartition("/")[2] not in lasts)]
