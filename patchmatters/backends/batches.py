"""The batch interfaces of OpenAI and Anthropic: many questions handed in at once, answered within a day at half price.

From the providers' documentation (November 2026). OpenAI: a file of JSON lines is uploaded, a batch is made of it; its
answers are in an output file, what failed or was not reached (expired, cancelled) in an error file. Anthropic: requests
are sent in one body; each result says succeeded, errored, canceled or expired. Neither keeps an order: `custom_id`
tells whose answer a line is. Batches take 50,000 requests or 200 MB (OpenAI), 100,000 or 256 MB (Anthropic).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from ..answer_cache import CachedChat
from ..models import QUIET, Answer, ChatModel, Monitor, Outcome, Question
from . import anthropic_chat, openai_chat
from .api.bounded import TooLarge
from .api.chat import OPTIONAL, ApiChat, trouble_of
from .api.client import errors_of
from .api.providers import Price
from .api.replies import Reply, answer_of, priced
from .api.shapes import mapping, text
from .api.troubles import of_complaint, told

MOST_REQUESTS, MOST_BYTES = 4_000, 48 * 2**20  # of one batch: far below the providers' limits, and its results too
_DISCOUNT = 0.5
_PATIENCE_S = 1800.0  # for one exchange: a batch is some 50 MB
_TAG = "patchmatters"  # the key of a batch's name among its metadata
_ENDPOINT = "/v1/chat/completions"
_PASSING = (408, 409, 429)  # statuses after which the same question may be asked again; and all from 500
_RUNNING = ("validating", "in_progress", "finalizing", "cancelling")

Result = TypeVar("Result")


@dataclass(frozen=True)
class Progress:
    """How far a batch is. `refused` says why a batch was not taken on at all; `gone` that nobody knows it any more."""

    ended: bool
    status: str
    refused: str = ""
    gone: bool = False


@dataclass(frozen=True)
class Settled:
    """What became of one question of a batch: an answer (or a refusal, or a failure for good), or it is to be asked
    `again`, without the setting `parameter` where that was refused. `answer` always says why."""

    key: str
    answer: Answer
    again: bool = False
    parameter: str = ""


@dataclass(frozen=True)
class _Line:
    """A line of results: a reply in one piece, or a status and an error's body. Status 0: it was not reached."""

    key: str
    reply: Reply | None = None
    status: int = 0
    error: Any = None


class BatchProtocol(Protocol):
    """One provider's batch interface over the client of its SDK."""

    def line(self, key: str, body: Mapping[str, Any]) -> dict[str, Any]: ...

    async def submit(self, client: Any, lines: Sequence[str], tag: str) -> str: ...

    async def find(self, client: Any, tag: str, since: float, count: int) -> list[str]: ...

    async def look(self, client: Any, name: str) -> Progress: ...

    def results(self, client: Any, name: str) -> AsyncIterator[_Line]: ...


