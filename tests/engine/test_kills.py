"""The command `caption` killed again and again: no file is torn, and no answer that had arrived is paid for twice.

What had arrived is what the client has in its cache after the kill; of what the server sent no more may be lost than
was on its way. PATCHMATTERS_KILLS=20 PATCHMATTERS_KILL_PHOTOS=100 is what was measured; a few kills run always.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

pytest.importorskip("openai", reason="the official SDK is not installed (optional extra: api)")
pytest.importorskip("aiohttp", reason="the test server needs aiohttp")

from PIL import Image

from engine.protocol_server import Fault, ProtocolServer, Received
from engine.scenes import plain_picture
from patchmatters.scene_json import load_scenes
from timed import wait_until

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("PATCHMATTERS_KILLS", "2"))
PHOTOS = int(os.environ.get("PATCHMATTERS_KILL_PHOTOS", "6"))
QUESTIONS = 5  # of a photo
CONCURRENCY = 4
FAILING = 10  # one request of so many


class Ledger:
    """The script of a server that fails now and then, what it answered to which question, and what of it was kept."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, str]] = []  # body and text, no text twice
        self.kept: set[str] = set()
        self.paid_twice: list[str] = []
        self._random = Random(11)

    def __call__(self, received: Received) -> str | Fault:
        if self._random.randrange(FAILING) == 0:
            return self._random.choice((Fault.RATE_LIMIT, Fault.SERVER_ERROR, Fault.RESET, Fault.CUT_STREAM))
        body = json.dumps(received.body, sort_keys=True)
        if any(one == body and text in self.kept for one, text in self.answers):
            self.paid_twice.append(body)
        self.answers.append((body, f"A red house with the number {len(self.answers)} stands on a hill."))
        return self.answers[-1][1]

    def read_kept(self, cache: Path) -> int:
        """Notes the answers that have arrived at the client; the number of those that have not."""
        with closing(sqlite3.connect(cache)) as connection:
            self.kept = {text for (text,) in connection.execute("SELECT text FROM answers")}
        return len(dict(self.answers)) - len({body for body, text in self.answers if text in self.kept})


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is a POSIX signal")
def test_kills_tear_nothing_and_cost_nothing_twice(tmp_path: Path) -> None:
    photos, out, random, ledger = _photos(tmp_path), tmp_path / "out", Random(3), Ledger()
    with ProtocolServer(ledger) as server:
        server.delay_s = 0.03  # so that there is something to kill
        command = _command(photos, server.url, out)
        for number in range(KILLS):
            process = subprocess.Popen(command, env=_environment(tmp_path), **_quiet())
            wanted = PHOTOS * QUESTIONS * (number + 1) // (KILLS + 2) + random.randrange(QUESTIONS)
            _wait_for(lambda wanted=wanted: len(ledger.answers) >= wanted, process)
            time.sleep(random.random() * 0.05)  # so that each kill hits another moment
            process.send_signal(signal.SIGKILL)
            assert process.wait(60) == -signal.SIGKILL
            wait_until(lambda: server.in_flight == 0)
            assert ledger.read_kept(tmp_path / "answers.sqlite") <= 2 * CONCURRENCY
            _require_whole(out)
        done = subprocess.run(command, env=_environment(tmp_path), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert len([line for line in done.stdout.splitlines() if line.strip()]) == PHOTOS
    assert _require_whole(out) == Counter({".json": PHOTOS, ".png": PHOTOS})
    assert ledger.paid_twice == []
    assert len(dict(ledger.answers)) == PHOTOS * QUESTIONS


def _photos(folder: Path) -> list[str]:
    paths = [folder / f"photo{number:03}.png" for number in range(PHOTOS)]
    for number, path in enumerate(paths):
        plain_picture(96 + number, 72, f"rgb({2 * number}, 80, 120)").save(path)
    return list(map(str, paths))


def _command(photos: Sequence[str], url: str, out: Path) -> list[str]:
    asked = ["--backend", "openai", "--provider", "custom", "--model", "m", "--base-url", url]
    stages = ["--preset", "fast", "--llm-free", "--concurrency", str(CONCURRENCY), "--batch", "4", "--quiet"]
    words = ["--similarity", "lexical", "--compose-similarity", "lexical"]  # torch takes longer to load than the rest
    files = ["--scene", str(out / "{name}.json"), "--overlay", str(out / "{name}.png")]
    return [sys.executable, "-m", "patchmatters", "caption", *asked, *stages, *words, *files, *photos]


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PATCHMATTERS_CACHE": str(folder / "answers.sqlite"), "PYTHONPATH": str(ROOT)}


def _quiet() -> dict[str, Any]:
    return {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def _wait_for(condition: Any, process: subprocess.Popen[bytes]) -> None:
    while not condition():
        assert process.poll() is None, "the command ended before it could be killed"
        time.sleep(0.002)


def _require_whole(out: Path) -> Counter[str]:
    """Every file that has its name is whole; how many of each kind there are."""
    files = [path for path in out.glob("*") if not path.name.startswith(".")] if out.exists() else []
    for path in files:
        if path.suffix == ".json":
            assert load_scenes(path.read_text(encoding="utf-8"))
        else:
            Image.open(path).load()
    return Counter(path.suffix for path in files)
