"""Claude: Anthropic's messages through the official `anthropic` SDK."""

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
from .api.providers import providers_of
from .api.replies import Choice, Reply, Usage
from .api.shapes import count, items, mapping, text
from .api.troubles import Target
from .api.wire import Asking, CutOff, ErrorInBody, OnText

_THOUGHTS = ("thinking", "redacted_thinking")


@dataclass(frozen=True)
class AnthropicSettings(ApiSettings):
    """Settings of the `anthropic` backend."""

    provider: str = option("anthropic", "Whose server is asked.", choices=providers_of("anthropic"))
    model: str = option("", "Model by its name there. Empty: the provider's default.")
    base_url: str = option("", "Another address that speaks Anthropic's protocol. Empty: the usual one.")


def create(settings: AnthropicSettings) -> ChatModel:
    """A chat model that keeps its answers. RuntimeError where the SDK is missing, ValueError for a bad address."""
    return kept(create_uncached(settings), settings)


def create_uncached(settings: AnthropicSettings) -> ApiChat:
    return ApiChat(AnthropicWire(), settings.provider, settings.model, settings.base_url, settings)


class AnthropicWire:
    """Messages."""

    sdk = "anthropic"

    def open(self, sdk: ModuleType, target: Target, key: str, http: Any, retries: int) -> Any:
        """With an explicit key the SDK looks for no other credentials, in the environment or on disk."""
        base_url = target.address.url.removesuffix("/v1")
        return sdk.AsyncAnthropic(api_key=key, base_url=base_url, http_client=http, max_retries=retries)

    def body(self, asking: Asking) -> dict[str, Any]:
        """Pictures before text, as Anthropic advises; the shared instruction in front, marked for the prompt cache."""
        question = asking.question
        content = [_picture(image.data, image.media_type) for image in asking.images]
        body: dict[str, Any] = {
            "model": asking.model.name,
            "max_tokens": asking.token_limit,
            "messages": [{"role": "user", "content": [*content, {"type": "text", "text": question.text}]}],
        }
        if question.prefix:
            marked = asking.wanted({"cache_control": {"type": "ephemeral"}})
            body["system"] = [{"type": "text", "text": question.prefix, **marked}]
        if asking.streams:
            body["stream"] = True
        return body | asking.wanted(_settings(asking))

    async def send(self, client: Any, body: dict[str, Any], on_text: OnText) -> Reply:
        # As extra_body, which takes precedence: the SDK would walk through every part of the messages otherwise, and
        # know only those settings that were there when it was released.
        request = client.messages.with_streaming_response.create(
            model=body["model"], max_tokens=body["max_tokens"], messages=[], extra_body=body
        )
        async with request as response:
            arrived = _Stream()
            try:
                whole = await receive(response, lambda event: arrived.add(event, on_text))
            except errors_of(load_sdk(self.sdk), CutOff, ErrorInBody, TooLarge):
                if not arrived.finish:  # what has arrived whole is kept, and not paid for again
                    raise
                return arrived.reply()
            return arrived.reply() if whole is None else read_whole(whole)


def _picture(data: str, media_type: str) -> dict[str, Any]:
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}


def _settings(asking: Asking) -> dict[str, Any]:
    """Everything that a model may refuse."""
    settings: dict[str, Any] = {**asking.sampling(), **asking.extra}
    if asking.question.schema is not None and asking.provider.schema:
        wanted = {"type": "json_schema", "schema": dict(asking.question.schema)}
        settings["output_config"] = {**mapping(settings.get("output_config")), "format": wanted}
    return settings


# --- reading ---------------------------------------------------------------------------------------------------------


def read_whole(body: Mapping[str, Any]) -> Reply:
    """A message that arrived in one piece."""
    if "content" not in body:
        return Reply()
    blocks = list(map(mapping, items(body["content"])))
    choice = Choice(
        text=well_formed("".join(text(block.get("text")) for block in blocks if block.get("type") == "text")),
        finish=text(body.get("stop_reason")) or "end_turn",  # arrived whole, whatever a server calls its end
        refusal=_refusal(body),
        thought=any(block.get("type") in _THOUGHTS for block in blocks),
    )
    return Reply((choice,), _usage(body.get("usage")))


def _refusal(message: Mapping[str, Any]) -> str:
    return text(mapping(message.get("stop_details")).get("explanation"))


@dataclass
class _Stream:
    """What has arrived of a stream."""

    text: str = ""
    finish: str = ""
    refusal: str = ""
    thought: bool = False
    usage: dict[str, Any] = field(default_factory=dict)

    def add(self, event: Mapping[str, Any], on_text: OnText) -> None:
        kind = event.get("type")
        if kind == "message_start":
            self.usage |= mapping(mapping(event.get("message")).get("usage"))
        elif kind == "content_block_start":
            block = mapping(event.get("content_block"))
            self.text += text(block.get("text"))
            self.thought |= block.get("type") in _THOUGHTS
        elif kind == "content_block_delta":
            self.text += text(mapping(event.get("delta")).get("text"))
            on_text(0, self.text)
        elif kind == "message_delta":
            delta = mapping(event.get("delta"))
            self.finish = text(delta.get("stop_reason")) or self.finish
            self.refusal = _refusal(delta) or self.refusal
            self.usage |= {name: value for name, value in mapping(event.get("usage")).items() if value is not None}

    def reply(self) -> Reply:
        return Reply((Choice(well_formed(self.text), self.finish, self.refusal, self.thought),), _usage(self.usage))


def _usage(value: Any) -> Usage:
    """Anthropic counts what it read from and wrote into the prompt cache apart from the other input."""
    usage = mapping(value)
    plain = count(usage.get("input_tokens"))
    cached = count(usage.get("cache_read_input_tokens")) or 0
    written = count(usage.get("cache_creation_input_tokens")) or 0
    return Usage(
        input=None if plain is None else plain + cached + written,
        output=count(usage.get("output_tokens")),
        cached=cached,
        written=written,
    )
