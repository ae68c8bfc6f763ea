"""What a model folder is good for, told by its configuration in a millisecond, and models worth a download."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path

from .model_files import CONFIG, find_folders
from .model_names import found_by_name


class Kind(str, Enum):
    """What part of the method a model can play."""

    CHAT = "chat model"
    SCORER = "scorer"
    DETECTOR = "detector"


_BY_ENDING: Mapping[str, Kind] = {
    "ForImageTextRetrieval": Kind.SCORER,
    "CLIPModel": Kind.SCORER,
    "SiglipModel": Kind.SCORER,
    "Siglip2Model": Kind.SCORER,
    "ForObjectDetection": Kind.DETECTOR,
    "ForConditionalGeneration": Kind.CHAT,
    "ForCausalLM": Kind.CHAT,
}

# Ids on Hugging Face, downloaded when they are chosen and not on this machine. The paper's own models come first.
WELL_KNOWN: Mapping[Kind, Sequence[str]] = {
    Kind.CHAT: (
        "llava-hf/llava-1.5-7b-hf",
        "llava-hf/llava-v1.6-mistral-7b-hf",
        "YanweiLi/MGM-7B",
        "Qwen/Qwen3-VL-4B-Instruct",
        "Qwen/Qwen2.5-VL-7B-Instruct",
        "HuggingFaceTB/SmolVLM-Instruct",
        "meta-llama/Llama-3.1-8B-Instruct",
    ),
    Kind.SCORER: (
        "Salesforce/blip-itm-large-coco",
        "Salesforce/blip-itm-base-coco",
        "Salesforce/blip2-itm-vit-g",
        "openai/clip-vit-large-patch14-336",
        "google/siglip-so400m-patch14-384",
    ),
    Kind.DETECTOR: (
        "PekingU/rtdetr_r50vd_coco_o365",
        "ustc-community/dfine-large-coco",
        "hustvl/yolos-small",
        "google/owlv2-base-patch16-ensemble",
        "IDEA-Research/grounding-dino-tiny",
    ),
}


def kind_of(folder: Path) -> Kind | None:
    """What a model folder is good for, None where its configuration says nothing known."""
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # a damaged folder is listed nowhere; opening it says what is wrong
        return None
    names = config.get("architectures") if isinstance(config, dict) else None
    for name in names if isinstance(names, list) else ():
        for ending, kind in _BY_ENDING.items():
            if str(name).endswith(ending):
                return kind
    return None


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
    found = [name for name, folder in find_folders(roots).items() if kind_of(folder) is kind]
    lasts = {name.rpartition("/")[2] for name in found}
    return [*found, *(name for name in WELL_KNOWN[kind] if name.rpartition("/")[2] not in lasts)]
