"""Answers are paid for once: across reruns, processes, and processes that were killed."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.scenes import plain_picture
from patchmatters.answer_cache import (
    CachedChat,
    CacheSettings,
    DiskStore,
    MemoryStore,
    cached,
    default_cache_path,
    question_key,
)
from patchmatters.backends.base import QUIET, Answer, Outcome, Question, QuietMonitor
from patchmatters.backends.scripted import ScriptedChat
from patchmatters.picture import Crop
from patchmatters.scene import Box

ROOT = Path(__file__).resolve().parents[2]


class Counting:
    """A model that says what it was asked, and how often."""

    name, sees_images, follows_instructions = "counting", True, True

    def __init__(self, failing: Sequence[str] = ()) -> None:
        self.asked: Counter[str] = Counter()
        self.failing = set(failing)

    def answer(self, questions: Sequence[Question], monitor: Any) -> list[Answer]:
        for question in questions:
            self.asked[question.text] += 1
            monitor.advance(question.name)
        return [self._one(question) for question in questions]

    def _one(self, question: Question) -> Answer:
        if question.text in self.failing:
            return Answer("", Outcome.FAILURE, "no")
        return Answer(f"about {question.text}", input_tokens=10, output_tokens=2, cost=0.5)


def _questions(count: int = 5) -> list[Question]:
    return [Question(f"photo: patch {n}", f"text {n}", seed=n) for n in range(count)]


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return DiskStore(tmp_path / "folder" / "answers.sqlite", 8) if request.param == "disk" else MemoryStore()


def test_a_rerun_asks_for_what_is_missing_and_costs_nothing_else(store: Any) -> None:
    model = Counting(failing=["text 2"])
    first = CachedChat(model, store).answer(_questions(), QUIET)
    model.failing.clear()
    second = CachedChat(model, store).answer(_questions(), QUIET)
    assert model.asked == {**{f"text {n}": 1 for n in range(5)}, "text 2": 2}
    assert [answer.outcome for answer in first].count(Outcome.FAILURE) == 1
    assert [answer.text for answer in second] == [f"about text {n}" for n in range(5)]
    assert sum(answer.cost or 0 for answer in second) == 0.5
    assert sum(answer.input_tokens or 0 for answer in second) == 10


def test_refusals_are_asked_again(store: Any) -> None:
    asked = []

    def refuse(question: Question) -> Answer:
        asked.append(question)
        return Answer("", Outcome.REFUSAL, "no")

    for _ in range(2):
        CachedChat(ScriptedChat(refuse), store).answer(_questions(1), QUIET)
    assert len(asked) == 2


def test_equal_questions_of_one_batch_are_asked_once(store: Any) -> None:
    model = Counting()
    twice = [*_questions(2), *_questions(2)]
    answers = CachedChat(model, store).answer(twice, QUIET)
    assert set(model.asked.values()) == {1}
    assert [answer.text for answer in answers] == ["about text 0", "about text 1"] * 2
    assert sum(answer.cost for answer in answers) == 1.0


def test_progress_counts_known_answers_too(store: Any) -> None:
    class Watching(QuietMonitor):
        def __init__(self) -> None:
            self.names: list[str] = []

        def advance(self, name: str) -> None:
            self.names.append(name)

    for _ in range(2):
        monitor = Watching()
        CachedChat(Counting(), store).answer(_questions(), monitor)
        assert sorted(monitor.names) == [f"photo: patch {n}" for n in range(5)]


def test_a_key_depends_on_everything_but_names() -> None:
    picture = plain_picture()
    question = Question("a name", "text", (Crop("digest", Box(0, 0, 10, 10), picture),), prefix="prefix")
    others = [
        replace(question, text="other"),
        replace(question, prefix=""),
        replace(question, prefix="", text="prefix\n\ntext"),
        replace(question, images=()),
        replace(question, images=(Crop("digest", Box(0, 0, 10, 11), picture),)),
        replace(question, images=(Crop("other", Box(0, 0, 10, 10), picture),)),
        replace(question, schema={"type": "object"}),
        replace(question, temperature=0.3),
        replace(question, top_p=0.5),
        replace(question, max_new_tokens=513),
        replace(question, seed=1),
    ]
    identity = {"model": "m", "url": "http://a"}
    keys = [question_key(one, identity) for one in (question, *others)]
    keys.append(question_key(question, {**identity, "url": "http://b"}))
    assert len(set(keys)) == len(keys)
    assert question_key(replace(question, name="another"), identity) == keys[0]


def test_the_size_stays_within_the_limit_and_the_least_used_go(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "answers.sqlite", 1)
    long = ScriptedChat(lambda question: f"{question.text} " + "x" * 8000)
    favourite = Question("favourite", "favourite")
    for start in range(0, 600, 50):
        batch = [favourite, *(Question(f"{n}", f"{n}") for n in range(start, start + 50))]
        CachedChat(long, store).answer(batch, QUIET)
        time.sleep(0.002)
    size = sum(path.stat().st_size for path in tmp_path.glob("answers.sqlite"))
    assert size <= 1.3 * 2**20
    with sqlite3.connect(store.path) as connection:
        (total,) = connection.execute("SELECT sum(size) FROM answers").fetchone()
    assert 0.4 * 2**20 < total <= 1.1 * 2**20
    counting = Counting()
    CachedChat(replace(long, reply=lambda question: counting.answer([question], QUIET)[0]), store).answer(
        [favourite], QUIET
    )
    assert not counting.asked


def test_the_memory_stays_within_its_limit() -> None:
    store = MemoryStore(limit_bytes=1000)
    for number in range(50):
        store.keep(str(number), "x" * 100)
    assert 5 <= len(store.find([str(number) for number in range(50)])) <= 10


@pytest.mark.parametrize("content", [b"this is no database at all" * 100, None])
def test_a_file_that_is_no_cache_is_told_with_the_way_out(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "answers.sqlite"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(RuntimeError, match=r"cannot be used .*: delete that file.*--no-cache"):
        CachedChat(Counting(), DiskStore(path, 1)).answer(_questions(), QUIET)


def test_the_path_is_the_users_own_or_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATCHMATTERS_CACHE", str(tmp_path / "mine.sqlite"))
    assert default_cache_path() == tmp_path / "mine.sqlite"
    cached(Counting(), CacheSettings(cache_mb=1)).answer(_questions(1), QUIET)
    assert (tmp_path / "mine.sqlite").exists()
    monkeypatch.delenv("PATCHMATTERS_CACHE")
    assert default_cache_path().name == "answers.sqlite"
    assert default_cache_path().parent.name == "patchmatters"


# --- several processes, and their sudden end ---


def _write_many(path: Path, start: int) -> None:
    store = DiskStore(path, 8)
    for round_ in range(10):
        questions = [Question(f"{n}", f"text {n}") for n in range(start + round_ * 10, start + round_ * 10 + 20)]
        CachedChat(Counting(), store).answer(questions, QUIET)


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_write_many, args=(path, start)) for start in (0, 30, 60)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    model = Counting()
    CachedChat(model, DiskStore(path, 8)).answer([Question(f"{n}", f"text {n}") for n in range(170)], QUIET)
    assert not model.asked
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is a POSIX signal")
def test_no_answered_question_is_asked_again_after_kill_9(tmp_path: Path) -> None:
    """A command-line run over 40 photos is killed in the middle; the rerun asks for nothing that was answered."""
    pytest.importorskip("openai", reason="the official SDK is not installed (optional extra: api)")
    pytest.importorskip("aiohttp", reason="the test server needs aiohttp")
    from engine.api_speaker import speak
    from engine.protocol_server import ProtocolServer

    photos = _forty_photos(tmp_path)
    answered: Counter[str] = Counter()

    def script(received: Any) -> list[str]:
        answered[json.dumps(received.body, sort_keys=True)] += 1
        return speak(received)

    with ProtocolServer(script) as server:
        command = _command(photos, server.url)
        environment = {**os.environ, "PATCHMATTERS_CACHE": str(tmp_path / "answers.sqlite"), "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        _wait_until(lambda: len(server.received) >= 150)
        server.delay_s = 0.7  # what is asked from now on gets its answer only after the kill
        time.sleep(0.5)  # and what was answered before has arrived
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        _wait_until(lambda: server.in_flight == 0)
        server.delay_s = 0.0
        unanswered = server.closed_early
        before = Counter(answered)
        result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.strip().splitlines()) == 40
    assert 100 < sum(before.values()) < len(answered)
    assert unanswered <= 8
    assert max(answered.values()) == 1, "an answered question was asked again"


def _forty_photos(folder: Path) -> list[str]:
    paths = [folder / f"photo{number:02}.png" for number in range(40)]
    for number, path in enumerate(paths):
        plain_picture(96 + number, 72, f"rgb({5 * number}, 80, 120)").save(path)
    return list(map(str, paths))


def _command(photos: Sequence[str], url: str) -> list[str]:
    options = ["--backend", "openai", "--provider", "custom", "--model", "m", "--base-url", url, "--preset", "fast"]
    return [sys.executable, "-m", "patchmatters", "caption", *options, "--quiet", *photos]


def _wait_until(condition: Any, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.005)
