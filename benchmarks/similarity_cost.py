"""What it costs to find agreement in captions as real models write them: `python -m benchmarks.similarity_cost`.

All stages on the answers of a bank (`evaluation.bank`: 13 a photograph, no text model, no scorer), CPU milliseconds a
photograph on one thread, by words and with sentence embeddings, each in a process of its own that has seen none of the
answers before. Loading packages and models does not count: each process first captions a picture of its own. The
model alone is the labelled sentences of the answers through the embedding model and nothing else.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from evaluation.bank import shared_dir
from evaluation.bank.photographs import Photograph, photographs_of, with_similarity
from patchmatters.backends.scripted import ScriptedChat
from patchmatters.language import SIMILARITIES
from patchmatters.pipeline import DEFAULT, PRESETS, caption_pictures

WAYS = {"by words": "lexical", "with embeddings": "embeddings"}
ALONE = "the embedding model alone"


def milliseconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return 1000 * (time.process_time() - start)


def caption_cost(photographs: list[Photograph], similarity: str) -> float:
    """Mean CPU milliseconds for a photograph whose answers are there already."""
    preset = with_similarity(PRESETS[DEFAULT], similarity)
    warm = ScriptedChat(lambda question: f"A gray wall of {question.name}.", follows_instructions=False)
    caption_pictures([Image.new("RGB", (64, 64), "gray")], warm, preset=preset)
    return statistics.mean(
        milliseconds(lambda one=one: one.captioned(one.chat(), None, preset=preset)) for one in photographs
    )


def model_cost(photographs: list[Photograph]) -> float:
    """Mean CPU milliseconds for the labelled sentences of a photograph, each embedded once."""
    similarity = SIMILARITIES["embeddings"]()
    similarity.matrix(["A gray wall."], ["A gray wall."])
    said = [[sentence["text"] for _, sentence in one.labelled] for one in photographs]
    return statistics.mean(milliseconds(lambda texts=texts: similarity.matrix(texts, texts[:1])) for texts in said)


def measured(way: str, options: argparse.Namespace) -> float:
    """One way in a process of its own, the best of `--repeat`."""
    files = ["--bank", str(options.bank), *(["--images", str(options.images)] if options.images else [])]
    command = [sys.executable, "-m", "benchmarks.similarity_cost", *files, "--way", way]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    return min(
        float(subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout)
        for _ in range(options.repeat)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bank", type=Path, default=shared_dir() / "vlm_bank" / "bank.json")
    parser.add_argument("--images", type=Path, help="folder of the photographs; default: did_bench/images beside it")
    parser.add_argument("--repeat", type=int, default=3, help="processes for each way; the best counts")
    parser.add_argument("--way", choices=(*WAYS, ALONE), help="measure this one here and print only its milliseconds")
    options = parser.parse_args()
    try:
        photographs = photographs_of(options.bank, options.images)
    except ValueError as error:
        sys.exit(str(error))
    if options.way:
        print(model_cost(photographs) if options.way == ALONE else caption_cost(photographs, WAYS[options.way]))
        return
    found = {way: measured(way, options) for way in (*WAYS, ALONE)}
    print("| way | CPU ms a photograph | times by words |\n|---|---|---|")
    for way, cost in found.items():
        print(f"| {way} | {cost:.0f} | {cost / found['by words']:.1f} |")


if __name__ == "__main__":
    main()
