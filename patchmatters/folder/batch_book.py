"""The account of batches in the state file: what was asked in which one, and what came back.

A question is claimed by a batch before that is handed in, and the batch's name is entered when the provider gives it.
A process that ends in between leaves a batch without a name, which the next run looks for, so that nothing is paid
twice.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..backends.batches import Settled
from ..models import Answer, Outcome
from .state import State

_TRIES = 3  # batches that a question is put into before it counts as failed
_CHUNK = 500


@dataclass(frozen=True)
class Batch:
    """A batch that was handed in, or was about to be (`name` None): `bound` is the most that it can cost, in US
    dollars, `sent` seconds since 1970."""

    tag: str
    name: str | None
    sent: float
    bound: float
    owner: str


class BatchBook:
    """The questions and batches of one folder. Safe to use from several threads and processes."""

    def __init__(self, state: State) -> None:
        self._state = state

    # --- questions ---

    def answers(self, keys: Sequence[str]) -> dict[str, Answer]:
        """What is settled of these questions, with what each cost."""
        found = {}
        for row in self._rows("key, outcome, text, detail, input, output, cost", keys, "outcome IS NOT NULL"):
            key, outcome, text, detail, ins, outs, cost = row
            found[key] = Answer(text, Outcome(outcome), detail, ins, outs, cost)
        return found

    def waiting(self, keys: Sequence[str]) -> set[str]:
        """Those of the questions that are in a batch now."""
        return {key for (key,) in self._rows("key", keys, "batch IS NOT NULL")}

    def counts(self) -> tuple[int, int]:
        """How many questions are in batches now, and in how many batches."""
        with self._state.transaction() as connection:
            (asked,) = connection.execute("SELECT count(*) FROM asked WHERE batch IS NOT NULL").fetchone()
            (batches,) = connection.execute("SELECT count(*) FROM batches").fetchone()
        return asked, batches

    def refused(self) -> frozenset[str]:
        """Settings that the model has refused."""
        with self._state.transaction() as connection:
            return frozenset(name for (name,) in connection.execute("SELECT parameter FROM refused"))

    # --- batches ---

    def claim(self, questions: Sequence[tuple[str, int]], bound: float, limit: float) -> tuple[str, set[str]] | None:
        """A new batch of those questions (key, token limit) that are in no other: its tag, and their keys.

        None, and nothing claimed, where it could cost more than the limit together with all that was spent, is set
        aside and is in other batches.
        """
        tag = f"patchmatters-{secrets.token_hex(8)}"
        with self._state.transaction() as connection:
            (used,) = connection.execute(
                "SELECT coalesce((SELECT sum(spent + aside) FROM money), 0) + coalesce((SELECT sum(bound) FROM "
                "batches), 0)"
            ).fetchone()
            if used + bound > limit:
                return None
            claimed = {key for key, most in questions if self._claimed(connection, key, most, tag)}
            row = (tag, time.time(), bound, self._state.owner)
            connection.execute("INSERT INTO batches (tag, sent, bound, owner) VALUES (?, ?, ?, ?)", row)
        return tag, claimed

    @staticmethod
    def _claimed(connection: sqlite3.Connection, key: str, most: int, tag: str) -> bool:
        connection.execute("INSERT OR IGNORE INTO asked (key, tries, most) VALUES (?, 0, ?)", (key, most))
        changed = connection.execute(
            "UPDATE asked SET batch = ?, tries = tries + 1 WHERE key = ? AND batch IS NULL AND outcome IS NULL",
            (tag, key),
        )
        return changed.rowcount == 1

    def named(self, tag: str, name: str) -> None:
        """A batch was handed in, and has this name at its provider."""
        with self._state.transaction() as connection:
            connection.execute("UPDATE batches SET name = ? WHERE tag = ?", (name, tag))

    def open_batches(self) -> list[Batch]:
        """All that are not settled, the oldest first."""
        with self._state.transaction() as connection:
            rows = connection.execute("SELECT tag, name, sent, bound, owner FROM batches ORDER BY sent").fetchall()
        return [Batch(*row) for row in rows]

    def limits(self, tag: str) -> dict[str, int]:
        """The questions of a batch with their token limits."""
        with self._state.transaction() as connection:
            return dict(connection.execute("SELECT key, most FROM asked WHERE batch = ?", (tag,)))

    def settle(self, tag: str, results: Sequence[Settled]) -> float:
        """Enter what a batch brought, all of it at once; what it has cost.

        Questions without a result, and those to be asked again, are free for another batch; failed after three.
        """
        with self._state.transaction() as connection:
            for one in results:
                self._enter(connection, tag, one)
            connection.execute("UPDATE asked SET batch = NULL WHERE batch = ?", (tag,))
            gone = connection.execute("DELETE FROM batches WHERE tag = ?", (tag,)).rowcount
            connection.executemany(
                "INSERT OR IGNORE INTO refused VALUES (?)", ((one.parameter,) for one in results if one.parameter)
            )
        spent = sum(one.answer.cost or 0.0 for one in results) if gone else 0.0
        self._state.settle(0.0, spent)
        return spent

    @staticmethod
    def _enter(connection: sqlite3.Connection, tag: str, one: Settled) -> None:
        answer = one.answer
        values = (answer.outcome.value, answer.text, answer.detail, answer.input_tokens, answer.output_tokens)
        connection.execute(
            "UPDATE asked SET outcome = ?, text = ?, detail = ?, input = ?, output = ?, cost = ? "
            "WHERE key = ? AND batch = ? AND (? OR tries >= ?)",
            (*values, answer.cost, one.key, tag, not one.again, _TRIES),
        )

    def forget_failures(self) -> None:
        """Where pictures failed, questions that failed may be asked again, as those pictures are tried anew."""
        with self._state.transaction() as connection:
            connection.execute(
                "DELETE FROM asked WHERE outcome = ? AND EXISTS (SELECT 1 FROM pictures WHERE status = 'failed')",
                (Outcome.FAILURE.value,),
            )

    def is_orphan(self, batch: Batch) -> bool:
        """Whether nobody will enter the name of a batch any more."""
        return batch.name is None and (batch.owner == self._state.owner or self._state.is_dead(batch.owner))

    def _rows(self, columns: str, keys: Sequence[str], condition: str) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(keys), _CHUNK):
            chunk = list(keys[start : start + _CHUNK])
            marks = ", ".join("?" * len(chunk))
            with self._state.transaction() as connection:
                query = f"SELECT {columns} FROM asked WHERE key IN ({marks}) AND {condition}"
                rows = connection.execute(query, chunk).fetchall()
            yield from rows
