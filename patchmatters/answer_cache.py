"""Answers that were paid for once: kept on disk or in memory, so that a rerun asks only for what is missing.

`CachedChat` is a ChatModel around another one. An answer is kept the moment it arrives, in a database that several
processes may share and that survives the end of any of them at any time. Refusals and failures are asked again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sqlite3
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from .backends.base import Answer, ChatModel, Monitor, Outcome, Question
from .options import check_options, option

log = logging.getLogger(__name__)

VERSION = 1  # of what a key means; another number makes all older answers unknown
_BUSY_S = 30.0
_CHECK_EVERY = 16  # answers between two looks at the size
_SLACK = 0.9  # of the limit is left after throwing away, so that it is not done for every answer
_CHUNK = 500  # keys per query; SQLite allows 999 variables
_MEMORY_BYTES = 16 * 2**20


@dataclass(frozen=True)
class CacheSettings:
    """Where answers are kept and how many."""

    cache: bool = option(True, "Keep answers on disk, so that a rerun asks only for what is missing.")
    cache_mb: int = option(256, "Size limit of the answers on disk, in MiB.", minimum=1, maximum=65536)

    __post_init__ = check_options


class CacheChoice(Protocol):
    """Settings that say whether answers go to disk, and how many MiB of them."""

    cache: bool
    cache_mb: int


class OpenStore(Protocol):
    """Kept answers, open for reading and writing from one thread."""

    def find(self, keys: Sequence[str]) -> Mapping[str, str]:
        """The kept texts by key."""

    def keep(self, key: str, text: str) -> None:
        """Keep a text for good."""


class Store(Protocol):
    def open(self) -> AbstractContextManager[OpenStore]: ...


@runtime_checkable
class Eager(Protocol):
    """A ChatModel that hands out each answer as soon as it is there; see `ApiChat.answer_each`."""

    def answer_each(
        self, questions: Sequence[Question], monitor: Monitor, keep: Callable[[int, Answer], None]
    ) -> list[Answer]: ...


@runtime_checkable
class Identified(Protocol):
    """A ChatModel that says what its answers depend on."""

    def identity(self) -> Mapping[str, object]: ...


def cached(model: ChatModel, settings: CacheChoice = CacheSettings()) -> ChatModel:
    """The model with its answers kept on disk, at `default_cache_path()`."""
    return CachedChat(model, DiskStore(default_cache_path(), settings.cache_mb))


def kept(model: ChatModel, settings: CacheChoice) -> ChatModel:
    """The model with its answers kept: on disk where the settings say so, else for as long as the model lives."""
    return cached(model, settings) if settings.cache else CachedChat(model, MemoryStore())


def default_cache_path() -> Path:
    """`PATCHMATTERS_CACHE`, or answers.sqlite in the user's folder for caches."""
    if named := os.environ.get("PATCHMATTERS_CACHE"):
        return Path(named)
    return _cache_folder() / "patchmatters" / "answers.sqlite"


def _cache_folder() -> Path:
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


class CachedChat:
    """A ChatModel that asks another one only what is not known yet. An answer from the store costs nothing."""

    def __init__(self, model: ChatModel, store: Store) -> None:
        self.model, self.store = model, store

    def __repr__(self) -> str:
        return f"CachedChat({self.model!r})"

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def sees_images(self) -> bool:
        return self.model.sees_images

    @property
    def follows_instructions(self) -> bool:
        return self.model.follows_instructions

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        """See ChatModel. Equal questions of one call are asked once."""
        if not questions:
            return []
        keys = [question_key(question, self._identity()) for question in questions]
        with self.store.open() as store:
            known = {key: _free(text) for key, text in store.find(list(dict.fromkeys(keys))).items()}
            for question, key in zip(questions, keys, strict=True):
                if key in known:
                    monitor.advance(question.name)
            fresh = self._ask(questions, keys, known, store, monitor)
        return self._in_order(keys, known, fresh)

    def _identity(self) -> Mapping[str, object]:
        return self.model.identity() if isinstance(self.model, Identified) else {"model": self.model.name}

    def _ask(
        self,
        questions: Sequence[Question],
        keys: Sequence[str],
        known: Mapping[str, Answer],
        store: OpenStore,
        monitor: Monitor,
    ) -> dict[str, Answer]:
        """The answers to what is not known, by key; each is kept as soon as it is there."""
        first = {key: number for number, key in reversed(list(enumerate(keys))) if key not in known}
        missing = sorted(first, key=first.__getitem__)

        def keep(number: int, answer: Answer) -> None:
            if answer.outcome is Outcome.ANSWER:
                store.keep(missing[number], answer.text)

        asked = [questions[first[key]] for key in missing]
        if not asked:
            return {}
        if isinstance(self.model, Eager):
            return dict(zip(missing, self.model.answer_each(asked, monitor, keep), strict=True))
        answers = self.model.answer(asked, monitor)
        for number, answer in enumerate(answers):
            keep(number, answer)
        return dict(zip(missing, answers, strict=True))

    @staticmethod
    def _in_order(keys: Sequence[str], known: Mapping[str, Answer], fresh: Mapping[str, Answer]) -> list[Answer]:
        """Every question's answer; one that was asked for twice is paid for once."""
        answers, told = [], set(known)
        for key in keys:
            answer = known.get(key) or fresh[key]
            answers.append(_free(answer.text, answer.outcome, answer.detail) if key in told else answer)
            told.add(key)
        return answers


