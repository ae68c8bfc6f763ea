"""The two protocols that a backend speaks, and what goes in and out of them.

A backend gets all questions of a stage at once and decides how to run them: one padded batch, shared prefixes,
concurrent requests. It answers every question, in order, and says of each whether it is an answer, a refusal or a
failure; it never raises for one question among many. It raises RuntimeError when nothing at all can be asked
(no server, no weights) and ValueError when the settings are wrong, in a sentence that says what to do next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, runtime_checkable

from .basics.unicode import well_formed
from .picture import Crop


@dataclass(frozen=True)
class Question:
    """One question to a chat model.

    `name` identifies it to people ("top-left, candidate 2"). `prefix` is the instruction that all questions of a
    stage share, put before `text`; a backend may cache it. Questions that differ only in `name` and `seed` are
    candidates of one another. `schema` is a JSON schema for the answer: a backend that can constrain its output
    to it does, others leave it to the instruction. `temperature` 0 means greedy. `seed` is a non-negative integer of
    at most 63 bits. `words` are those of which the probabilities as the answer are wanted ("yes", "no"), from a
    backend that can say them. Half of a character, as an instruction from a browser or a file name may hold, is left
    out of all texts: no backend could send it on.
    """

    name: str
    text: str
    images: tuple[Crop, ...] = ()
    prefix: str = ""
    schema: Mapping[str, object] | None = None
    temperature: float = 0.2
    top_p: float = 1.0
    max_new_tokens: int = 512
    seed: int = 0
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("name", "text", "prefix"):
            object.__setattr__(self, name, well_formed(getattr(self, name)))

    @property
    def prompt(self) -> str:
        """Prefix and text as one instruction, for backends that cannot use them apart."""
        return f"{self.prefix}\n\n{self.text}" if self.prefix else self.text


class Outcome(str, Enum):
    """What became of a question."""

    ANSWER = "answer"
    REFUSAL = "refusal"
    FAILURE = "failure"


@dataclass(frozen=True)
class Answer:
    """The raw text of an answer, or why there is none.

    `text` is as the model gave it; the engine cleans it in one place. `detail` says what happened, and what to do
    next, where the outcome is not an answer. Tokens and cost (US dollars) are None where the backend does not know.
    `probabilities` are those of the question's `words`, 0 to 1 each; empty where the backend does not say them.
    """

    text: str
    outcome: Outcome = Outcome.ANSWER
    detail: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    probabilities: tuple[float, ...] = ()


LEAST = 0.1  # of the probability that words must have between them for the model to have chosen among them at all


def share_of_first(answer: Answer) -> float | None:
    """What the first of a question's two words has of the probability of both, 0 to 1.

    None where the probabilities were not told, or neither word came in question.
    """
    if len(answer.probabilities) != 2 or sum(answer.probabilities) < LEAST:
        return None
    first, second = answer.probabilities
    return first / (first + second)


class Monitor(Protocol):
    """Who watches a stage: told what happens, and free to stop it by raising from any of its methods."""

    def begin(self, stage: str, total: int) -> None:
        """A stage starts with `total` steps."""

    def advance(self, name: str) -> None:
        """One step is done."""

    def partial(self, name: str, text: str) -> None:
        """The text of a question so far, while it is generated."""

    def poll(self) -> None:
        """Nothing happened; raises if the work was cancelled. Call it once per token, or every 100 ms."""


class QuietMonitor:
    """Watches nothing and never cancels."""

    def begin(self, stage: str, total: int) -> None:
        pass

    def advance(self, name: str) -> None:
        pass

    def partial(self, name: str, text: str) -> None:
        pass

    def poll(self) -> None:
        pass


QUIET = QuietMonitor()


@runtime_checkable
class ChatModel(Protocol):
    """Text and images in, text out.

    `name` identifies model and weights in a Scene's records. `sees_images` says whether questions may carry images,
    `follows_instructions` whether it can compare and rewrite text (the built-in captioner can only describe).
    """

    @property
    def name(self) -> str: ...

    @property
    def sees_images(self) -> bool: ...

    @property
    def follows_instructions(self) -> bool: ...

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        """One Answer per question, in their order. Calls `monitor.advance(question.name)` as each is done."""
        ...


@runtime_checkable
class Weighing(Protocol):
    """A ChatModel that may say how likely the `words` of a question are, as far as it is known before asking."""

    @property
    def weighs_words(self) -> bool: ...


def weighs_words(model: ChatModel) -> bool:
    return isinstance(model, Weighing) and model.weighs_words


class WrappedChat:
    """A ChatModel that asks another one, `model`: it is called as that one is, and can do what that one can."""

    model: ChatModel

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def sees_images(self) -> bool:
        return self.model.sees_images

    @property
    def follows_instructions(self) -> bool:
        return self.model.follows_instructions


@runtime_checkable
class Scorer(Protocol):
    """Measures how well sentences agree with a crop."""

    @property
    def name(self) -> str: ...

    def score(self, image: Crop, sentences: Sequence[str]) -> list[float | None]:
        """One score per sentence: 0 (false) to 1 (true), or None where this scorer cannot judge the sentence."""
        ...


@dataclass(frozen=True)
class Scored:
    """The scores of sentences about a crop, as `Scorer.score` gives them, and the answers of a model behind them."""

    scores: tuple[float | None, ...]
    answers: tuple[Answer, ...] = ()


@runtime_checkable
class BatchScorer(Scorer, Protocol):
    """A Scorer that asks a model: about all crops of a stage at once, and until the user cancels."""

    def score_all(self, asked: Sequence[tuple[Crop, Sequence[str]]], stage: str, monitor: Monitor) -> list[Scored]:
        """What is scored of each crop, in their order. The stage begins here: its steps are this scorer's questions."""
        ...


def derive_seed(seed: int, *parts: str | int) -> int:
    """A 63-bit seed from a base seed and the names of what it is for: stable across machines, batches and order."""
    text = "\x1f".join(str(part) for part in (seed, *parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
