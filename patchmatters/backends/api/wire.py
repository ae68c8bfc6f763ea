"""What a protocol has to know: how a question is written down, sent, and its answer read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

from ...models import Question
from .encoding import EncodedCrop
from .providers import Model, Provider
from .replies import Reply
from .troubles import DATA_URI, Target

OnText = Callable[[int, str], None]  # number of the choice, its text so far
_THINKING_TOKENS = 4096  # room for thoughts where a person wants them
LOGPROBS = frozenset({"logprobs", "top_logprobs"})  # the one is nothing without the other
SEED_BITS = 31  # llama.cpp and others keep seeds in 32 bits


@dataclass(frozen=True)
class Asking:
    """A question as it is to be asked: with its pictures encoded, `count` answers at once, some settings left out."""

    question: Question
    images: tuple[EncodedCrop, ...]
    provider: Provider
    model: Model
    count: int = 1
    stream: bool = True
    left_out: frozenset[str] = frozenset()
    thinks: bool = False

    @property
    def token_limit(self) -> int:
        """What is thought counts against the limit."""
        room = max(self.model.thinking, _THINKING_TOKENS) if self.thinks else self.model.thinking
        return self.question.max_new_tokens + room

    @property
    def extra(self) -> Mapping[str, object]:
        """The model's own settings: they switch thinking off, or to its least."""
        return {} if self.thinks else self.model.extra

    @property
    def streams(self) -> bool:
        return self.stream and "stream" not in self.left_out

    @property
    def sends_data_uris(self) -> bool:
        """Whether pictures go out as "data:image/jpeg;base64,..." and not as base64 alone."""
        return bool(self.images) and self.provider.data_uri and DATA_URI not in self.left_out

    @property
    def weighs_words(self) -> bool:
        """Whether the likeliest tokens are asked for: how likely words are as the answer is read from them."""
        return bool(self.question.words and self.provider.top_logprobs) and not LOGPROBS & self.left_out

    def sampling(self) -> Mapping[str, float]:
        """Temperature and top_p as this model takes them."""
        if not self.model.samples:
            return {}
        values = {"temperature": self.question.temperature}
        if self.question.top_p < 1.0 and not self.provider.one_sampler:
            values["top_p"] = self.question.top_p
        if self.provider.open_sampling:  # ends excluded: 0.01 to 0.99, as the provider's own SDK does it
            return {name: min(max(value, 0.01), 0.99) for name, value in values.items()}
        return values

    def wanted(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the settings that are not left out."""
        return {name: value for name, value in settings.items() if name not in self.left_out}


class Wire(Protocol):
    """One protocol over its official SDK."""

    sdk: str

    def open(self, sdk: ModuleType, target: Target, key: str, http: Any, retries: int) -> Any:
        """The SDK's client, told everything that it would otherwise read from its own environment variables."""

    def body(self, asking: Asking) -> dict[str, Any]:
        """The JSON of a request."""

    async def send(self, client: Any, body: dict[str, Any], on_text: OnText) -> Reply:
        """Send it and read the response; choices that did not arrive whole have no `finish`.

        What the SDK and its HTTP library raise goes on, and so do Unreadable, CutOff, ErrorInBody and TooLarge.
        """


class Unreadable(Exception):
    """A response with status 200 that is no chat answer; the message is its content type."""


class CutOff(Exception):
    """A response that ended in the middle, with no whole answer in it."""


class ErrorInBody(Exception):
    """An error that a server reported with status 200, or in the middle of a stream; `body` is the error object."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        super().__init__()
        self.body = body
