"""A folder that is interrupted in every way, and goes on: nothing lost, torn, done twice or paid for twice."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from engine.protocol_server import ProtocolServer, Received
from patchmatters.commands.cli import main
from patchmatters.folder.state import NAME, State
from timed import within

ROOT = Path(__file__).resolve().parents[2]
# PATCHMATTERS_KILLS=20 PATCHMATTERS_PICTURES=200 is the measurement of the README; CI does with less.
KILLS = int(os.environ.get("PATCHMATTERS_KILLS", "2"))
PICTURES = int(os.environ.get("PATCHMATTERS_PICTURES", "20"))
QUESTIONS = 5  # about a picture with the preset "fast" and without a text model


@pytest.fixture(autouse=True)
def private_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATCHMATTERS_CACHE", str(tmp_path / "answers.sqlite"))
    return tmp_path / "answers.sqlite"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return make_photos(tmp_path / "photos", PICTURES)


def make_photos(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        rng = random.Random(number)
        picture = Image.new("RGB", (64, 48), tuple(rng.randrange(256) for _ in range(3)))
        picture.paste(tuple(rng.randrange(256) for _ in range(3)), (32, 0, 64, 24))
        picture.save(folder / f"{number:04}.png")
    return folder


def command(photos: Path, url: str, *more: str) -> list[str]:
    backend = ["--backend", "openai", "--base-url", url, "--preset", "fast", "--llm-free", "--batch", "4"]
    words = [
        "--similarity",
        "lexical",
        "--compose-similarity",
        "lexical",
    ]  # torch takes longer to load than the rest
    return [sys.executable, "-m", "patchmatters", "folder", str(photos), *backend, *words, *more]


def start(photos: Path, url: str, *more: str) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    # A shell that runs the tests in the background ignores SIGINT, and its children inherit that.
    heeding = None if os.name == "nt" else lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen(command(photos, url, *more), text=True, env=env, cwd=ROOT, preexec_fn=heeding, **pipes)  # noqa: PLW1509


class Ledger:
    """The script of a server: answers every request with a text of its own, and may be told to kill the one asking."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.text_of: dict[str, str] = {}
        self.number, self.kill_at = 0, None
        self.victim: subprocess.Popen[str] | None = None
        self.kept: set[str] = set()
        self.paid_twice: list[str] = []
        self.lock = threading.Lock()

    def __call__(self, received: Received) -> str:
        digest = hashlib.sha256(json.dumps(received.body, sort_keys=True).encode()).hexdigest()
        with self.lock:
            self.number += 1
            if self.text_of.get(digest) in self.kept:
                self.paid_twice.append(digest)
            self.asked[digest] += 1
            self.text_of[digest] = f"A red house stands on hill number {self.number}."
            if self.kill_at is not None and self.number >= self.kill_at and self.victim is not None:
                self.victim.kill()
                self.kill_at = None
            return self.text_of[digest]

    def read_kept(self, cache: Path) -> None:
        """The answers that have arrived at the client: those that its cache holds."""
        if cache.exists():
            connection = sqlite3.connect(cache)
            self.kept = {text for (text,) in connection.execute("SELECT text FROM answers")}
            connection.close()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def server(ledger: Ledger) -> Iterator[ProtocolServer]:
    routes = {"/v1/models": {"object": "list", "data": [{"id": "painter", "object": "model"}]}}
    with ProtocolServer(ledger, delay_s=0.005, routes=routes) as running:
        yield running


def check_whole(photos: Path, count: int) -> None:
    """Every picture once, every caption whole, and nothing else in the folder."""
    connection = sqlite3.connect(photos / NAME)
    rows = connection.execute("SELECT key, status, times, pending, owner FROM pictures").fetchall()
    connection.close()
    assert len(rows) == count
    assert {(status, times, pending, owner) for _, status, times, pending, owner in rows} == {("done", 1, None, None)}
    with State(photos / NAME) as state:
        for path in sorted(photos.glob("*.png")):
            row = state.row(path.name)
            assert row is not None
            assert path.with_suffix(".txt").read_text(encoding="utf-8") == row.caption
            assert re.fullmatch(r"(?s)[A-Z].*\.", row.caption)
    names = {path.name for path in photos.iterdir()} - {NAME, f"{NAME}-wal", f"{NAME}-shm"}
    assert names == {f"{number:04}{ending}" for number in range(count) for ending in (".png", ".txt")}


