"""Answers are paid for once: across reruns, processes, and processes that were killed."""

from __future__ import annotations

import multiprocessing
import os
import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.scenes import plain_picture
from patchmatters import answer_store
from patchmatters.answer_cache import (
    CachedChat,
    CacheSettings,
    DiskStore,
    MemoryStore,
    cached,
    default_cache_path,
    question_key,
)
from patchmatters.backends.scripted import ScriptedChat
from patchmatters.models import QUIET, Answer, Outcome, Question, QuietMonitor
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
    long = ScriptedChat(lambda question: f"House {question.text} is red. " + "x" * 8000)
    favourite = Question("favourite", "favourite")
    for start in range(0, 300, 50):
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


# --- files that are damaged, and files that cannot be used now ---


def _filled(path: Path) -> None:
    """A file with 300 answers and nothing left in its log."""
    CachedChat(Counting(), DiskStore(path, 16)).answer(_questions(300), QUIET)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _harm(path: Path, what: str) -> None:
    content = bytearray(path.read_bytes())
    size = len(content)
    content = {
        "zeros after the first page": content[:4096] + bytes(size - 4096),
        "another file": bytearray(b"this is no database at all" * 100),
        "first bytes": bytearray(b"SQLite formaX 3") + content[15:],
        "schema": content.replace(b"CREATE TABLE", b"CREATE TABEL"),
        "noise": content[:4096] + bytearray(random.Random(1).randbytes(size - 4096)),
        "half": content[: size // 2],
        "a few bytes": content[:50],
    }[what]
    path.write_bytes(content)


@pytest.mark.parametrize(
    "what", ["zeros after the first page", "another file", "first bytes", "schema", "noise", "half", "a few bytes"]
)
def test_a_damaged_file_is_moved_aside_and_the_run_goes_on(
    tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "answers.sqlite"
    _filled(path)
    _harm(path, what)
    for _ in range(2):
        answers = CachedChat(Counting(), DiskStore(path, 16)).answer(_questions(300), QUIET)
        assert [answer.text for answer in answers] == [f"about text {n}" for n in range(300)]
    assert f"That file is now {path}.damaged" in caplog.text
    assert [record.levelname for record in caplog.records] == ["ERROR"]  # told without --verbose, and once
    model = Counting()
    CachedChat(model, DiskStore(path, 16)).answer(_questions(300), QUIET)
    assert not model.asked


def test_a_file_of_another_version_is_moved_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "answers.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE answers (key TEXT PRIMARY KEY, answer TEXT)")
    CachedChat(Counting(), DiskStore(path, 16)).answer(_questions(), QUIET)
    assert "made by another version" in caplog.text
    with closing(sqlite3.connect(f"{path}.damaged")) as connection:
        assert connection.execute("SELECT * FROM answers").fetchall() == []


def test_text_that_is_damaged_is_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    CachedChat(Counting(), DiskStore(path, 16)).answer(_questions(3), QUIET)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE answers SET text = CAST(x'ff41' AS TEXT) WHERE text = 'about text 1'")
    model = Counting()
    CachedChat(model, DiskStore(path, 16)).answer(_questions(3), QUIET)
    assert model.asked == {"text 1": 1}


def _lock(path: Path) -> sqlite3.Connection:
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    return holder


def test_a_locked_file_stays_and_its_answers_are_handed_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_store, "_BUSY_S", 0.1)
    path = tmp_path / "answers.sqlite"
    _filled(path)
    with closing(_lock(path)):
        answers = CachedChat(Counting(), DiskStore(path, 16)).answer(
            [Question(f"new {n}", f"new {n}") for n in range(5)], QUIET
        )
    assert all(answer.text and answer.cost == 0.5 for answer in answers)
    assert "could not be kept" in caplog.text
    assert len(caplog.records) == 1
    model = Counting()
    CachedChat(model, DiskStore(path, 16)).answer(_questions(300), QUIET)
    assert not model.asked
    assert not list(tmp_path.glob("*.damaged*"))


