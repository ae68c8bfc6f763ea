"""What comes back, in the same words for every protocol, and what it becomes: answer, refusal or failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...answers import Flaw, read_answer
from ...answers.cut import text_before_cut
from ...answers.thoughts import ponders
from ...language.sentences import words
from ...models import Answer, Outcome
from .providers import Price
from .weighing import Place, decided, probabilities_of


@dataclass(frozen=True)
class Usage:
    """Tokens of one request. `input` includes what was read from and written into a prompt cache. None: not told."""

    input: int | None = None
    output: int | None = None
    cached: int = 0
    written: int = 0
    cost: float | None = None  # US dollars, where the provider says it


@dataclass(frozen=True)
class Choice:
    """One answer of a reply. `finish` is the provider's reason for its end, empty while there is none."""

    text: str = ""
    finish: str = ""
    refusal: str = ""
    thought: bool = False
    thoughts: str = ""  # what came in a field of its own, where the protocol has one
    places: tuple[Place, ...] = ()  # the likeliest tokens of the text, where they were asked for and given


@dataclass(frozen=True)
class Reply:
    """One response. Choices without a `finish` did not arrive whole."""

    choices: tuple[Choice, ...] = ()
    usage: Usage = Usage()

    @property
    def complete(self) -> tuple[Choice, ...]:
        return tuple(choice for choice in self.choices if choice.finish)


# Reasons for an end that are no answer, whatever text came before it.
_REFUSED: Mapping[str, str] = {
    "content_filter": "the provider's content filter stopped the answer: use another picture, model or provider",
    "sensitive": "the provider's content filter stopped the answer: use another picture, model or provider",
    "refusal": "the model refused: use another picture or model",
}
_FAILED: Mapping[str, str] = {
    "network_error": "the provider failed while it wrote the answer: run again, only this question is asked anew",
    "error": "the provider failed while it wrote the answer: run again, only this question is asked anew",
    "tool_calls": "the model called a tool instead of answering: use another model",
    "function_call": "the model called a tool instead of answering: use another model",
    "tool_use": "the model called a tool instead of answering: use another model",
    "pause_turn": "the model paused instead of answering: run again, only this question is asked anew",
}
_LENGTH = ("length", "max_tokens", "model_context_window_exceeded")


def answer_of(choice: Choice, limit: int, words_of_interest: Sequence[str] = ()) -> Answer:
    """The answer in a whole choice, without its tokens. `limit` is the question's token limit, for the message.

    Of the words of interest the probabilities are told; where they decide, the answer may be cut off behind them.
    """
    answer = _in_words(choice, limit)
    found = probabilities_of(words_of_interest, choice.text, choice.places) if words_of_interest else ()
    if answer.outcome is Outcome.FAILURE and choice.finish in _LENGTH and decided(found):
        return Answer(choice.text.strip(), probabilities=found)
    return replace(answer, probabilities=found)


def _in_words(choice: Choice, limit: int) -> Answer:
    if choice.refusal:
        return Answer("", Outcome.REFUSAL, f"the model refused ({choice.refusal[:160]!r}): {_OTHERWISE}")
    if choice.finish in _REFUSED:
        return Answer("", Outcome.REFUSAL, _REFUSED[choice.finish])
    if choice.finish in _FAILED:
        return Answer("", Outcome.FAILURE, _FAILED[choice.finish])
    cut = choice.finish in _LENGTH
    if not cut and not words(choice.text) and choice.thoughts and not ponders(choice.thoughts):
        choice = replace(choice, text=choice.thoughts, thoughts="")  # servers that take all text for thoughts do so
    reading = read_answer(choice.text, limit=max(limit, 1) * _CHARACTERS_PER_TOKEN, cut=cut)
    if reading.flaw is Flaw.REFUSED:
        return Answer("", Outcome.REFUSAL, reading.problem)
    if reading.flaw is not Flaw.NONE:
        return Answer("", Outcome.FAILURE, _without_text(choice, reading.flaw, limit))
    return Answer(text_before_cut(choice.text) if cut else choice.text)


_OTHERWISE = "use another picture or model"
_CHARACTERS_PER_TOKEN = 8  # more than any tokenizer's average
_NO_THINKING = "switch thinking off, or use a model that does not think"


def _without_text(choice: Choice, flaw: Flaw, limit: int) -> str:
    """Why an answer has no text, and what to do about it."""
    thought = choice.thought or flaw is Flaw.THOUGHTS
    if choice.finish in _LENGTH:
        spent = "for thinking: " if thought else "before one sentence was whole: "
        return f"the model used up all {limit} tokens {spent}raise max_new_tokens" + f", {_NO_THINKING}" * thought
    if thought:
        return f"the model thought and then answered nothing: run again, {_NO_THINKING}"
    return "the model answered nothing: run again, only this question is asked anew"


def priced(answers: Sequence[Answer], usage: Usage, price: Price | None) -> list[Answer]:
    """The answers of one response with its tokens and cost shared among them, so that their sum is the response's."""
    cost = usage.cost if usage.cost is not None else cost_of(usage, price)
    count = len(answers)
    return [
        replace(
            answer,
            input_tokens=usage.input if number == 0 or usage.input is None else 0,
            output_tokens=_share(usage.output, count, number),
            cost=None if cost is None else cost / count,
        )
        for number, answer in enumerate(answers)
    ]


def _share(total: int | None, count: int, number: int) -> int | None:
    return None if total is None else total // count + (number < total % count)


def cost_of(usage: Usage, price: Price | None) -> float | None:
    """US dollars; None where the price or the tokens are unknown."""
    if price is None or usage.input is None or usage.output is None:
        return None
    price = price.card(usage.input)
    cached = price.input if price.cached is None else price.cached
    written = price.input if price.written is None else price.written
    plain = max(usage.input - usage.cached - usage.written, 0)
    total = plain * price.input + usage.cached * cached + usage.written * written + usage.output * price.output
    return total / 1_000_000