def test_kill_at_any_moment(photos: Path, ledger: Ledger, server: ProtocolServer, private_cache: Path) -> None:
    rng = random.Random(5)
    total = PICTURES * QUESTIONS
    for kill in range(KILLS):
        ledger.kill_at = ledger.number + rng.randrange(1, total // (KILLS + 1) + 1)
        ledger.victim = start(photos, server.url)
        ledger.victim.communicate()
        assert ledger.victim.returncode == -signal.SIGKILL, kill
        ledger.read_kept(private_cache)
    ledger.victim = None
    last = start(photos, server.url)
    out, err = last.communicate()
    assert last.returncode == 0, err
    assert f"{PICTURES} pictures: {PICTURES} captioned." in out
    assert ledger.paid_twice == []
    assert len(ledger.asked) == total
    check_whole(photos, PICTURES)


def test_two_processes_share_a_folder(photos: Path, ledger: Ledger, server: ProtocolServer) -> None:
    both = [start(photos, server.url), start(photos, server.url)]
    done = [process.communicate() for process in both]
    assert {process.returncode for process in both} <= {0, 1}, done
    assert max(ledger.asked.values()) == 1
    assert start(photos, server.url).communicate()[0].startswith(f"{PICTURES} pictures: {PICTURES} captioned.")
    assert len(ledger.asked) == PICTURES * QUESTIONS
    check_whole(photos, PICTURES)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_ctrl_c_ends_within_a_second_and_says_how_to_go_on(photos: Path, ledger: Ledger) -> None:
    asked = threading.Event()

    def slow(received: Received) -> str:
        asked.set()
        return "A red house stands on a hill."

    with ProtocolServer(slow, delay_s=0.3) as server:
        process = start(photos, server.url, "--model", "painter")
        assert asked.wait(120)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        took = time.monotonic() - begun
    assert process.returncode == 130
    assert "Run the same command again to go on" in err
    assert "Traceback" not in err
    assert took < within(1.0, 30.0)


def test_a_rerun_asks_nothing_and_loads_no_model(photos: Path, ledger: Ledger, server: ProtocolServer) -> None:
    arguments = command(photos, server.url)[3:]
    assert main(arguments) == 0
    asked = ledger.number
    assert asked == PICTURES * QUESTIONS
    (photos / "0001.txt").unlink()
    (photos / "0002.txt").write_text("  \n")
    (photos / "0003.txt").write_text("Edited by hand.")
    assert main(arguments) == 0
    assert ledger.number == asked
    assert (photos / "0001.txt").read_text().startswith("A red house")
    assert (photos / "0002.txt").read_text().startswith("A red house")
    assert (photos / "0003.txt").read_text() == "Edited by hand."


def test_what_changed_is_done_again_only_when_asked(
    photos: Path, ledger: Ledger, server: ProtocolServer, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = command(photos, server.url)[3:]
    main(arguments)
    Image.new("RGB", (64, 48), "red").save(photos / "0000.png")
    os.utime(photos / "0001.png")  # touched, but the same
    capsys.readouterr()
    assert main(arguments) == 0
    assert "1 pictures have changed since they were captioned: --refresh" in capsys.readouterr().err
    before = ledger.number
    assert main([*arguments, "--refresh"]) == 0
    # A plain red picture: its four quarters show the same, so they are one question to the cache.
    assert before < ledger.number <= before + QUESTIONS
    assert main([*arguments, "--seed", "7"]) == 0
    assert f"{PICTURES} pictures were captioned with other settings" in capsys.readouterr().err
    before = ledger.number
    assert main([*arguments, "--seed", "7", "--refresh"]) == 0
    assert ledger.number > before + PICTURES


def test_a_server_that_is_gone_ends_the_run_with_all_that_was_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = make_photos(tmp_path / "many", 40)
    with ProtocolServer() as server:
        assert main([*command(photos, server.url, "--model", "painter", "--limit", "4")[3:]]) == 1
        url = server.url
    status = main([*command(photos, url, "--model", "painter", "--retries", "0")[3:]])
    _, err = capsys.readouterr()
    assert status == 2
    assert "failed one after the other" in err
    assert "run the same command again" in err
    assert len(list(photos.glob("*.txt"))) == 4
