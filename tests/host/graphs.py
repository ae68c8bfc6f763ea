"""Building and reading API-format prompts in tests."""

from __future__ import annotations

from typing import Any

from host.comfy_server import Server

OURS = "PatchMatters_"
Prompt = dict[str, Any]


def ids(prompt: Prompt, class_type: str) -> list[str]:
    return [node for node, spec in prompt.items() if spec["class_type"] in (class_type, OURS + class_type)]


def downstream(prompt: Prompt, node: str) -> set[str]:
    """The node and everything that depends on it."""
    found = {node}
    while True:
        more = {
            name
            for name, spec in prompt.items()
            if any(isinstance(value, list) and value[0] in found for value in spec["inputs"].values())
        }
        if more <= found:
            return found
        found |= more


def add(prompt: Prompt, name: str, class_type: str, **inputs: Any) -> Prompt:
    return prompt | {name: {"class_type": class_type, "inputs": inputs}}


def pictures(server: Server, count: int, size: int = 96) -> Prompt:
    """Nodes that load `count` different pictures as one batch; the batch is node "batch"."""
    from PIL import Image

    prompt: Prompt = {}
    for number in range(count):
        name = f"plain_{number}_{size}.png"
        picture = Image.new("RGB", (size, size), [(200, 30, 30), (30, 160, 40), (40, 60, 200), (240, 240, 240)][number])
        picture.paste((250, 220, 20), (0, 0, size // 2, size // 2))
        picture.save(server.base / "input" / name)
        prompt |= {f"load{number}": {"class_type": "LoadImage", "inputs": {"image": name}}}
    links = {f"images.image{number}": [f"load{number}", 0] for number in range(count)}
    return add(prompt, "batch", "BatchImagesNode", **links)


def enhanced(prompt: Prompt, image: list[Any], **inputs: Any) -> Prompt:
    """The prompt with Enhance Caption on `image`, and its captions as texts of node "texts"."""
    prompt = add(prompt, "captioner", f"{OURS}BuiltinModel", max_sentences=9)
    prompt = add(prompt, "scorer", f"{OURS}Scorer", model="built-in")
    given = {"seed": 0, "preset": "careful", "chat_model": ["captioner", 0], "scorer": ["scorer", 0]}
    prompt = add(prompt, "enhance", f"{OURS}EnhanceCaption", image=image, **given | inputs)
    return add(prompt, "texts", "PreviewAny", source=["enhance", 0])


def stage_names(executed: list[str]) -> list[str]:
    """The stages that ran inside an expansion, in order, without the pack's prefix."""
    return [name.rsplit(OURS, 1)[1] for name in executed if OURS in name]
