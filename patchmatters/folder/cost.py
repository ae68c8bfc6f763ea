"""What a run costs: said before it starts, and held to a limit while it goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ..answer_cache import CachedChat, Eager, identity_of
from ..backends.api.providers import Price
from ..models import Answer, ChatModel, Monitor, Question, WrappedChat, weighs_words

_CHARACTERS_PER_TOKEN = 2  # fewer than any tokenizer's average on English: a bound, not an estimate
_PIXELS_PER_TOKEN = 500  # likewise: no provider counts more tokens for a picture
_LONGEST_EDGE = 2048
_MILLION = 1_000_000


class LimitReached(Exception):
    """The next questions could pass the limit; nothing of them was asked."""


class Till(Protocol):
    """Who keeps account of the money of all runs together; see `State`."""

    def set_aside(self, dollars: float, limit: float) -> bool: ...

    def settle(self, aside: float, spent: float) -> None: ...


@dataclass(frozen=True)
class Purse:
    """Money for a folder, in all runs together. `limit` is in US dollars."""

    limit: float
    price: Price
    till: Till

    def bound(self, question: Question) -> float:
        """The most that an answer to a question can cost."""
        pixels = sum(_sent_pixels(crop.size) for crop in question.images)
        tokens = len(question.prompt) / _CHARACTERS_PER_TOKEN + pixels / _PIXELS_PER_TOKEN + 64
        dearest = max(filter(None, (self.price.input, self.price.written)), default=0.0)
        return (tokens * dearest + (question.max_new_tokens + 64) * self.price.output) / _MILLION

    def cost(self, answer: Answer) -> float | None:
        """What an answer cost by the price, None where its tokens are unknown."""
        if answer.input_tokens is None or answer.output_tokens is None:
            return None
        return (answer.input_tokens * self.price.input + answer.output_tokens * self.price.output) / _MILLION


def _sent_pixels(size: tuple[int, int]) -> float:
    scale = min(1.0, _LONGEST_EDGE / max(size))
    return size[0] * size[1] * scale * scale


class MeteredChat(WrappedChat):
    """A ChatModel that asks only what can be paid for. What is asked is set aside at its dearest, then settled."""

    def __init__(self, model: ChatModel, purse: Purse, *, own_price: bool) -> None:
        """`own_price` says that answers carry no cost of their own, or not this one."""
        self.model, self._purse, self._own_price = model, purse, own_price

    @property
    def weighs_words(self) -> bool:
        return weighs_words(self.model)

    def identity(self, monitor: Monitor) -> Mapping[str, object]:
        return identity_of(self.model, monitor)

    def answer(self, questions: Sequence[Question], monitor: Monitor) -> list[Answer]:
        return self.answer_each(questions, monitor, lambda number, answer: None)

    def answer_each(
        self, questions: Sequence[Question], monitor: Monitor, keep: Callable[[int, Answer], None]
    ) -> list[Answer]:
        """See `Eager`. LimitReached, with nothing asked, where the questions could pass the limit."""
        bounds = [self._purse.bound(question) for question in questions]
        if not self._purse.till.set_aside(sum(bounds), self._purse.limit):
            raise LimitReached
        open_bounds = dict(enumerate(bounds))

        def settle(number: int, answer: Answer) -> None:
            bound = open_bounds.pop(number, None)
            if bound is not None:
                cost = self._priced(answer).cost
                self._purse.till.settle(bound, bound if cost is None else cost)
            keep(number, answer)

        try:
            return [self._priced(answer) for answer in self._asked(questions, monitor, settle)]
        finally:
            self._purse.till.settle(sum(open_bounds.values()), 0.0)

    def _asked(
        self, questions: Sequence[Question], monitor: Monitor, settle: Callable[[int, Answer], None]
    ) -> list[Answer]:
        if isinstance(self.model, Eager):
            return self.model.answer_each(questions, monitor, settle)
        answers = self.model.answer(questions, monitor)
        for number, answer in enumerate(answers):
            settle(number, answer)
        return answers

    def _priced(self, answer: Answer) -> Answer:
        return replace(answer, cost=self._purse.cost(answer)) if self._own_price else answer


def metered(model: ChatModel, purse: Purse, *, own_price: bool) -> ChatModel:
    """The model under a limit. Answers that are in its cache cost nothing and need no money set aside."""
    if isinstance(model, CachedChat):
        return CachedChat(MeteredChat(model.model, purse, own_price=own_price), model.store)
    return MeteredChat(model, purse, own_price=own_price)


def price_of(model: ChatModel) -> Price | None:
    """What a model costs by the pack's table, None where it is unknown."""
    asked: Any = model.model if isinstance(model, CachedChat) else model
    return asked.price() if hasattr(asked, "price") else None
