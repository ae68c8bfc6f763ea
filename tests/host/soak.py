"""A long run of the real host against a server of which every third answer is broken, with interrupts at random.

`python tests/host/soak.py --minutes 30` says at its end what became of the server, of the captions and of the memory;
`test_soak.py` runs a short one. Every picture has a colour of its own, by which the model's server knows it, and an
animal that it tells of: a caption with another's animal was paired with the wrong picture.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import io
import itertools
import json
import re
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psutil
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engine.api_speaker import speak
from engine.protocol_server import ANSWERED, Fault, ProtocolServer, Received
from host.comfy_server import Run, Server, find_host, prepare_base
from host.graphs import OURS, Prompt, add

LEVELS = (40, 128, 216)
ANIMALS = (
    *("ant", "badger", "camel", "donkey", "eagle", "falcon", "giraffe", "heron", "ibis", "jackal", "koala", "llama"),
    *("magpie", "newt", "otter", "panda", "quail", "raven", "salmon", "tapir", "urchin", "viper", "walrus", "yak"),
    *("zebra", "beaver", "cobra"),
)
COLOURS = dict(zip(itertools.product(LEVELS, repeat=3), ANIMALS, strict=True))
FAULTS = tuple(fault for fault in Fault if fault not in (*ANSWERED, Fault.WRONG_TYPE, Fault.JSON_LIST))  # 20 ways
BROKEN = 3  # one answer of so many
INTERVAL_S = 300.0  # between two figures of the memory in the report
_EXTRA = ("It has a long shadow.", "Its eyes are open.", "Behind it is a fence.", "It faces left.")


@dataclass
class Report:
    """What became of a soak. `rss` are pairs of seconds since the start and MiB of the host's process."""

    runs: Counter[str] = field(default_factory=Counter)
    captions: int = 0
    without_caption: int = 0
    questions: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    deaths: int = 0
    wrong: list[str] = field(default_factory=list)
    rss: list[tuple[float, float]] = field(default_factory=list)

    def told(self) -> str:
        """As JSON. Caches of sentences fill for some thousands of them: memory grows ever more slowly."""
        by_interval = {int(at // INTERVAL_S): round(size) for at, size in reversed(self.rss)}
        return json.dumps(
            {
                "minutes": round(self.rss[-1][0] / 60, 1), "runs": dict(self.runs), "captions": self.captions,
                "pictures without caption": self.without_caption, "questions": self.questions,
                "broken answers": sum(self.faults.values()), "ways": len(self.faults), "deaths": self.deaths,
                "wrong": self.wrong, "MiB every five minutes": [by_interval[key] for key in sorted(by_interval)],
                "MiB at the end": round(self.rss[-1][1]), "most MiB": round(max(size for _, size in self.rss)),
            },
            indent=1,
        )  # fmt: skip


class Zoo:
    """The model: tells of the animal whose colour a picture has, and breaks every third answer in the next way."""

    def __init__(self, seed: int, report: Report) -> None:
        self._random, self._report = Random(seed), report

    def __call__(self, received: Received) -> str | list[str] | Fault:
        self._report.questions += 1
        if self._report.questions % BROKEN == 0:
            fault = self._random.choice(FAULTS)
            self._report.faults[fault.name] += 1
            return fault
        if not received.images:
            return speak(received)
        sentence = f"A {_animal_in(received)} stands on grey sand."
        return [f"{sentence} {self._random.choice(_EXTRA)}" for _ in range(received.choices)]


def _animal_in(received: Received) -> str:
    parts = [part for part in received.body["messages"][-1]["content"] if part["type"] == "image_url"]
    data = base64.b64decode(parts[0]["image_url"]["url"].partition(",")[2])
    with Image.open(io.BytesIO(data)) as picture:
        pixel = picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2))
    return COLOURS[tuple(min(LEVELS, key=lambda level: abs(level - value)) for value in pixel)]