class BatchService:
    """A model's batches. RuntimeError, saying what to do next, where the provider does not answer or refuses."""

    def __init__(self, chat: ApiChat, protocol: BatchProtocol, price: Price | None = None) -> None:
        """`price` is what the model costs at once, where the pack's table is not to be asked."""
        self.chat, self._protocol, self._price = chat, protocol, price

    @property
    def title(self) -> str:
        return self.chat.target.provider.title

    def price(self) -> Price | None:
        """What the model costs by batch: half of what it costs at once."""
        return halved(self._price or self.chat.price())

    def line(self, key: str, question: Question, left_out: Collection[str] = ()) -> str:
        """A question as a line of a batch, without the settings that are left out. `key` is its name there."""
        return json.dumps(self._protocol.line(key, self.chat.body_alone(question, left_out)), ensure_ascii=False)

    def submit(self, lines: Sequence[str], tag: str, monitor: Monitor = QUIET) -> str:
        """The name of a new batch of these lines."""
        return self._talk(lambda client: self._protocol.submit(client, lines, tag), monitor)

    def find(self, tag: str, since: float, count: int, monitor: Monitor = QUIET) -> list[str]:
        """Batches that may be the one handed in as `tag` at `since` (seconds since 1970) with `count` questions."""
        return self._talk(lambda client: self._protocol.find(client, tag, since, count), monitor)

    def look(self, name: str, monitor: Monitor = QUIET) -> Progress:
        """How far a batch is."""
        return self._talk(lambda client: self._looked(client, name), monitor)

    async def _looked(self, client: Any, name: str) -> Progress:
        try:
            return await self._protocol.look(client, name)
        except self.chat.sdk.APIStatusError as error:
            if error.status_code == 404:
                return Progress(ended=True, status="unknown", gone=True)
            raise

    def results(self, name: str, limits: Mapping[str, int], monitor: Monitor = QUIET) -> list[Settled]:
        """What became of the questions of a batch that has ended; `limits` are their token limits by key.

        Lines about other questions are passed over, and so are lines that cannot be read: those questions count as
        not reached.
        """

        async def read(client: Any) -> list[Settled]:
            lines = self._protocol.results(client, name)
            return [self._settled(line, limits[line.key]) async for line in lines if line.key in limits]

        return self._talk(read, monitor)

    def _talk(self, work: Callable[[Any], Coroutine[Any, Any, Result]], monitor: Monitor) -> Result:
        chat = self.chat
        try:
            return chat.talk(lambda client: asyncio.wait_for(work(client), _PATIENCE_S), monitor)
        except (asyncio.TimeoutError, TimeoutError):
            raise RuntimeError(f"{chat.target.name} took longer than half an hour: run again.") from None
        except errors_of(chat.sdk, TooLarge) as error:
            raise RuntimeError(f"{trouble_of(error, chat.sdk, chat.target, (), has_image=False).detail}.") from None

    def _settled(self, line: _Line, limit: int) -> Settled:
        if line.reply is not None and line.reply.complete:
            answers = [answer_of(choice, limit) for choice in line.reply.complete[:1]]
            return Settled(line.key, priced(answers, line.reply.usage, self.price())[0])
        if not line.status:
            return Settled(line.key, _failure("the batch ended before it was answered: run again"), again=True)
        trouble = of_complaint(told(line.error, line.status), self.chat.target, OPTIONAL, has_image=True)
        again = bool(trouble.parameter) or line.status in _PASSING or line.status >= 500
        return Settled(line.key, Answer("", trouble.outcome, trouble.detail), again, trouble.parameter)


def service_of(model: ChatModel, price: Price | None = None) -> BatchService:
    """The batches of a model. ValueError for one whose provider has no batch interface that is known here."""
    asked = model.model if isinstance(model, CachedChat) else model
    provider = asked.target.provider.name if isinstance(asked, ApiChat) else ""
    if not isinstance(asked, ApiChat) or provider not in _PROTOCOLS:
        raise ValueError(
            f"{model.name} has no batch interface that is known here: use --backend {' or '.join(_PROTOCOLS)} with the "
            "provider's own models, or leave --batch-api out."
        )
    return BatchService(asked, _PROTOCOLS[provider], price)


def halved(price: Price | None) -> Price | None:
    """The price by batch."""
    if price is None:
        return None
    own: dict[str, Any] = {name: getattr(price, name) for name in _PARTS}
    parts = own | {name: one * _DISCOUNT for name, one in own.items() if one is not None}
    return replace(price, **parts, long=halved(price.long))


_PARTS = ("input", "output", "cached", "written")


def _once(client: Any) -> Any:
    """The client without its retries: a batch whose answer was lost on the way must not be made, and paid, twice."""
    return client.with_options(max_retries=0)


def _failure(detail: str) -> Answer:
    return Answer("", Outcome.FAILURE, detail)


# --- OpenAI ----------------------------------------------------------------------------------------------------------


