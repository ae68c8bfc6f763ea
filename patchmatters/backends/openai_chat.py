"""OpenAI's chat completions, and every server that speaks them, through the official `openai` SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from ..answer_cache import kept
from ..basics.unicode import well_formed
from ..models import ChatModel
from ..options import option
from .api.bounded import TooLarge
from .api.chat import ApiChat, ApiSettings
from .api.client import errors_of, load_sdk
from .api.events import receive
from .api.providers import Provider, providers_of
from .api.replies import Choice, Reply, Usage
from .api.shapes import count, items, mapping, text
from .api.troubles import Target
from .api.weighing import Place, places_of
from .api.wire import SEED_BITS, Asking, CutOff, ErrorInBody, OnText

_OTHER_LIMIT = {"max_completion_tokens": "max_tokens", "max_tokens": "max_completion_tokens"}
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")


@dataclass(frozen=True)
class OpenAISettings(ApiSettings):
    """Settings of the `openai` backend."""

    provider: str = option("openai", "Whose server is asked.", choices=providers_of("openai"))
    model: str = option("", "Model by its name there. Empty: the provider's default; at a local server, its first.")
    base_url: str = option("", "Another address of the server, like http://192.168.1.20:8000/v1. Empty: the usual one.")


def create(settings: OpenAISettings) -> ChatModel:
    """A chat model that keeps its answers. RuntimeError where the SDK is missing, ValueError for a bad address."""
    return kept(create_uncached(settings), settings)


def create_uncached(settings: OpenAISettings) -> ApiChat:
    return ApiChat(OpenAIWire(), settings.provider, settings.model, settings.base_url, settings)


class OpenAIWire:
    """Chat completions."""

    sdk = "openai"

    def open(self, sdk: ModuleType, target: Target, key: str, http: Any, retries: int) -> Any:
        """Empty texts, not None, for what the SDK would otherwise take from the environment."""
        return sdk.AsyncOpenAI(
            api_key=key, base_url=target.address.url, http_client=http, max_retries=retries,
            **_environment_for(target),
        )  # fmt: skip

    def body(self, asking: Asking) -> dict[str, Any]:
        """The shared instruction comes first, so that servers which keep prefixes find it again."""
        question = asking.question
        content: Any = question.prompt
        if asking.images:
            pictures = [_picture(image.data_uri if asking.sends_data_uris else image.data) for image in asking.images]
            content = [*_texts(question.prefix), *pictures, *_texts(question.text)]
        body = {"model": asking.model.name, "messages": [{"role": "user", "content": content}]}
        return body | _token_limit(asking) | asking.wanted(_settings(asking))

    async def send(self, client: Any, body: dict[str, Any], on_text: OnText) -> Reply:
        # As extra_body, which takes precedence: the SDK would walk through every part of the messages otherwise, and
        # know only those settings that were there when it was released.
        request = client.chat.completions.with_streaming_response.create(
            model=body["model"], messages=[], extra_body=body
        )
        async with request as response:
            arrived = _Stream()
            try:
                whole = await receive(response, lambda event: arrived.add(event, on_text))
            except errors_of(load_sdk(self.sdk), CutOff, ErrorInBody, TooLarge):
                if not arrived.reply().complete:  # what has arrived whole is kept, and not paid for again
                    raise
                return arrived.reply()
            return arrived.reply() if whole is None else read_whole(whole)


def _environment_for(target: Target) -> dict[str, str]:
    """Organisation and project may come from the environment for OpenAI itself, and for nobody else."""
    return {} if target.at_home else {"organization": "", "project": ""}


def _texts(value: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": value}] if value else []


def _picture(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def _token_limit(asking: Asking) -> dict[str, Any]:
    name = asking.provider.token_limit
    name = _OTHER_LIMIT[name] if name in asking.left_out else name
    return {} if name in asking.left_out else {name: asking.token_limit}


def _settings(asking: Asking) -> dict[str, Any]:
    """Everything that a model may refuse."""
    question, provider = asking.question, asking.provider
    settings: dict[str, Any] = {**asking.sampling(), **asking.extra}
    if provider.open_sampling and question.temperature <= 0:
        settings["do_sample"] = False
    if provider.seed:
        settings["seed"] = question.seed % (1 << SEED_BITS)
    if asking.count > 1:
        settings["n"] = asking.count
    if question.schema is not None and provider.schema:
        settings["response_format"] = _format(provider.schema, question.schema)
    if asking.weighs_words:
        settings |= _logprobs(provider)
    if asking.streams:
        settings |= {"stream": True, "stream_options": {"include_usage": True}}
    return settings


def _logprobs(provider: Provider) -> dict[str, Any]:
    if provider.counted_logprobs:
        return {"logprobs": provider.top_logprobs}
    return {"logprobs": True, "top_logprobs": provider.top_logprobs}


def _format(kind: str, schema: Mapping[str, object]) -> dict[str, Any]:
    if kind == "json_object":
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(schema), "strict": True}}


# --- reading ---------------------------------------------------------------------------------------------------------


def read_whole(body: Mapping[str, Any]) -> Reply:
    """A chat completion that arrived in one piece."""
    choices = sorted(map(mapping, items(body.get("choices"))), key=lambda choice: count(choice.get("index")) or 0)
    return Reply(tuple(map(_choice, choices)), _usage(body.get("usage")))


def _choice(choice: Mapping[str, Any]) -> Choice:
    message = mapping(choice.get("message"))
    return Choice(
        text=well_formed(text(message.get("content"))),
        finish=text(choice.get("finish_reason")) or "stop",  # arrived whole, whatever a server calls its end
        refusal=text(message.get("refusal")),
        thought=any(message.get(name) for name in _THOUGHTS),
        thoughts=well_formed(_thoughts(message)),
        places=places_of(choice.get("logprobs")),
    )


def _thoughts(message: Mapping[str, Any]) -> str:
    """Servers call the field differently, and some send it under two names."""
    return next(filter(None, (text(message.get(name)) for name in _THOUGHTS)), "")


@dataclass
class _Growing:
    """A choice while it arrives."""

    text: str = ""
    refusal: str = ""
    finish: str = ""
    thought: bool = False
    thoughts: str = ""
    places: tuple[Place, ...] = ()

    def add(self, choice: Mapping[str, Any]) -> None:
        delta = mapping(choice.get("delta") or choice.get("message"))
        self.text += text(delta.get("content"))
        self.refusal += text(delta.get("refusal"))
        self.finish = text(choice.get("finish_reason")) or self.finish
        self.thought |= any(delta.get(name) for name in _THOUGHTS)
        self.thoughts += _thoughts(delta)
        self.places += places_of(choice.get("logprobs"))

    def choice(self) -> Choice:
        thoughts = well_formed(self.thoughts)
        return Choice(well_formed(self.text), self.finish, self.refusal, self.thought, thoughts, self.places)


@dataclass
class _Stream:
    """What has arrived of a stream."""

    choices: dict[int, _Growing] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)

    def add(self, chunk: Mapping[str, Any], on_text: OnText) -> None:
        if chunk.get("usage"):
            self.usage = _usage(chunk["usage"])
        for choice in map(mapping, items(chunk.get("choices"))):
            number = count(choice.get("index")) or 0
            growing = self.choices.setdefault(number, _Growing())
            growing.add(choice)
            on_text(number, growing.text)

    def reply(self) -> Reply:
        return Reply(tuple(self.choices[number].choice() for number in sorted(self.choices)), self.usage)


def _usage(value: Any) -> Usage:
    usage = mapping(value)
    cost = usage.get("cost")  # OpenRouter says it in US dollars
    return Usage(
        input=count(usage.get("prompt_tokens")),
        output=count(usage.get("completion_tokens")),
        cached=count(mapping(usage.get("prompt_tokens_details")).get("cached_tokens")) or 0,
        cost=float(cost) if isinstance(cost, (int, float)) and not isinstance(cost, bool) else None,
    )