@pytest.mark.parametrize("kind", ["folder", "full"])
def test_where_nothing_can_be_kept_the_run_goes_on(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "answers.sqlite"
    if kind == "folder":
        path.mkdir()
    else:  # SQLite says "database or disk is full" when a file reaches this limit
        _filled(path)
        real = answer_store._connect

        def small(where: Path) -> sqlite3.Connection:
            connection = real(where)
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")
            return connection

        monkeypatch.setattr(answer_store, "_connect", small)
    long = ScriptedChat(lambda question: f"House {question.text} is red. " + "A fence stands. " * 4000)
    answers = CachedChat(long, DiskStore(path, 16)).answer([Question(f"{n}", f"{n}") for n in range(9)], QUIET)
    assert all(answer.text.startswith("House") for answer in answers)
    assert "could not be kept" in caplog.text
    assert len(caplog.records) == 1
    assert path.exists()
    assert not list(tmp_path.glob("*.damaged*"))


def test_a_file_that_is_somebody_elses_is_not_moved(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("milk, bread, " * 100)
    with pytest.raises(RuntimeError, match=r"no file of kept answers.*let PATCHMATTERS_CACHE name another one"):
        CachedChat(Counting(), DiskStore(path, 1)).answer(_questions(), QUIET)
    assert path.read_text().startswith("milk")


# --- what is no answer is not kept ---

_NO_ANSWERS = ["", "<think>It may be red.", "I'm sorry, but I can't help with that.", "Describe the picture."]


@pytest.mark.parametrize("bad", _NO_ANSWERS)
def test_what_is_no_answer_is_neither_kept_nor_believed(store: Any, bad: str) -> None:
    question = Question("q", "Describe the picture.")
    texts = iter([bad, "A red house."])
    model = ScriptedChat(lambda question: next(texts))
    CachedChat(model, store).answer([question], QUIET)
    (second,) = CachedChat(model, store).answer([question], QUIET)
    assert second.text == "A red house."
    with store.open() as opened:  # as an older version would have kept it
        opened.keep(question_key(question, {"model": model.name}), bad)
    (third,) = CachedChat(ScriptedChat(lambda question: "A blue boat."), store).answer([question], QUIET)
    assert third.text == "A blue boat."


# --- questions that are being asked already ---


class Slow(Counting):
    """Answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = threading.Event(), threading.Event()

    def answer(self, questions: Sequence[Question], monitor: Any) -> list[Answer]:
        self.begun.set()
        assert self.go_on.wait(30)
        return super().answer(questions, monitor)


def test_equal_questions_in_flight_are_asked_once(store: Any) -> None:
    model = Slow()
    found: list[list[Answer]] = []
    calls = [
        threading.Thread(target=lambda: found.append(CachedChat(model, store).answer(_questions(), QUIET)))
        for _ in range(3)
    ]
    for call in calls:
        call.start()
    assert model.begun.wait(30)
    model.go_on.set()
    for call in calls:
        call.join(30)
    assert set(model.asked.values()) == {1}
    assert sorted(sum(answer.cost or 0 for answer in answers) for answers in found) == [0.0, 0.0, 2.5]


def test_who_waits_asks_himself_when_the_other_fails(store: Any) -> None:
    class Failing(Slow):
        def answer(self, questions: Sequence[Question], monitor: Any) -> list[Answer]:
            super().answer(questions, monitor)
            raise RuntimeError("no server")

    first, second = Failing(), Counting()
    failed: list[Exception] = []

    def ask_first() -> None:
        try:
            CachedChat(first, store).answer(_questions(), QUIET)
        except RuntimeError as error:
            failed.append(error)

    call = threading.Thread(target=ask_first)
    call.start()
    assert first.begun.wait(30)
    first.go_on.set()
    answers = CachedChat(second, store).answer(_questions(), QUIET)
    call.join(30)
    assert failed
    assert all(answer.text for answer in answers)
    assert set(second.asked.values()) == {1}


def test_waiting_can_be_cancelled(store: Any) -> None:
    class Cancelling(QuietMonitor):
        def poll(self) -> None:
            raise KeyboardInterrupt

    model = Slow()
    call = threading.Thread(target=lambda: CachedChat(model, store).answer(_questions(), QUIET))
    call.start()
    assert model.begun.wait(30)
    with pytest.raises(KeyboardInterrupt):
        CachedChat(model, store).answer(_questions(), Cancelling())
    model.go_on.set()
    call.join(30)


def _claim_and_die(path: Path) -> None:
    with DiskStore(path, 8).open() as store:
        question = _questions(1)[0]
        assert store.claim([question_key(question, {"model": "counting"})])
        os._exit(0)


@pytest.mark.skipif(os.name == "nt", reason="whether a process lives is asked in the POSIX way")
def test_the_claims_of_a_process_that_died_are_void(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    process = multiprocessing.get_context("spawn").Process(target=_claim_and_die, args=(path,))
    process.start()
    process.join(60)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM claims").fetchone() == (1,)
    model = Counting()
    CachedChat(model, DiskStore(path, 8)).answer(_questions(1), QUIET)
    assert model.asked == {"text 0": 1}


def _ask_slowly(path: Path, log: Path) -> None:
    def reply(question: Question) -> str:
        with log.open("a") as file:
            file.write(f"{question.text}\n")
        time.sleep(0.02)
        return f"A house, number {question.text}."

    CachedChat(ScriptedChat(reply), DiskStore(path, 8)).answer(_questions(40), QUIET)


def test_two_processes_ask_each_question_once(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    arguments = (tmp_path / "answers.sqlite", tmp_path / "asked.txt")
    processes = [spawn.Process(target=_ask_slowly, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    asked = (tmp_path / "asked.txt").read_text().splitlines()
    assert sorted(asked) == sorted({f"text {n}" for n in range(40)})


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
