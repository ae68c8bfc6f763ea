"""Captioning by batch: a run goes as far as the answers that are there, and hands in what is missing.

The engine runs as always, with a captioner that knows only answers which have come back. A picture that lacks one
waits; what it lacks is written down, and the questions of all pictures go out together. The next run takes up the
answers and goes a stage further, as the questions of a stage depend on the answers of the one before.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..answer_cache import CachedChat, identity_of, question_key, read_kept, to_keep
from ..answer_store import Store
from ..backends.batches import MOST_BYTES, MOST_REQUESTS, BatchService, Settled
from ..models import QUIET, Answer, ChatModel, Monitor, Outcome, Question, WrappedChat
from ..running.ask import problem_of
from .batch_book import Batch, BatchBook
from .cost import LimitReached, Purse


class AnswersAwaited(BaseException):
    """A picture cannot go on before its answers have come. Not an Exception: no stage is to handle it."""


@dataclass(frozen=True)
class _Request:
    key: str
    line: str
    most: int
    bound: float


@dataclass
class BatchDesk:
    """Hands in questions and takes up answers. `purse` says what may be spent; None: all that it costs."""

    service: BatchService
    book: BatchBook
    purse: Purse | None = None
    notes: list[str] = field(default_factory=list)  # for people: what became of batches
    _requests: dict[str, _Request] = field(default_factory=dict)
    _bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    # --- handing in ---

    def order(self, questions: Mapping[str, Question]) -> None:
        """Questions by key that must be asked; those that are in a batch already are not asked again.

        A full batch goes out at once. LimitReached, with nothing handed in, where it could pass the limit.
        """
        with self._lock:
            left_out, waiting = self.book.refused(), self.book.waiting(list(questions))
            for key, question in questions.items():
                if key not in waiting and key not in self._requests:
                    self._add(self._request(key, question, left_out))

    def _request(self, key: str, question: Question, left_out: Iterable[str]) -> _Request:
        bound = self.purse.bound(question) if self.purse else 0.0
        return _Request(key, self.service.line(key, question, frozenset(left_out)), question.max_new_tokens, bound)

    def _add(self, request: _Request) -> None:
        size = len(request.line.encode())
        if self._requests and (len(self._requests) >= MOST_REQUESTS or self._bytes + size > MOST_BYTES):
            self._hand_in()
        self._requests[request.key] = request
        self._bytes += size

    def close(self) -> None:
        """Hand in what is left."""
        with self._lock:
            if self._requests:
                self._hand_in()

    def _hand_in(self) -> None:
        requests = list(self._requests.values())
        bound = sum(one.bound for one in requests)
        limit = self.purse.limit if self.purse else float("inf")
        claimed = self.book.claim([(one.key, one.most) for one in requests], bound, limit)
        if claimed is None:
            raise LimitReached
        self._requests, self._bytes = {}, 0
        tag, keys = claimed
        lines = [one.line for one in requests if one.key in keys]
        if not lines:
            self.book.settle(tag, [])
            return
        name = self.service.submit(lines, tag)
        self.book.named(tag, name)
        self.notes.append(f"{len(lines)} questions are handed in as {name}.")

    # --- taking up ---

    def take_up(self) -> None:
        """Enter the answers of all batches that have ended. RuntimeError where a batch was refused as a whole."""
        refused = [problem for batch in self.book.open_batches() if (problem := self._take_up(batch))]
        if refused:
            raise RuntimeError(refused[0])

    def _take_up(self, batch: Batch) -> str:
        """Why a batch was refused, empty where it was not."""
        name = batch.name or self._recovered(batch)
        if name is None:
            return ""
        progress = self.service.look(name)
        if not progress.ended:
            return ""
        limits = self.book.limits(batch.tag)
        results = [] if progress.refused or progress.gone else self.service.results(name, limits)
        missing = [_unreached(key, progress.refused) for key in limits.keys() - {one.key for one in results}]
        spent = self.book.settle(batch.tag, [*results, *missing])
        self._note(name, progress.status, [*results, *missing], spent)
        if not progress.refused:
            return ""
        return f"{self.service.title} refused the batch {name} ({progress.refused}): put that right, and run again."

    def _recovered(self, batch: Batch) -> str | None:
        """The name of a batch whose process ended while it handed it in; None where it never got there, or is just
        being handed in by somebody else."""
        if not self.book.is_orphan(batch):
            return None
        limits = self.book.limits(batch.tag)
        known = {one.name for one in self.book.open_batches()}
        found = [name for name in self.service.find(batch.tag, batch.sent, len(limits)) if name not in known]
        if not found:
            self.book.settle(batch.tag, [])
            return None
        self.book.named(batch.tag, found[0])
        return found[0]

    def _note(self, name: str, status: str, results: Sequence[Settled], spent: float) -> None:
        again = sum(one.again for one in results)
        more = f", {again} are asked again" if again else ""
        self.notes.append(f"{name} ({status}): {len(results) - again} answers for ${spent:.4f}{more}.")


def _unreached(key: str, refused: str) -> Settled:
    why = f"its batch was refused ({refused})" if refused else "it was not among the results of its batch: run again"
    return Settled(key, Answer("", Outcome.FAILURE, why), again=True)


class BatchChat(WrappedChat):
    """A ChatModel that answers what has come back, and raises AnswersAwaited where something has not.

    Answers that are in the cache of answers are taken from there, and what came by batch is kept there.
    """

    def __init__(self, model: ChatModel, desk: BatchDesk) -> None:
        self.model = model.model if isinstance(model, CachedChat) else model
        self._store: Store | None = model.store if isinstance(model, CachedChat) else None
        self._desk = desk

    def answer(self, questions: Sequence[Question], monitor: Monitor = QUIET) -> list[Answer]:
        identity = identity_of(self.model, monitor)
        asked = {question_key(question, identity): question for question in questions}
        known = self._desk.book.answers(list(asked))
        self._keep({key: (asked[key], answer) for key, answer in known.items()})
        known |= self._kept({key: question for key, question in asked.items() if key not in known})
        missing = {key: question for key, question in asked.items() if key not in known}
        if missing:
            self._desk.order(missing)
            raise AnswersAwaited
        for question in questions:
            monitor.advance(question.name)
        return [known[question_key(question, identity)] for question in questions]

    def _kept(self, asked: Mapping[str, Question]) -> dict[str, Answer]:
        if self._store is None or not asked:
            return {}
        with self._store.open() as store:
            texts = store.find(list(asked))
        found = {key: read_kept(asked[key], text) for key, text in texts.items()}
        return {key: answer for key, answer in found.items() if not problem_of(asked[key], answer)}

    def _keep(self, answers: Mapping[str, tuple[Question, Answer]]) -> None:
        if self._store is None or not answers:
            return
        with self._store.open() as store:
            there = store.find(list(answers))
            for key, (question, answer) in answers.items():
                if key not in there and answer.outcome is Outcome.ANSWER and not problem_of(question, answer):
                    store.keep(key, to_keep(answer))
