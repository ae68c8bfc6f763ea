"""Where answers are kept: in memory, or in an SQLite file that several processes share.

A store also knows which questions are being asked at this moment, so that nobody pays for the same answer beside
somebody else. A file that is damaged is moved aside, and one that cannot be used now (locked, full, read-only) is left
as it is: both are said once, and neither stops a run, because an answer that was paid for is worth more than its copy.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sqlite3
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

Result = TypeVar("Result")

log = logging.getLogger(__name__)

_BUSY_S = 30.0
_LEASE_S = 15.0  # a claim that nobody renewed for so long is void
_RENEW_S = 3.0
_CHECK_EVERY = 16  # answers between two looks at the size
_SLACK = 0.9  # of the limit is left after throwing away, so that it is not done for every answer
_CHUNK = 400  # keys per query; SQLite allows 999 variables
_MEMORY_BYTES = 16 * 2**20
_ROW_BYTES = 160  # what a row takes besides its text, with both indices
_MAGIC = b"SQLite format 3\x00"
_COLUMNS = ("key", "text", "size", "used")
# NORMAL is safe against the end of a process in WAL mode; only a power cut may lose the last answers.
_SCHEMA = """
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, text TEXT NOT NULL, size INTEGER NOT NULL, used REAL NOT NULL)
    WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answers_by_use ON answers (used, size);
CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, owner TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
"""


class OpenStore(Protocol):
    """Kept answers, open for reading and writing from one thread."""

    def find(self, keys: Sequence[str]) -> dict[str, str]:
        """The kept texts by key."""

    def keep(self, key: str, text: str) -> None:
        """Keep a text for good, and let go of its key."""

    def claim(self, keys: Sequence[str]) -> set[str]:
        """Those of the keys that nobody else is asking for: they are this one's now, until kept or released."""

    def release(self, keys: Sequence[str]) -> None:
        """Let go of keys that got no text."""

    def renew(self) -> None:
        """Say that the claims are still meant; to be called every few seconds."""


class Store(Protocol):
    def open(self) -> AbstractContextManager[OpenStore]: ...


class MemoryStore:
    """Answers for as long as this object lives: the latest 16 MiB of them. Safe to use from several threads."""

    def __init__(self, limit_bytes: int = _MEMORY_BYTES) -> None:
        self._limit, self._size = limit_bytes, 0
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._claimed: set[str] = set()
        self._lock = threading.Lock()

    def open(self) -> AbstractContextManager[OpenStore]:
        return contextlib.nullcontext(self)

    def find(self, keys: Sequence[str]) -> dict[str, str]:
        with self._lock:
            return {key: self._texts[key] for key in keys if key in self._texts}

    def keep(self, key: str, text: str) -> None:
        with self._lock:
            self._claimed.discard(key)
            self._size += len(text) - len(self._texts.pop(key, ""))
            self._texts[key] = text
            while self._size > self._limit and len(self._texts) > 1:
                self._size -= len(self._texts.popitem(last=False)[1])

    def claim(self, keys: Sequence[str]) -> set[str]:
        with self._lock:
            free = set(keys) - self._claimed
            self._claimed |= free
            return free

    def release(self, keys: Sequence[str]) -> None:
        with self._lock:
            self._claimed -= set(keys)

    def renew(self) -> None:
        pass


class DiskStore:
    """Answers in an SQLite file in WAL mode: several processes may use it, and killing one loses nothing kept."""

    def __init__(self, path: Path, limit_mb: int) -> None:
        self.path, self.limit_bytes = Path(path), limit_mb * 2**20

    @contextmanager
    def open(self) -> Iterator[OpenStore]:
        """RuntimeError for a file that is evidently something else, and must not be moved."""
        opened = _OpenDisk(self.path, self.limit_bytes)
        try:
            yield opened
        finally:
            opened.close()


def _connect(path: Path) -> sqlite3.Connection:
    """An open database of this version. sqlite3.OperationalError where it cannot be used now; DatabaseError where it is
    damaged or of another version."""
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    connection.text_factory = bytes  # damaged text is told apart here, and is no error of the whole file
    try:
        columns = tuple(row[1].decode() for row in connection.execute("PRAGMA table_info(answers)"))
        if columns not in ((), _COLUMNS):
            raise sqlite3.DatabaseError("it was made by another version")
        connection.executescript(_SCHEMA)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _decoded(value: object) -> str | None:
    """A text of a row; None where damage made something else of it."""
    try:
        return value.decode() if isinstance(value, bytes) else None
    except UnicodeDecodeError:
        return None