def _free(text: str, outcome: Outcome = Outcome.ANSWER, detail: str = "") -> Answer:
    return Answer(text, outcome, detail, input_tokens=0, output_tokens=0, cost=0.0)


def question_key(question: Question, identity: Mapping[str, object]) -> str:
    """A digest of all that an answer depends on: model, instruction, schema, sampling, seed and pixels; no names."""
    content = {
        "version": VERSION,
        "model": dict(identity),
        "prefix": question.prefix,
        "text": question.text,
        "images": [[crop.digest, *crop.pixels] for crop in question.images],
        "schema": question.schema,
        "sampling": [question.temperature, question.top_p, question.max_new_tokens, question.seed],
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=24).hexdigest()


class MemoryStore:
    """Answers for as long as this object lives: the latest 16 MiB of them."""

    def __init__(self, limit_bytes: int = _MEMORY_BYTES) -> None:
        self._limit, self._size = limit_bytes, 0
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def open(self) -> AbstractContextManager[OpenStore]:
        return nullcontext(self)

    def find(self, keys: Sequence[str]) -> Mapping[str, str]:
        with self._lock:
            return {key: self._texts[key] for key in keys if key in self._texts}

    def keep(self, key: str, text: str) -> None:
        with self._lock:
            self._size += len(text) - len(self._texts.pop(key, ""))
            self._texts[key] = text
            while self._size > self._limit and len(self._texts) > 1:
                self._size -= len(self._texts.popitem(last=False)[1])


class DiskStore:
    """Answers in an SQLite file in WAL mode: several processes may use it, and killing one loses nothing kept."""

    def __init__(self, path: Path, limit_mb: int) -> None:
        self.path, self.limit_bytes = Path(path), limit_mb * 2**20

    @contextmanager
    def open(self) -> Iterator[OpenStore]:
        """RuntimeError where the file cannot be created, or is no such database."""
        with closing(self._connect()) as connection:
            yield _OpenDisk(connection, self.limit_bytes)

    def _connect(self) -> sqlite3.Connection:
        connection = None
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None)
            connection.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            if connection is not None:
                connection.close()
            raise RuntimeError(
                f"The kept answers in {self.path} cannot be used ({error}): delete that file, let PATCHMATTERS_CACHE "
                "name another one, or switch the cache off (--no-cache)."
            ) from None
        return connection


# NORMAL is safe against the end of a process in WAL mode; only a power cut may lose the last answers.
_SCHEMA = """
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, text TEXT NOT NULL, size INTEGER NOT NULL, used REAL NOT NULL)
    WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answers_by_use ON answers (used, size);
"""
_ROW_BYTES = 160  # what a row takes besides its text, with both indices


@contextmanager
def _forgiven(what: str) -> Iterator[None]:
    """A full disk or a lock that is never released must not lose an answer that was just paid for."""
    try:
        yield
    except sqlite3.OperationalError as error:
        log.warning("An answer could not be %s (%s): a rerun may ask for it again.", what, error)


class _OpenDisk:
    def __init__(self, connection: sqlite3.Connection, limit_bytes: int) -> None:
        self._connection, self._limit, self._unchecked = connection, limit_bytes, _CHECK_EVERY

    def find(self, keys: Sequence[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for start in range(0, len(keys), _CHUNK):
            found |= self._find_chunk(keys[start : start + _CHUNK])
        return found

    def _find_chunk(self, keys: Sequence[str]) -> dict[str, str]:
        marks = ", ".join("?" * len(keys))
        found = dict(self._connection.execute(f"SELECT key, text FROM answers WHERE key IN ({marks})", tuple(keys)))
        if found:
            marks = ", ".join("?" * len(found))
            with _forgiven("marked as used"):
                used = (time.time(), *found)
                self._connection.execute(f"UPDATE answers SET used = ? WHERE key IN ({marks})", used)
        return found

    def keep(self, key: str, text: str) -> None:
        row = (key, text, len(text.encode()) + _ROW_BYTES, time.time())
        with _forgiven("kept on disk"):
            self._connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", row)
            self._unchecked += 1
            if self._unchecked >= _CHECK_EVERY:
                self._unchecked = 0
                self._shrink()

    def _shrink(self) -> None:
        """Throw away the least used answers until the file is well below its limit."""
        size = self._size()
        if size <= self._limit:
            return
        (total,) = self._connection.execute("SELECT coalesce(sum(size), 0) FROM answers").fetchone()
        excess, doomed = total * (1 - self._limit * _SLACK / size), []
        for key, row_size in self._connection.execute("SELECT key, size FROM answers ORDER BY used"):
            if excess <= 0:
                break
            doomed.append((key,))
            excess -= row_size
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("DELETE FROM answers WHERE key = ?", doomed)
        self._connection.execute("COMMIT")
        self._connection.execute("PRAGMA incremental_vacuum").fetchall()
        log.info("Threw away the %d least used of the kept answers.", len(doomed))

    def _size(self) -> int:
        """Bytes of the file that are in use."""
        ask = self._connection.execute
        pages, free, page_size = (
            ask(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * page_size
