"""What is done, in one SQLite file beside the output: it survives any end of the process, and several share it.

A picture is waiting, done (with its whole row) or failed (with the reason). Who works on a picture holds a lock file
for as long as the process lives; what a dead process had taken is free again. A caption file is written after its text
is in the database and marked as written afterwards, so that a process killed in between is made good by the next one.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..jobs.rows import Row, dump_row, load_row

if TYPE_CHECKING:
    from filelock import FileLock

NAME = ".patchmatters.sqlite"
VERSION = 1
_APPLICATION = 0x504D4644  # "PMFD"
_BUSY_S = 30.0
_CHUNK = 500


class Status(str, Enum):
    """Where a picture is."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Fingerprint:
    """A picture file as it was captioned: size in bytes, time of change in ns, digest of its bytes ("" if unread)."""

    size: int
    changed: int
    digest: str = ""


@dataclass(frozen=True)
class Known:
    """What the state knows of a picture, without its row.

    `settings` is the digest of the settings that it was captioned with, `form` that of its caption file as it was last
    written (None: never).
    """

    status: Status
    reason: str
    fingerprint: Fingerprint
    settings: str
    form: str | None


@dataclass(frozen=True)
class Pending:
    """A caption file that is to be written: its path and whole text."""

    path: str
    text: str


# NORMAL is safe against the end of a process in WAL mode; only a power cut may lose the last pictures.
_SCHEMA = f"""
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS pictures (
    key BLOB PRIMARY KEY, status TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', size INTEGER NOT NULL DEFAULT 0,
    changed INTEGER NOT NULL DEFAULT 0, digest TEXT NOT NULL DEFAULT '', settings TEXT NOT NULL DEFAULT '', form TEXT,
    row BLOB, owner TEXT, pending TEXT, times INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS money (owner TEXT PRIMARY KEY, spent REAL NOT NULL, aside REAL NOT NULL);
CREATE TABLE IF NOT EXISTS batches (
    tag TEXT PRIMARY KEY, name TEXT, sent REAL NOT NULL, bound REAL NOT NULL, owner TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS asked (
    key TEXT PRIMARY KEY, batch TEXT, tries INTEGER NOT NULL, most INTEGER NOT NULL, outcome TEXT, text TEXT,
    detail TEXT, input INTEGER, output INTEGER, cost REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refused (parameter TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS asked_in ON asked (batch) WHERE batch IS NOT NULL;
CREATE INDEX IF NOT EXISTS pictures_taken ON pictures (owner) WHERE owner IS NOT NULL;
CREATE INDEX IF NOT EXISTS pictures_pending ON pictures (key) WHERE pending IS NOT NULL;
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {VERSION};
COMMIT;
CREATE TEMP TABLE wanted (place INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE);
"""


