"""Scoring 20 sentences against one crop by BLIP image-text matching: the authors' way against this project's.

    python -m benchmarks.itm_scoring [--tiny]

BLIP base (ITM) in its real dimensions with random weights: the arithmetic is that of the real model, the scores mean
nothing. The authors' way is two calls of the model per sentence, one per head, so that the crop is encoded 40 times.
CPU time of one thread; the ratio is what counts.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.candidates import timed
from patchmatters.backends import blip
from patchmatters.backends.local.scoring import ScorerSettings
from patchmatters.picture import Crop
from patchmatters.scene import Box
from tests.engine import tiny_models

SENTENCES, LONGEST, SHORTEST = 20, 33, 11  # words; with [CLS] and [SEP] 13 to 35 tokens, as in the authors' data
BASE_TEXT = {
    "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
    "encoder_hidden_size": 768, "vocab_size": 30524, "max_position_embeddings": 512,
}  # fmt: skip
BASE_VISION = {
    "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12, "patch_size": 16,
}  # fmt: skip


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="tiny dimensions, to see that it runs")
    tiny = parser.parse_args().tiny
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        sizes = {} if tiny else {"side": 384, "text": BASE_TEXT, "vision": BASE_VISION}
        tiny_models.blip_itm(Path(folder), **sizes)
        scorer = blip.create(ScorerSettings(folder, device="cpu"))
        crop, sentences = _crop(), _sentences()
        with scorer.weights.lend() as module:  # loaded before anything is timed
            theirs, slow = timed(lambda: _authors_way(module, scorer, crop, sentences))
        ours, fast = timed(lambda: scorer.score(crop, sentences))
    difference = max(abs(one - other) for one, other in zip(ours, theirs, strict=True))
    print(f"the authors' way  {slow:7.2f} s")
    print(f"this project      {fast:7.2f} s   {slow / fast:.1f}x   largest difference of a score {difference:.1e}")


def _authors_way(module: Any, scorer: Any, crop: Crop, sentences: Sequence[str]) -> list[float]:
    """One sentence at a time, and one call of the whole model per head (rank_captions of the authors' code)."""
    import torch

    processor = scorer.weights.processor
    enc = processor.tokenizer.get_vocab()["[ENC]"]
    found = []
    for sentence in sentences:
        inputs = processor(images=crop.load(), text=sentence, return_tensors="pt")
        matching = inputs["input_ids"].clone()
        matching[:, 0] = enc
        itm = module(**{**inputs, "input_ids": matching}, use_itm_head=True).itm_score
        itc = module(**inputs, use_itm_head=False).itm_score
        found.append(float(torch.softmax(itm, 1)[0, 1] + itc[0, 0]) / 2)
    return found


def _sentences() -> list[str]:
    random_ = random.Random(1)
    lengths = [SHORTEST + (LONGEST - SHORTEST) * number // (SENTENCES - 1) for number in range(SENTENCES)]
    return [" ".join(random_.choice(tiny_models.WORDS) for _ in range(length)) for length in lengths]


def _crop() -> Crop:
    random_ = random.Random(2)
    picture = Image.frombytes("RGB", (48, 48), random_.randbytes(48 * 48 * 3)).resize((384, 384))
    return Crop("benchmark", Box(0, 0, 384, 384), picture)


if __name__ == "__main__":
    main()
