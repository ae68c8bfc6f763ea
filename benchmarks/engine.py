"""What the engine itself costs: `python -m benchmarks.engine`.

Measures, in one run: process start to caption with the built-in backend (640x480 and 12 megapixels, best of
`--repeat`); all stages with a captioner that answers at once (5 described patches x 3 candidates, CPU time, median);
the import; and the memory that dividing and describing 8192x8192 pixels takes beside the picture.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from patchmatters.backends import CHAT_MODELS
from patchmatters.backends.scripted import ScriptedChat, ScriptedScorer
from patchmatters.describe import describe
from patchmatters.divide import divide
from patchmatters.models import Question
from patchmatters.pipeline import DEFAULT, PRESETS, caption_pictures
from patchmatters.scene import Box, Detection

FIVE_PATCHES = replace(PRESETS[DEFAULT], semantic=True)  # four, and that of the main objects
ROOT = Path(__file__).resolve().parent.parent
SUBJECTS = ("man", "dog", "bicycle", "tree", "bench", "kite", "fence", "cloud")
COLOURS = ("red", "blue", "green", "yellow", "white")
PLACES = ("beside a wooden table", "near the stone wall", "under a tall lamp", "in front of the house")
DETECTIONS = [Detection(Box(200, 20, 620, 300), "bench", 0.9), Detection(Box(40, 250, 200, 460), "dog", 0.8)]


def sample_text(question: Question) -> str:
    """Six sentences that mostly agree from candidate to candidate, and differ in a colour here and there.

    The picture's name is in each, so that no sentence was ever seen before.
    """
    picture = question.name.split(":")[0]
    lines = []
    for number in range(6):
        subject = SUBJECTS[(number + len(question.name)) % len(SUBJECTS)]
        colour = COLOURS[(number + (question.seed % 3 == 0)) % len(COLOURS)]
        lines.append(f"A {colour} {subject} stands {PLACES[(number + question.seed % 2) % len(PLACES)]} of {picture}.")
    return " ".join(lines)


def photograph(width: int, height: int) -> Path:
    """A picture of that size, made of the example."""
    from PIL import Image

    target = Path(tempfile.gettempdir()) / f"patchmatters_{width}x{height}.jpg"
    with Image.open(ROOT / "pictures" / "harbour.jpg") as example:
        example.resize((width, height)).save(target, quality=92)
    return target


def seconds_of(*command: str) -> float:
    start = time.perf_counter()
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL, env=env, cwd=ROOT)
    return time.perf_counter() - start


def best(repeat: int, *command: str) -> float:
    return min(seconds_of(*command) for _ in range(repeat))


def engine_alone(rounds: int) -> float:
    """Median CPU milliseconds for one image through all stages, with answers and scores that cost nothing."""
    from PIL import Image

    picture = Image.new("RGB", (640, 480), "gray")
    chat = ScriptedChat(sample_text, follows_instructions=False)
    scorer = ScriptedScorer(lambda _, sentence: len(sentence) % 10 / 10)
    spent = []
    for number in range(rounds):
        picture.putpixel((0, 0), (number % 256, 0, 0))
        start = time.process_time()
        caption_pictures(
            [picture], chat, scorer, detections=[DETECTIONS], preset=FIVE_PATCHES, names=[f"Street {number}"]
        )
        spent.append(1000 * (time.process_time() - start))
    return statistics.median(spent)


def memory_beside_a_large_picture() -> tuple[float, float]:
    """(mebibytes of one patch, peak mebibytes beside the picture) for dividing and describing 8192x8192 pixels."""
    import tracemalloc

    from PIL import Image

    size = 8192
    picture = Image.effect_mandelbrot((size, size), (-2, -1.5, 1, 1.5), 20).convert("RGB")
    line = CHAT_MODELS["builtin"]
    model = line.create(line.settings_class()())
    describe(divide([Image.new("RGB", (64, 64))]), model)  # what is loaded once does not count
    before = resident()
    tracemalloc.start()
    describe(divide([picture]), model)
    traced = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    beside = max(traced, resident() - before)
    return (size // 2) ** 2 * 3 / 2**20, beside / 2**20


def resident() -> int:
    """The peak resident memory of this process in bytes; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, help="runs of each command; the best counts")
    parser.add_argument("--rounds", type=int, default=40, help="images for the engine alone")
    options = parser.parse_args()
    print("| what | measured | limit |\n|---|---|---|")
    for label, size, limit in (("640x480", (640, 480), 1.5), ("12 megapixels", (4000, 3000), 4.0)):
        took = best(options.repeat, "-m", "patchmatters", "caption", str(photograph(*size)))
        print(f"| built-in backend, {label}, process start to caption | {took:.2f} s | {limit} s |")
    print(f"| engine alone, 5 patches x 3 candidates, all stages | {engine_alone(options.rounds):.1f} ms | 20 ms |")
    bare = best(options.repeat, "-c", "pass")
    took = best(options.repeat, "-c", "import patchmatters.pipeline") - bare
    print(f"| `import patchmatters.pipeline` | {took:.3f} s | 0.15 s |")
    crop, beside = memory_beside_a_large_picture()
    print(f"| 8192x8192, memory beside the picture | {beside:.0f} MiB | one crop: {crop:.0f} MiB |")


if __name__ == "__main__":
    main()
