"""What Fit Prompt to Encoder costs: `python -m benchmarks.fit_prompt`, with ComfyUI's Python and COMFYUI_PATH set.

Fits a caption of 600 words to the tokenizers that ComfyUI ships, 20 times after a first one, and prints the median of
the CPU time and of the clock, in milliseconds. Every run has other words, so that no count is remembered.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TOKENIZERS = {
    "SD 1.5": ("comfy.sd1_clip", "SD1Tokenizer"),
    "SDXL": ("comfy.sdxl_clip", "SDXLTokenizer"),
    "Flux": ("comfy.text_encoders.flux", "FluxTokenizer"),
    "SD3": ("comfy.text_encoders.sd3_clip", "SD3Tokenizer"),
    "Qwen-Image": ("comfy.text_encoders.qwen_image", "QwenImageTokenizer"),
}
PLACES = ("At the top left", "At the top right", "At the bottom left", "On the right")
THINGS = ("lamp", "curtain", "wooden chair", "window", "bicycle", "painting")
LIMIT_MS = 50.0


def caption(number: int, words: int) -> str:
    """A caption of so many words, other ones for every number: sentences of their own, and clauses at places."""
    lines: list[str] = []
    while len(" ".join(lines).split()) < words:
        at = len(lines)
        thing, other = THINGS[at % len(THINGS)], THINGS[(at + number) % len(THINGS)]
        lines.append(f"{PLACES[at % len(PLACES)]}: the {thing} number {number + at} is red; the {other} (old) is {at}.")
        lines.append(f"A {thing} of {number + 7 * at} pieces stands in front of the {other} beside the white wall.")
    return " ".join(" ".join(lines).split()[:words]) + "."


def clip_of(kind: str) -> Any:
    """Core's CLIP with its own tokenizer and no weights: counting asks for none."""
    from comfy.sd import CLIP
    from comfy.sd1_clip import SD1ClipModel

    module, name = TOKENIZERS[kind]
    clip = CLIP(no_init=True)
    clip.tokenizer = getattr(importlib.import_module(module), name)()
    clip.tokenizer_options = {}
    clip.cond_stage_model = SD1ClipModel.__new__(SD1ClipModel)
    return clip


def load_node() -> Any:
    """The node's class, the pack loaded by its path as ComfyUI does."""
    spec = importlib.util.spec_from_file_location("pack", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)])
    pack = importlib.util.module_from_spec(spec)
    sys.modules["pack"] = pack
    spec.loader.exec_module(pack)
    return importlib.import_module("pack.nodes.fit_prompt").FitPrompt


def timed(node: Any, clip: Any, words: int, repeat: int) -> Iterator[tuple[float, float]]:
    """(CPU, clock) milliseconds of each run but the first."""
    inputs = {one.id: one.default for one in node.GET_SCHEMA().inputs if getattr(one, "default", None) is not None}
    for number in range(repeat + 1):
        text = caption(number, words)
        cpu, clock = time.process_time(), time.perf_counter()
        node.EXECUTE_NORMALIZED(caption=text, clip=clip, **inputs)
        if number:
            yield 1000 * (time.process_time() - cpu), 1000 * (time.perf_counter() - clock)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, default=600)
    parser.add_argument("--repeat", type=int, default=20)
    settings = parser.parse_args()
    comfy = Path(os.environ.get("COMFYUI_PATH") or Path.home() / "ComfyUI")
    if not (comfy / "comfy_api").is_dir():
        sys.exit(f"There is no ComfyUI at {comfy}: set COMFYUI_PATH.")
    sys.path.insert(0, str(comfy))
    from comfy.cli_args import args

    args.cpu = True
    node, worst = load_node(), 0.0
    for kind in TOKENIZERS:
        cpu, clock = zip(*timed(node, clip_of(kind), settings.words, settings.repeat), strict=True)
        worst = max(worst, statistics.median(clock))
        print(f"{kind:11} {statistics.median(cpu):6.1f} ms CPU {statistics.median(clock):6.1f} ms by the clock")
    print(f"slowest: {worst:.1f} ms for {settings.words} words (target: {LIMIT_MS:g} ms)")
    return int(worst > LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main())