class _OpenDisk:
    def __init__(self, path: Path, limit_bytes: int) -> None:
        self._path, self._limit, self._unchecked = path, limit_bytes, _CHECK_EVERY
        self._owner = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex}"
        self._claimed: set[str] = set()
        self._renewed = 0.0
        self._connection: sqlite3.Connection | None = None
        self._said = self._replaced = False
        self._file = 0  # which file it was when it was opened
        self._open()

    # --- opening, and what may be wrong with the file ---

    def _open(self) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = _inode(self._path)
            self._connection = _connect(self._path)
        except (OSError, sqlite3.OperationalError) as error:
            self._say(error)
        except sqlite3.DatabaseError as error:
            self._replace(error)

    def close(self) -> None:
        self.release(sorted(self._claimed))
        if self._connection is not None:
            self._connection.close()

    def _say(self, error: Exception) -> None:
        """Once for all answers, and loud enough for a run without --verbose."""
        if not self._said:
            log.error(
                "Answers could not be kept in %s (%s): this run goes on, and a rerun may ask for them again. Free or "
                "unlock the file, let PATCHMATTERS_CACHE name another one, or switch the cache off (--no-cache).",
                self._path, error,
            )  # fmt: skip
        self._said = True
        if self._connection is not None:  # no answer is to wait again for a lock that was not released
            with suppress(sqlite3.Error):
                self._connection.execute("PRAGMA busy_timeout = 100")

    def _replace(self, error: Exception) -> None:
        """Move a damaged file aside and begin a new one; not twice, and not what somebody else has just begun."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._replaced:
            self._say(error)
            return
        self._replaced = True
        _require_ours(self._path, error)
        if _inode(self._path) == self._file:
            try:
                aside = _move_aside(self._path)
            except OSError as stuck:
                self._say(stuck)
                return
            log.error("The kept answers in %s could not be read (%s). That file is now %s.", self._path, error, aside)
        self._open()

    def _try(self, work: Callable[[sqlite3.Connection], Result], otherwise: Result) -> Result:
        """What `work` gives; `otherwise` where the file cannot be used."""
        while (connection := self._connection) is not None:
            try:
                return work(connection)
            except sqlite3.OperationalError as error:
                with suppress(sqlite3.Error):
                    connection.rollback()
                self._say(error)
                return otherwise
            except sqlite3.DatabaseError as error:
                self._replace(error)
        return otherwise

    # --- answers ---

    def find(self, keys: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for start in range(0, len(keys), _CHUNK):
            chunk = tuple(keys[start : start + _CHUNK])
            found |= self._try(partial(_find, keys=chunk), dict[str, str]())
        return found

    def keep(self, key: str, text: str) -> None:
        content = text.encode("utf-8", "replace")
        row = (key, content.decode(), len(content) + _ROW_BYTES, time.time())

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", row)
            self._unchecked += 1
            if self._unchecked >= _CHECK_EVERY:
                self._unchecked = 0
                _shrink(connection, self._limit)

        self._try(work, None)
        self.release([key])

    # --- claims ---

    def claim(self, keys: Sequence[str]) -> set[str]:
        """All of them where the file cannot be used: then nobody can be asked to wait."""
        free: set[str] = set()
        for start in range(0, len(keys), _CHUNK):
            chunk = keys[start : start + _CHUNK]
            free |= self._try(partial(self._claim, keys=chunk), set(chunk))
        self._claimed |= free
        return free

    def _claim(self, connection: sqlite3.Connection, keys: Sequence[str]) -> set[str]:
        if set(keys) <= _held(connection, keys):
            return set()
        connection.execute("BEGIN IMMEDIATE")
        free = [key for key in keys if key not in _held(connection, keys)]
        until = time.time() + _LEASE_S
        rows = [(key, self._owner, until) for key in free]
        connection.executemany("INSERT OR REPLACE INTO claims VALUES (?, ?, ?)", rows)
        connection.execute("COMMIT")
        return set(free)

    def release(self, keys: Sequence[str]) -> None:
        mine = [(key, self._owner) for key in keys if key in self._claimed]
        self._claimed -= set(keys)
        if mine:
            forget = "DELETE FROM claims WHERE key = ? AND owner = ?"
            self._try(lambda connection: connection.executemany(forget, mine) and None, None)

    def renew(self) -> None:
        now = time.time()
        if not self._claimed or now - self._renewed < _RENEW_S:
            return
        self._renewed = now
        longer = "UPDATE claims SET until = ? WHERE owner = ?"
        self._try(lambda connection: connection.execute(longer, (now + _LEASE_S, self._owner)) and None, None)


def _find(connection: sqlite3.Connection, keys: tuple[str, ...]) -> dict[str, str]:
    marks = ", ".join("?" * len(keys))
    rows = connection.execute(f"SELECT key, text FROM answers WHERE key IN ({marks})", keys).fetchall()
    texts = {_decoded(key): _decoded(text) for key, text in rows}
    found = {key: text for key, text in texts.items() if key in keys and text is not None}
    if found:
        with suppress(sqlite3.OperationalError):  # when it was used last is not worth a word
            marks = ", ".join("?" * len(found))
            connection.execute(f"UPDATE answers SET used = ? WHERE key IN ({marks})", (time.time(), *found))
    return found


def _held(connection: sqlite3.Connection, keys: Sequence[str]) -> set[str]:
    """Those of the keys that somebody who still lives is asking for."""
    marks = ", ".join("?" * len(keys))
    rows = connection.execute(f"SELECT key, owner, until FROM claims WHERE key IN ({marks})", tuple(keys)).fetchall()
    now = time.time()
    return {
        key.decode()
        for key, owner, until in rows
        if isinstance(until, float) and now < until < now + 2 * _LEASE_S and _lives(owner.decode())
    }


def _lives(owner: str) -> bool:
    """False where the process is known to be gone; its lease may still run after a sudden end."""
    host, _, rest = owner.partition("/")
    if os.name == "nt" or host != socket.gethostname():
        return True
    try:
        os.kill(int(rest.partition("/")[0]), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


def _shrink(connection: sqlite3.Connection, limit: int) -> None:
    """Throw away the least used answers until the file is well below its limit."""
    size = _used_bytes(connection)
    if size <= limit:
        return
    (total,) = connection.execute("SELECT coalesce(sum(size), 0) FROM answers").fetchone()
    excess, doomed = total * (1 - limit * _SLACK / size), []
    for key, row_size in connection.execute("SELECT key, size FROM answers ORDER BY used"):
        if excess <= 0:
            break
        doomed.append((key.decode(),))
        excess -= row_size
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("DELETE FROM answers WHERE key = ?", doomed)
    connection.execute("COMMIT")
    connection.execute("PRAGMA incremental_vacuum").fetchall()
    log.info("Threw away the %d least used of the kept answers.", len(doomed))


def _used_bytes(connection: sqlite3.Connection) -> int:
    """Bytes of the file that are in use."""
    pages, free, page_size = (
        connection.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "freelist_count", "page_size")
    )
    used: int = (pages - free) * page_size
    return used


def _inode(path: Path) -> int:
    """Which file is there; 0 where there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def _require_ours(path: Path, error: Exception) -> None:
    """RuntimeError for a file that is evidently no database: somebody named the wrong one, and it is theirs."""
    with suppress(OSError), path.open("rb") as file:
        if path.suffix != ".sqlite" and file.read(len(_MAGIC)) != _MAGIC:
            raise RuntimeError(f"{path} is no file of kept answers ({error}): let PATCHMATTERS_CACHE name another one.")


def _move_aside(path: Path) -> Path:
    """The file under a new name, with what SQLite keeps beside it."""
    taken = [path.with_name(f"{path.name}.damaged{number or ''}") for number in range(1000)]
    aside = next(name for name in taken if not name.exists())
    path.replace(aside)
    for ending in ("-wal", "-shm"):
        beside = path.with_name(path.name + ending)
        with suppress(FileNotFoundError):
            beside.replace(aside.with_name(aside.name + ending))
    return aside
