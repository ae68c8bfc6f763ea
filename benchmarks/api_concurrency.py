"""How much of the waiting for an API model is saved: python benchmarks/api_concurrency.py

A local server answers every request after exactly 200 ms, any number at once, in a process of its own. Two questions:

1. One picture, 5 patches x 3 candidates, two patches overlapping, all stages. The critical path is the longest chain of
   requests of which each needs the one before: short caption, match, descriptions, comparison, merge, comparison across
   the overlap, merge across, main objects into the caption, caption: 9 requests, 1.8 s. Wall time over that must be at
   most 1.15; the sequential way (concurrency 1, one answer a request) runs beside it.
2. 50 pictures through one limit of 16, in two groups side by side: the share of the limit that is busy on average, from
   the first request to the last, as the server sees it. At least 0.90. One group alone runs beside it.

The engine's own work (encoding pictures, reading and comparing texts) is part of both.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import multiprocessing
import random
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HERE = str(Path(__file__).resolve().parent)  # holds an engine.py, which would hide the tests' folder of that name
sys.path[:] = [str(ROOT), str(ROOT / "tests"), *(path for path in sys.path if path != HERE)]

import aiohttp  # noqa: E402, F401 - the server needs it, in a process of its own
from PIL import Image, ImageDraw  # noqa: E402

from patchmatters.backends.openai_chat import OpenAISettings, create_uncached  # noqa: E402
from patchmatters.backends.scripted import ScriptedScorer  # noqa: E402
from patchmatters.models import QUIET, ChatModel, Crop  # noqa: E402
from patchmatters.pipeline import PRESETS, caption_pictures  # noqa: E402
from patchmatters.running.side_by_side import Job, side_by_side  # noqa: E402
from patchmatters.scene import Box, Detection, Scene  # noqa: E402

DELAY_S = 0.2
PATH = 9  # requests on the critical path
# An object across the middle of the upper half: the two upper patches grow and overlap by more than 0.4.
BOXES = (Detection(Box(110, 20, 530, 220), "house", 0.9), Detection(Box(300, 150, 420, 300), "tree", 0.8))


def serve(pipe: Connection) -> None:
    """The server, in its own process; sends its address, and on demand what it saw."""
    from engine.api_speaker import speak
    from engine.protocol_server import ProtocolServer

    with ProtocolServer(speak, delay_s=DELAY_S, check_images=False) as server:
        pipe.send(server.url)
        while pipe.recv() == "report":
            pipe.send((len(server.received), server.most_in_flight, list(server.busy), list(server.violations)))
            server.received.clear()
            server.busy.clear()
            server.most_in_flight = 0


@contextlib.contextmanager
def server() -> Iterator[tuple[str, Connection]]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        if not ours.poll(30):
            raise SystemExit("The test server did not start.")
        yield ours.recv(), ours
        ours.send("stop")
    finally:
        process.join(5)
        process.kill()


def picture(number: int) -> Image.Image:
    """A 640 x 480 picture unlike the others."""
    chance = random.Random(number)
    made = Image.new("RGB", (640, 480), tuple(chance.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(made)
    for _ in range(40):
        left, top = chance.randrange(600), chance.randrange(440)
        draw.rectangle((left, top, left + 40, top + 40), fill=tuple(chance.randrange(256) for _ in range(3)))
    return made


def run(url: str, pictures: list[Image.Image], **settings: Any) -> tuple[float, tuple[Scene, ...]]:
    model = create_uncached(OpenAISettings(base_url=url, model="bench", **settings))
    scorer = ScriptedScorer(measure)
    started = time.perf_counter()
    scenes = caption_pictures(
        pictures, model, scorer, model, [BOXES] * len(pictures), PRESET, names=[f"{n}" for n in range(len(pictures))]
    )
    return time.perf_counter() - started, scenes


def measure(crop: Crop, sentence: str) -> float:
    return 0.9


PRESET = replace(PRESETS["paper"], describe=replace(PRESETS["paper"].describe, main_iou=1.0))


def report(pipe: Connection) -> tuple[int, int, list[tuple[float, int]], list[str]]:
    pipe.send("report")
    if not pipe.poll(30):
        raise SystemExit("The test server does not answer.")
    return pipe.recv()


def busy_share(busy: list[tuple[float, int]], limit: int) -> float:
    """The mean number in flight over the limit, from the first request to the end of the last."""
    total = sum(count * (after[0] - at) for (at, count), after in itertools.pairwise(busy))
    return total / (busy[-1][0] - busy[0][0]) / limit


def one_picture(url: str, pipe: Connection, repeats: int) -> float:
    fast = [run(url, [picture(n)], provider="vllm", concurrency=32) for n in range(repeats)]
    requests, most, _, violations = report(pipe)
    slow, _ = run(url, [picture(0)], provider="custom", concurrency=1)
    sequential, *_ = report(pipe)
    assert not violations, violations
    scene = fast[0][1][0]
    walls = [wall for wall, _ in fast]
    ratio = statistics.median(walls) / (PATH * DELAY_S)
    print(
        f"one picture: {len(scene.patches)} spatial patches and one of the main objects x 3 candidates, whole image, "
        f"{len([region for region in scene.regions if len(region.members) > 1])} overlap, all stages"
    )
    print(
        f"  critical path {PATH} requests = {PATH * DELAY_S:.1f} s; wall {statistics.median(walls):.2f} s "
        f"({min(walls):.2f} to {max(walls):.2f}, {repeats} runs), {requests // repeats} requests, {most} at once"
    )
    print(f"  wall / critical path = {ratio:.3f} (goal: at most 1.15)")
    print(f"  sequential: {slow:.2f} s, {sequential} requests; {slow / statistics.median(walls):.1f} times as long")
    return ratio


def many_pictures(url: str, pipe: Connection, count: int, limit: int, groups: int) -> float:
    pictures = [picture(n) for n in range(count)]
    model = create_uncached(OpenAISettings(base_url=url, model="bench", provider="custom", concurrency=limit))
    started = time.perf_counter()
    parts = side_by_side([job(model, pictures[n::groups]) for n in range(groups)], QUIET, most=groups)
    wall = time.perf_counter() - started
    requests, most, busy, violations = report(pipe)
    assert not violations, violations
    assert all(scene.caption for scenes in parts for scene in scenes)
    share = busy_share(busy, limit)
    print(
        f"{count} pictures, {groups} group(s), one limit of {limit}: {wall:.1f} s, {requests} requests, {most} at once"
    )
    print(f"  busy share of the limit {share:.3f}" + (" (goal: at least 0.90)" if groups > 1 else ""))
    return share


def job(model: ChatModel, pictures: list[Image.Image]) -> Job[tuple[Scene, ...]]:
    scorer, boxes = ScriptedScorer(measure), [BOXES] * len(pictures)
    return lambda monitor: caption_pictures(pictures, model, scorer, model, boxes, PRESET, monitor)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--pictures", type=int, default=50)
    parser.add_argument("--limit", type=int, default=16)
    options = parser.parse_args()
    with server() as (url, pipe):
        run(url, [picture(99)], provider="vllm", concurrency=32)  # imports and first connections
        report(pipe)
        one_picture(url, pipe, options.repeats)
        many_pictures(url, pipe, options.pictures, options.limit, groups=1)
        many_pictures(url, pipe, options.pictures, options.limit, groups=2)


if __name__ == "__main__":
    main()