class OpenAIBatches:
    """Files of JSON lines."""

    def line(self, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return {"custom_id": key, "method": "POST", "url": _ENDPOINT, "body": dict(body)}

    async def submit(self, client: Any, lines: Sequence[str], tag: str) -> str:
        content = "\n".join(lines).encode()
        file = await client.files.create(file=(f"{tag}.jsonl", content, "application/jsonl"), purpose="batch")
        batch = await _once(client).batches.create(
            input_file_id=file.id, endpoint=_ENDPOINT, completion_window="24h", metadata={_TAG: tag}
        )
        return str(batch.id)

    async def find(self, client: Any, tag: str, since: float, count: int) -> list[str]:
        page = await client.batches.list(limit=100)
        return [batch.id for batch in page.data if (batch.metadata or {}).get(_TAG) == tag]

    async def look(self, client: Any, name: str) -> Progress:
        batch = await client.batches.retrieve(name)
        said = "; ".join(filter(None, (error.message for error in (batch.errors and batch.errors.data) or ())))
        refused = (said or "it did not say why") if batch.status == "failed" else ""
        return Progress(batch.status not in _RUNNING, batch.status, refused)

    async def results(self, client: Any, name: str) -> AsyncIterator[_Line]:
        batch = await client.batches.retrieve(name)
        for file in filter(None, (batch.output_file_id, batch.error_file_id)):
            content = await client.files.content(file)
            for one in _objects(content.text):
                yield _openai_line(one)


def _openai_line(one: Mapping[str, Any]) -> _Line:
    response, key = mapping(one.get("response")), text(one.get("custom_id"))
    status = response.get("status_code")
    if status == 200:
        return _Line(key, reply=openai_chat.read_whole(mapping(response.get("body"))), status=502)
    return _Line(key, status=status if isinstance(status, int) else 0, error=response.get("body") or one.get("error"))


# --- Anthropic -------------------------------------------------------------------------------------------------------


class AnthropicBatches:
    """Requests in one body."""

    def line(self, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return {"custom_id": key, "params": dict(body)}

    async def submit(self, client: Any, lines: Sequence[str], tag: str) -> str:
        # As extra_body, which takes precedence: the SDK would walk through every part of every message otherwise.
        body = {"requests": [json.loads(line) for line in lines]}
        return str((await _once(client).messages.batches.create(requests=[], extra_body=body)).id)

    async def find(self, client: Any, tag: str, since: float, count: int) -> list[str]:
        """A batch has no name of its own here: those made since then with as many requests."""
        page = await client.messages.batches.list(limit=100)
        return [one.id for one in page.data if _since(one.created_at) >= since - 60 and _size(one) == count]

    async def look(self, client: Any, name: str) -> Progress:
        batch = await client.messages.batches.retrieve(name)
        return Progress(batch.processing_status == "ended", batch.processing_status)

    async def results(self, client: Any, name: str) -> AsyncIterator[_Line]:
        batch = await client.messages.batches.retrieve(name)
        if not batch.results_url:  # archived: the results are kept for 29 days
            return
        response = await client.messages.batches.with_raw_response.results(name)
        for one in _objects(await response.text()):
            yield _anthropic_line(one)


def _anthropic_line(one: Mapping[str, Any]) -> _Line:
    result, key = mapping(one.get("result")), text(one.get("custom_id"))
    if result.get("type") == "succeeded":
        return _Line(key, reply=anthropic_chat.read_whole(mapping(result.get("message"))), status=502)
    if result.get("type") != "errored":  # canceled, expired
        return _Line(key)
    error = mapping(mapping(result.get("error")).get("error")) or mapping(result.get("error"))
    return _Line(key, status=_ANTHROPIC_STATUS.get(text(error.get("type")), 500), error=error)


# The statuses that these errors have where a request is sent by itself.
_ANTHROPIC_STATUS: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "overloaded_error": 529,
}


def _since(when: datetime) -> float:
    return when.timestamp()


def _size(batch: Any) -> int:
    counts = batch.request_counts
    return int(counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired)


def _objects(content: str) -> Iterable[Mapping[str, Any]]:
    """The objects of JSON lines; what is none is passed over."""
    for line in content.split("\n"):
        try:
            found = json.loads(line) if line.strip() else None
        except (ValueError, RecursionError):
            continue
        if isinstance(found, Mapping):
            yield found


_PROTOCOLS: Mapping[str, BatchProtocol] = {"openai": OpenAIBatches(), "anthropic": AnthropicBatches()}