def soak(server: Server, seconds: float, seed: int = 0) -> Report:
    """Run prompts on `server` for so long. RuntimeError of the harness where the host hangs or goes away."""
    report, random = Report(), Random(seed)
    _draw_pictures(server.base / "input")
    start = time.monotonic()
    with ProtocolServer(Zoo(seed, report)) as model:
        while (now := time.monotonic() - start) < seconds and not report.deaths:
            animals = random.sample(ANIMALS, random.randint(1, 4))
            run = _interrupted_at_random(server, _prompt(animals, model.url, random), random)
            report.deaths += server.process.poll() is not None
            _note(report, animals, run)
            report.rss.append((now, psutil.Process(server.process.pid).memory_info().rss / 2**20))
            model.received.clear()
            model.busy.clear()
    return report


def _draw_pictures(folder: Path) -> None:
    for colour, animal in COLOURS.items():
        Image.new("RGB", (96, 96), colour).save(folder / f"{animal}.png")


def _prompt(animals: Sequence[str], url: str, random: Random) -> Prompt:
    prompt: Prompt = {
        f"load{number}": {"class_type": "LoadImage", "inputs": {"image": f"{animal}.png"}}
        for number, animal in enumerate(animals)
    }
    links = {f"images.image{number}": [f"load{number}", 0] for number in range(len(animals))}
    prompt = add(prompt, "batch", "BatchImagesNode", **links)
    provider = {"provider": "custom server", "provider.base_url": url, "provider.model": "(its first model)",
                "provider.other_model": "zoo"}  # fmt: skip
    widgets = {
        "concurrency": random.choice((1, 4, 16)), "timeout_s": 2.0, "retries": random.choice((0, 3)), "max_edge": 0,
        "stream": random.random() < 0.7, "cache": random.random() < 0.5, "cache_mb": 64,
    }  # fmt: skip
    prompt = add(prompt, "captioner", f"{OURS}ApiModel", **provider, **widgets)
    prompt = add(prompt, "enhance", f"{OURS}EnhanceCaption", image=["batch", 0], chat_model=["captioner", 0],
                 seed=random.randrange(50), preset=random.choice(("fast", "careful")))  # fmt: skip
    return add(prompt, "texts", "PreviewAny", source=["enhance", 0])


def _interrupted_at_random(server: Server, prompt: Prompt, random: Random) -> Run:
    """Run a prompt; every fourth is interrupted within its first two seconds."""
    timer = threading.Timer(random.uniform(0.05, 2.0), _interrupt, [server.url])
    if random.random() < 0.25:
        timer.start()
    try:
        return server.run(prompt)
    finally:
        timer.cancel()


def _interrupt(url: str) -> None:
    with contextlib.suppress(OSError):
        urllib.request.urlopen(urllib.request.Request(f"{url}/interrupt", b"{}", method="POST"), timeout=10).close()


def _note(report: Report, animals: Sequence[str], run: Run) -> None:
    report.runs[run.status] += 1
    if run.status == "error" and not _is_clear(run.error or {}):
        report.wrong.append(f"an error that is no sentence: {run.error}")
    if run.status != "success":
        return
    captions = run.outputs["texts"]["text"]
    if len(captions) != len(animals):
        report.wrong.append(f"{len(captions)} captions of {animals}")
    for animal, caption in zip(animals, captions, strict=False):
        told = set(re.findall(r"[a-z]+", caption.lower())) & set(ANIMALS)
        report.captions += bool(caption.strip())
        report.without_caption += not caption.strip()
        if told - {animal}:
            report.wrong.append(f"of {animal}: {caption}")


def _is_clear(error: Mapping[str, Any]) -> bool:
    """Whether an error is one of the pack's own kinds, with a sentence."""
    kind = str(error.get("exception_type", "")).rpartition(".")[2]
    return kind in ("ValueError", "RuntimeError") and len(str(error.get("exception_message", "")).split()) > 3


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs the real host against a failing model.")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    host = find_host()
    if isinstance(host, str):
        sys.exit(host)
    with tempfile.TemporaryDirectory() as folder, Server(host, prepare_base(Path(folder), host)) as server:
        report = soak(server, options.minutes * 60, options.seed)
    sys.stdout.write(report.told() + "\n")
    return 1 if report.deaths or report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
