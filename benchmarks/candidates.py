"""Three candidates for each of five patches with LLaVA-1.6: fifteen single calls against this project's way.

    python -m benchmarks.candidates [--tokens 64] [--tiny]

A LLaVA-1.6 of 160 million parameters with random weights, and with the real tower's input (336 pixels, patches of 14)
and grid, so that its prompts have the real lengths (up to 2,900 tokens). A single call is one question to the same
engine, so that both ways draw by the same seeds, and the texts must be the same (fp32). CPU time of one thread.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from patchmatters.backends.transformers_chat import TransformersSettings, create
from patchmatters.models import QUIET, Question, derive_seed
from patchmatters.picture import Crop
from patchmatters.scene import Box
from tests.engine import tiny_models

# Four quadrants and the whole of a 4:3 photograph, one quadrant widened by what lies across its edge.
BOXES = (
    Box(0, 0, 640, 480), Box(0, 0, 320, 240), Box(320, 0, 640, 240), Box(0, 240, 320, 480), Box(220, 240, 640, 480)
)  # fmt: skip
TEXT = {
    "hidden_size": 768, "intermediate_size": 2688, "num_hidden_layers": 14, "num_attention_heads": 12,
    "num_key_value_heads": 12, "vocab_size": 32064,
}  # fmt: skip
VISION = {
    "hidden_size": 256, "intermediate_size": 1024, "num_hidden_layers": 4, "num_attention_heads": 4, "image_size": 336,
    "patch_size": 14,
}  # fmt: skip


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=64, help="length of every description (default: 64)")
    parser.add_argument("--tiny", action="store_true", help="tiny dimensions, to see that it runs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        sizes = {} if options.tiny else {"text": TEXT, "vision": VISION}
        tiny_models.llava_next(Path(folder), **sizes)
        model = create(TransformersSettings(folder, device="cpu", precision="fp32"))
        with model.residence.lend(0) as module:  # loaded before anything is timed
            parameters = sum(one.numel() for one in module.parameters())
        questions = _questions(options.tokens)
        together, fast = timed(lambda: model.answer(questions, QUIET))
        single, slow = timed(lambda: [model.answer([question], QUIET)[0] for question in questions])
    lengths = sorted({answer.input_tokens for answer in together})
    same = [answer.text for answer in together] == [answer.text for answer in single]
    print(f"{parameters / 1e6:.0f} million parameters, prompts of {lengths} tokens, up to {options.tokens} new tokens")
    print(f"15 single calls   {slow:7.1f} s")
    print(f"this project      {fast:7.1f} s   {slow / fast:.2f}x   same text: {same}")
    sys.exit(not same)


def _questions(tokens: int) -> list[Question]:
    noise = Image.frombytes("RGB", (64, 48), random.Random(3).randbytes(64 * 48 * 3))
    photo = noise.resize((640, 480))
    return [
        Question(
            f"patch {number}, candidate {candidate}",
            "Describe this image in detail.",
            (Crop("benchmark", box, photo),),
            temperature=0.7,
            max_new_tokens=tokens,
            seed=derive_seed(0, number, candidate),
        )
        for number, box in enumerate(BOXES)
        for candidate in range(3)
    ]


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


if __name__ == "__main__":
    main()
