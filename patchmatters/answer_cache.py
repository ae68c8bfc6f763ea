"""Answers that were paid for once: kept on disk or in memory, so that a rerun asks only for what is missing.

`CachedChat` is a ChatModel around another one. An answer is kept the moment it arrives, in a database that several
processes may share and that survives the end of any of them at any time. What the engine would not take for an answer
(a refusal, an echo, nothing but thoughts) is neither kept nor believed where it was kept once: it is asked again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from .answer_store import DiskStore, MemoryStore, OpenStore, Store
from .models import Answer, ChatModel, Monitor, Outcome, Question, WrappedChat, weighs_words
from .options import Options, option
from .running.ask import problem_of

VERSION = 1  # of what a key means; another number makes all older answers unknown
_TEXT, _PROBABILITIES = "text", "probabilities"  # of an answer to a question with words, as JSON
_LOOK_S = 0.05  # between two looks whether somebody else has got an answer


@dataclass(frozen=True)
class CacheSettings(Options):
    """Where answers are kept and how many."""

    cache: bool = option(True, "Keep answers on disk, so that a rerun asks only for what is missing.")
    cache_mb: int = option(256, "Size limit of the answers on disk, in MiB.", minimum=1, maximum=65536)


class CacheChoice(Protocol):
    """Settings that say whether answers go to disk, and how many MiB of them."""

    @property
    def cache(self) -> bool: ...

    @property
    def cache_mb(self) -> int: ...


@runtime_checkable
class Eager(Protocol):
    """A ChatModel that hands out each answer as soon as it is there; see `ApiChat.answer_each`."""

    def answer_each(
        self, questions: Sequence[Question], monitor: Monitor, keep: Callable[[int, Answer], None]
    ) -> list[Answer]: ...


@runtime_checkable
class Identified(Protocol):
    """A ChatModel that says what its answers depend on."""

    def identity(self, monitor: Monitor) -> Mapping[str, object]: ...


def identity_of(model: ChatModel, monitor: Monitor) -> Mapping[str, object]:
    """What the answers of a model depend on: its name, where it does not say."""
    return model.identity(monitor) if isinstance(model, Identified) else {"model": model.name}


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


class CachedChat(WrappedChat):
    """A ChatModel that asks another one only what is not known yet. An answer from the store costs nothing."""

    def __init__(self, model: ChatModel, store: Store) -> None:
        self.model, self.store = model, store

    def __repr__(self) -> str:
        return f"CachedChat({self.model!r})"

    @property
    def weighs_words(self) -> bool:
        return weighs_words(self.model)

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        """See ChatModel. Equal questions are asked once, in this call and beside others that run at the moment."""
        if not questions:
            return []
        identity = identity_of(self.model, monitor)
        keys = [question_key(question, identity) for question in questions]
        with self.store.open() as store:
            return _Call(self.model, list(questions), keys, store, monitor).run()


@dataclass
class _Call:
    """The questions of one call, some of them answered before, and some being asked by somebody else right now."""

    model: ChatModel
    questions: list[Question]
    keys: list[str]
    store: OpenStore
    monitor: Monitor
    known: dict[str, Answer] = field(default_factory=dict)
    fresh: dict[str, Answer] = field(default_factory=dict)

    def run(self) -> list[Answer]:
        self._look(self._missing())
        while missing := self._missing():
            mine = self.store.claim(missing)
            self._look(missing)  # what was kept between the look and the claim
            mine -= self._let_go(key for key in mine if key in self.known)
            if not mine:
                time.sleep(_LOOK_S if self._missing() else 0)
                self.monitor.poll()
                continue
            try:
                self._ask([key for key in missing if key in mine])
            finally:
                self._let_go(mine)
        return self._in_order()

    def _missing(self) -> list[str]:
        return [key for key in dict.fromkeys(self.keys) if key not in self.known and key not in self.fresh]

    def _let_go(self, keys: Iterable[str]) -> set[str]:
        gone = set(keys)
        self.store.release(sorted(gone))
        return gone

    def _look(self, keys: Sequence[str]) -> None:
        """Take what is kept and is an answer."""
        found = self.store.find(keys)
        first = self._first()
        for key, text in found.items():
            answer = read_kept(self.questions[first[key]], text)
            if not problem_of(self.questions[first[key]], answer):
                self.known[key] = answer
        for question, key in zip(self.questions, self.keys, strict=True):
            if key in found and key in self.known:
                self.monitor.advance(question.name)

    def _first(self) -> dict[str, int]:
        """The number of the first question with each key."""
        return {key: number for number, key in reversed(list(enumerate(self.keys)))}

    def _ask(self, keys: Sequence[str]) -> None:
        """Get answers; each is kept as soon as it is there."""
        first = self._first()
        asked = [self.questions[first[key]] for key in keys]

        def keep(number: int, answer: Answer) -> None:
            if answer.outcome is Outcome.ANSWER and not problem_of(asked[number], answer):
                self.store.keep(keys[number], to_keep(answer))
            else:
                self.store.release([keys[number]])

        watched = _Renewing(self.monitor, self.store)
        if isinstance(self.model, Eager):
            answers = self.model.answer_each(asked, watched, keep)
        else:
            answers = self.model.answer(asked, watched)
            for number, answer in enumerate(answers):
                keep(number, answer)
        self.fresh |= zip(keys, answers, strict=True)

    def _in_order(self) -> list[Answer]:
        """Every question's answer; one that was asked for twice is paid for once."""
        answers, told = [], set(self.known)
        for key in self.keys:
            answer = self.known.get(key) or self.fresh[key]
            answers.append(_free(answer) if key in told else answer)
            told.add(key)
        return answers


class _Renewing:
    """A monitor that also keeps the claims of a call alive."""

    def __init__(self, monitor: Monitor, store: OpenStore) -> None:
        self._monitor, self._store = monitor, store
        self.begin, self.advance, self.partial = monitor.begin, monitor.advance, monitor.partial

    def poll(self) -> None:
        self._store.renew()
        self._monitor.poll()


def _free(answer: Answer) -> Answer:
    return replace(answer, input_tokens=0, output_tokens=0, cost=0.0)


def to_keep(answer: Answer) -> str:
    """An answer as a store keeps it: its text, and the probabilities of the question's words where it has them."""
    if not answer.probabilities:
        return answer.text
    return json.dumps({_TEXT: answer.text, _PROBABILITIES: answer.probabilities})


def read_kept(question: Question, kept_text: str) -> Answer:
    """The answer that `to_keep` wrote; it costs nothing."""
    return _free(_with_probabilities(kept_text) if question.words else Answer(kept_text))


def _with_probabilities(kept_text: str) -> Answer:
    try:
        parts = json.loads(kept_text)
    except ValueError:
        return Answer(kept_text)
    if not isinstance(parts, dict) or set(parts) != {_TEXT, _PROBABILITIES}:
        return Answer(kept_text)
    return Answer(parts[_TEXT], probabilities=tuple(parts[_PROBABILITIES]))


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
    if question.words:
        content["words"] = question.words
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=24).hexdigest()
