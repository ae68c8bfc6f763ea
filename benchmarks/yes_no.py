"""Twenty statements about one crop, asked yes or no with LLaVA-1.6: one call a statement against all on one reading.

    python -m benchmarks.yes_no [--tiny]

The same model as in benchmarks.candidates: random weights, prompts of the real length. The scores must be the same
(fp32). CPU time of one thread; the ratio is what counts.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from PIL import Image

from benchmarks.candidates import TEXT, VISION, timed
from patchmatters.backends.judge import judge_by
from patchmatters.backends.transformers_chat import TransformersSettings, create
from patchmatters.picture import Crop
from patchmatters.scene import Box
from tests.engine import tiny_models

STATEMENTS = tuple(
    f"{article} {colour} {thing} is {place} the {other}"
    for article, colour, thing, place, other in zip(
        ("a", "the") * 10, ("red", "blue", "green", "white", "black") * 4, tiny_models.WORDS[2:22],
        ("near", "on", "under", "in") * 5, reversed(tiny_models.WORDS[2:22]), strict=True,
    )
)  # fmt: skip


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="tiny dimensions, to see that it runs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        tiny_models.llava_next(Path(folder), **({} if options.tiny else {"text": TEXT, "vision": VISION}))
        judge = judge_by(create(TransformersSettings(folder, device="cpu", precision="fp32")))
        crop = Crop("benchmark", Box(0, 0, 640, 480), Image.effect_noise((640, 480), 64).convert("RGB"))
        with judge.residence.lend(0):  # loaded before anything is timed
            judge.chat.speech.processor  # noqa: B018 - read from its files
        together, fast = timed(lambda: judge.score(crop, STATEMENTS))
        single, slow = timed(lambda: [judge.score(crop, [statement])[0] for statement in STATEMENTS])
    difference = max(abs(one - other) for one, other in zip(together, single, strict=True))
    print(f"20 single calls   {slow:7.2f} s")
    print(f"one reading       {fast:7.2f} s   {slow / fast:.2f}x   largest difference of a score: {difference:.1e}")
    sys.exit(difference > 1e-3)


if __name__ == "__main__":
    main()