class State:
    """An open state file. May be used from several threads; close it with `close` or `with`."""

    def __init__(self, path: Path) -> None:
        """ValueError for a file that is no state of this version, RuntimeError where it cannot be written."""
        self.path = path
        self._lock = threading.RLock()
        self._connection = _connect(path)
        self._owner = secrets.token_hex(8)
        self._alive = _lock_file(path, self._owner)
        try:
            self._alive.acquire(timeout=0)
        except OSError as error:
            self._connection.close()
            raise RuntimeError(
                f"{path.parent} cannot be written to ({error.strerror}): choose --out or --state."
            ) from None

    def __enter__(self) -> State:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back what was taken and not finished, and close the file."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            self._connection.execute("UPDATE pictures SET owner = NULL WHERE owner = ?", (self._owner,))
        with self._lock:
            self._connection.close()
        self._alive.release()
        Path(self._alive.lock_file).unlink(missing_ok=True)

    # --- for the account of batches, see `batch_book` ---

    @property
    def owner(self) -> str:
        """The name of this process in the file."""
        return self._owner

    def is_dead(self, owner: str) -> bool:
        """Whether the process of that name has ended."""
        return owner != self._owner and _is_dead(self.path, owner)

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """One transaction. RuntimeError, with what to do, where the file cannot be used just now."""
        return self._changing()

    # --- before the run ---

    def want(self, keys: Sequence[str]) -> None:
        """The pictures that this run is about, in the order in which they are to be done; unknown ones wait."""
        with self._changing() as connection:
            connection.execute("DELETE FROM wanted")
            rows = ((place, os.fsencode(key)) for place, key in enumerate(keys))
            connection.executemany("INSERT INTO wanted VALUES (?, ?)", rows)
            connection.execute("INSERT OR IGNORE INTO pictures (key, status) SELECT key, 'waiting' FROM wanted")

    def known(self, keys: Iterable[str]) -> dict[str, Known]:
        """What is known of each of these pictures; those that the state has never seen are missing."""
        found: dict[str, Known] = {}
        columns = "key, status, reason, size, changed, digest, settings, form"
        for row in self._select(columns, keys):
            key, status, reason, size, changed, digest, settings, form = row
            found[os.fsdecode(key)] = Known(Status(status), reason, Fingerprint(size, changed, digest), settings, form)
        return found

    def again(self, keys: Iterable[str]) -> None:
        """These pictures are to be done anew, unless somebody is doing them."""
        with self._changing() as connection:
            connection.executemany(
                "UPDATE pictures SET status = 'waiting', reason = '' WHERE key = ? AND owner IS NULL",
                ((os.fsencode(key),) for key in keys),
            )

    # --- during the run ---

    def take(self, most: int) -> list[str]:
        """The next waiting pictures of this run that nobody else has; they are this process's until it ends."""
        with self._changing() as connection:
            rows = connection.execute(
                "SELECT key FROM wanted CROSS JOIN pictures USING (key) WHERE status = 'waiting' AND owner IS NULL "
                "ORDER BY place LIMIT ?",
                (most,),
            ).fetchall()
            connection.executemany(
                "UPDATE pictures SET owner = ? WHERE key = ?", ((self._owner, key) for (key,) in rows)
            )
        return [os.fsdecode(key) for (key,) in rows]

    def free_the_dead(self) -> None:
        """Give back what processes had taken that have ended without a word."""
        with self._changing() as connection:
            owners = connection.execute("SELECT DISTINCT owner FROM pictures WHERE owner IS NOT NULL").fetchall()
            dead = [owner for (owner,) in owners if owner != self._owner and _is_dead(self.path, owner)]
            connection.executemany("UPDATE pictures SET owner = NULL WHERE owner = ?", ((owner,) for owner in dead))
            purses = connection.execute("SELECT owner FROM money WHERE aside <> 0").fetchall()
            poor = [owner for (owner,) in purses if owner != self._owner and _is_dead(self.path, owner)]
            connection.executemany("UPDATE money SET aside = 0 WHERE owner = ?", ((owner,) for owner in poor))

    def done(
        self, key: str, row: Row, fingerprint: Fingerprint, settings: str, pending: Pending | None, form: str
    ) -> None:
        """Keep a picture's row for good, and the caption file that is to be written next (None: no file).

        The picture stays this process's until `written`, so that nobody else writes the file meanwhile.
        """
        with self._changing() as connection:
            connection.execute(
                "UPDATE pictures SET status = 'done', reason = '', size = ?, changed = ?, digest = ?, settings = ?, "
                "row = ?, pending = ?, form = ?, owner = ?, times = times + 1 WHERE key = ?",
                (
                    *(fingerprint.size, fingerprint.changed, fingerprint.digest, settings, _packed(row)),
                    *(_pending_text(pending), form if pending else None, self._owner if pending else None),
                    os.fsencode(key),
                ),
            )

    def failed(self, key: str, reason: str) -> None:
        """A picture could not be captioned; the next run tries it again."""
        with self._changing() as connection:
            connection.execute(
                "UPDATE pictures SET status = 'failed', reason = ?, owner = NULL WHERE key = ?",
                (reason, os.fsencode(key)),
            )

    def plan_file(self, key: str, pending: Pending, form: str) -> None:
        """A caption file of a picture that is done is to be written."""
        with self._changing() as connection:
            connection.execute(
                "UPDATE pictures SET pending = ?, form = ?, owner = ? WHERE key = ?",
                (_pending_text(pending), form, self._owner, os.fsencode(key)),
            )

    def written(self, key: str) -> None:
        """The caption file that was to be written is there."""
        with self._changing() as connection:
            connection.execute("UPDATE pictures SET pending = NULL, owner = NULL WHERE key = ?", (os.fsencode(key),))

    # --- money ---

    def set_aside(self, dollars: float, limit: float) -> bool:
        """Reserve money for questions; False, and nothing reserved, where all runs together would pass the limit."""
        with self._changing() as connection:
            (used,) = connection.execute("SELECT coalesce(sum(spent + aside), 0) FROM money").fetchone()
            if used + dollars > limit:
                return False
            self._book(connection, 0.0, dollars)
        return True

    def settle(self, aside: float, spent: float) -> None:
        """Money that was set aside is free again, and so much of it was spent."""
        with self._changing() as connection:
            self._book(connection, spent, -aside)

    def spent(self) -> float:
        """US dollars that all runs under a limit have spent together."""
        with self._reading() as connection:
            return float(connection.execute("SELECT coalesce(sum(spent), 0) FROM money").fetchone()[0])

    def _book(self, connection: sqlite3.Connection, spent: float, aside: float) -> None:
        connection.execute(
            "INSERT INTO money VALUES (?1, ?2, ?3) ON CONFLICT (owner) DO UPDATE SET spent = spent + ?2, "
            "aside = max(0, aside + ?3)",
            (self._owner, spent, aside),
        )

    # --- results ---

    def pending(self) -> list[tuple[str, Pending]]:
        """Caption files of this run's pictures that were to be written when a process ended."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT key, pending FROM pictures JOIN wanted USING (key) WHERE pending IS NOT NULL AND owner IS NULL"
            ).fetchall()
        return [(os.fsdecode(key), Pending(*json.loads(text))) for key, text in rows]

    def row(self, key: str) -> Row | None:
        """The row of a picture that was captioned. ValueError where it is damaged."""
        with self._reading() as connection:
            found = connection.execute("SELECT row FROM pictures WHERE key = ?", (os.fsencode(key),)).fetchone()
        return None if found is None or found[0] is None else _unpacked(found[0], key)

    def counts(self) -> dict[Status, int]:
        """How many of this run's pictures are waiting, done and failed."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT status, count(*) FROM pictures JOIN wanted USING (key) GROUP BY status"
            ).fetchall()
        return dict.fromkeys(Status, 0) | {Status(status): count for status, count in rows}

    def failures(self) -> list[tuple[str, str]]:
        """(key, reason) of this run's pictures that failed."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT key, reason FROM pictures JOIN wanted USING (key) WHERE status = 'failed' ORDER BY place"
            ).fetchall()
        return [(os.fsdecode(key), reason) for key, reason in rows]

    # --- the connection ---

    def _select(self, columns: str, keys: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        coded = list(map(os.fsencode, keys))
        for start in range(0, len(coded), _CHUNK):
            chunk = coded[start : start + _CHUNK]
            marks = ", ".join("?" * len(chunk))
            with self._reading() as connection:
                rows = connection.execute(f"SELECT {columns} FROM pictures WHERE key IN ({marks})", chunk).fetchall()
            yield from rows

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _explained(self.path):
            yield self._connection

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        with self._lock, _explained(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise RuntimeError(
            f"The state in {path} cannot be used just now ({error}): make room on the disk, or end the program that "
            "holds it, and run the same command again. What is done stays done."
        ) from None
    except sqlite3.DatabaseError as error:
        raise RuntimeError(f"The state in {path} is damaged ({error}). {_MOVE_AWAY}") from None


_MOVE_AWAY = (
    "Move it away and run the same command again: caption files that are there are kept, and answers that are in the "
    "cache are not paid for again."
)


def _connect(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise RuntimeError(f"{path} cannot be written ({error}): choose another place with --out or --state.") from None
    try:
        _check_kind(connection, path)
        connection.executescript(_SCHEMA)
    except sqlite3.OperationalError as error:
        connection.close()
        raise RuntimeError(
            f"The state in {path} cannot be written ({error}): choose another place with --out or --state, or end the "
            "program that holds it."
        ) from None
    except sqlite3.DatabaseError as error:
        connection.close()
        raise ValueError(f"{path} is not a state file, or is damaged ({error}). {_MOVE_AWAY}") from None
    except ValueError:
        connection.close()
        raise
    return connection


def _check_kind(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not tables and not application:
        return
    if application != _APPLICATION:
        raise ValueError(f"{path} is the database of another program: choose another file with --state.")
    if version != VERSION:
        raise ValueError(
            f"{path} is of version {version}, and version {VERSION} is used here: update the pack, or move it away; "
            "caption files that are there are kept."
        )


def _lock_file(path: Path, owner: str) -> FileLock:
    from filelock import FileLock

    return FileLock(path.with_name(f"{path.name}.{owner}.lock"), thread_local=False)


def _is_dead(path: Path, owner: str) -> bool:
    """Whether the process that had that name is gone; its lock file goes with it."""
    from filelock import Timeout

    lock = _lock_file(path, owner)
    where = Path(lock.lock_file)
    if not where.exists():
        return True
    try:
        with lock.acquire(timeout=0):
            pass
    except Timeout:
        return False
    where.unlink(missing_ok=True)
    return True


def _packed(row: Row) -> bytes:
    return zlib.compress(dump_row(row).encode())


def _unpacked(blob: bytes, key: str) -> Row:
    try:
        return load_row(zlib.decompress(blob).decode(), f"The state's row of {key}")
    except (zlib.error, UnicodeDecodeError) as error:
        raise ValueError(f"The state's row of {key} is damaged ({error}): do it again with --refresh.") from None


def _pending_text(pending: Pending | None) -> str | None:
    return None if pending is None else json.dumps([pending.path, pending.text])
