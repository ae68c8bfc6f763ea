"""Which models a server has, and whether they see: read live, within a total time, and never in the way.

Everything here runs on the event loop of the requests, so that a person can cancel it, a slow server takes no more than
the whole time that it is given, and several servers are asked side by side.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from ...basics.unicode import well_formed
from ...models import QUIET, Monitor
from .addresses import read_address, require_safe
from .bounded import TooLarge
from .client import errors_of, http_client, load_sdk
from .driving import drive, loop_thread
from .providers import PROVIDERS, Listing, Provider
from .shapes import items, mapping
from .troubles import Target, key_of, target_of, unreachable

log = logging.getLogger(__name__)

PATIENCE_S = 10.0
GLANCE_S = 0.5  # in all; a server on this machine that has not answered by then is not there
_FRESH_S = 10.0
_MOST_MODELS = 500
_LONGEST_NAME = 200
_ANTHROPIC_VERSION = "2023-06-01"
_NO_CHAT = re.compile(
    r"embed|rerank|(?:^|[/_-])(?:bge|gte|e5|minilm|nomic-bert|clip|siglip|whisper|tts|kokoro|parakeet|moderation|"
    r"dall-e|gpt-image|sora|stable-diffusion|flux)(?=$|[/_.:-])",
    re.I,
)
_LOOKS_VISUAL = re.compile(
    r"(?:^|[/_.:\d-])(?:vl|v|vision|visual|omni|ocr)\d*(?=$|[/_.:-])|llava|vlm|moondream|pixtral|internvl|minicpm-?v|"
    r"gemma-?(?:3|4)|joycaption|idefics|paligemma|florence|qwen3\.5|mistral-small|molmo|ovis|aya-vision|vision",
    re.I,
)


class NoList(Exception):
    """A server has no such list: an error status, or something that is no JSON."""


@dataclass(frozen=True)
class ListedModel:
    """A model that a server lists. `sees` is None where the list does not tell."""

    name: str
    sees: bool | None = None


def list_models(target: Target, key: str | None, monitor: Monitor = QUIET) -> list[ListedModel]:
    """The chat models of a server, those that see first. RuntimeError where it cannot be reached or lists none."""

    async def main(post: object) -> list[ListedModel]:
        return await _listed(target, key, PATIENCE_S)

    return drive(main, monitor.poll)


def models_at(provider: Provider, base_url: str, monitor: Monitor = QUIET) -> list[ListedModel]:
    """As `list_models`, of a provider or of a server at another address, with the key that belongs to it.

    ValueError for an address that cannot be or must not be asked; RuntimeError where its key is not set.
    """
    target = target_of(provider, base_url)
    require_safe(target.address)
    return list_models(target, key_of(target), monitor)


async def _listed(target: Target, key: str | None, patience_s: float) -> list[ListedModel]:
    try:
        found = await _with_server(target, key, patience_s, _READERS[target.provider.listing])
    except NoList as error:
        raise RuntimeError(
            f"{target.name} has no list of models ({error}): check base_url (it often ends in /v1), or name the model."
        ) from None
    except _errors(asyncio.TimeoutError, TimeoutError, TooLarge) as error:
        raise RuntimeError(f"{unreachable(target).detail} ({type(error).__name__}).") from None
    chatting = _in_order(found)
    if not chatting:
        raise RuntimeError(f"{target.name} lists no chat model: load or pull one there, or name the model.")
    return chatting


def _in_order(found: Iterable[ListedModel]) -> list[ListedModel]:
    """Those that see first, then those whose name says so, then the others; none that cannot chat."""
    plain = {well_formed(model.name).strip(): model.sees for model in found}
    chatting = [
        ListedModel(name, sees)
        for name, sees in plain.items()
        if name.isprintable() and 0 < len(name) <= _LONGEST_NAME and (sees or not _NO_CHAT.search(name))
    ]
    return sorted(chatting[:_MOST_MODELS], key=_place)


def _place(model: ListedModel) -> int:
    if model.sees is not None:
        return 0 if model.sees else 3
    return 1 if _LOOKS_VISUAL.search(model.name) else 2


async def _with_server(
    target: Target, key: str | None, patience_s: float, work: Callable[[_Server], Awaitable[Any]]
) -> Any:
    """What `work` finds out from the server within the time. TimeoutError, NoList, TooLarge or an HTTP error."""
    sdk = load_sdk(_SDKS[target.provider.protocol])
    http = http_client(sdk, target.address, key, _AT_ONCE, ("anthropic-version",))
    try:
        return await asyncio.wait_for(work(_Server(target, key, http)), patience_s)
    finally:
        await http.aclose()


# --- the servers of this machine, for the list of a node ---


class LocalModels:
    """What the servers on this machine listed lately. Nobody waits for them: `latest` gives what is known."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, ...]] = {}
        self._asked = float("-inf")
        self._running: Future[Mapping[str, tuple[str, ...]]] | None = None
        self._lock = threading.Lock()

    def latest(self) -> Mapping[str, tuple[str, ...]]:
        """The lists of the last look, none before the first; a new look begins in the background where it is old."""
        self.look()
        return dict(self._found)

    def look(self) -> Future[Mapping[str, tuple[str, ...]]]:
        """A look that is under way or was done in the last seconds. It takes half a second at most."""
        with self._lock:
            now = time.monotonic()
            if self._running is None or (self._running.done() and now - self._asked > _FRESH_S):
                self._asked = now
                self._running = loop_thread().start(self._refresh())
            return self._running

    async def _refresh(self) -> Mapping[str, tuple[str, ...]]:
        rows = [row for row in PROVIDERS.values() if row.local]
        lists = await asyncio.gather(*map(_glance, rows))
        self._found = {row.name: names for row, names in zip(rows, lists, strict=True)}
        return self._found


LOCAL_MODELS = LocalModels()


async def _glance(row: Provider) -> tuple[str, ...]:
    target = Target(row, read_address(row.base_url), "")
    try:
        found = await _listed(target, None, GLANCE_S)
    except RuntimeError:
        return ()
    return tuple(model.name for model in found)


def default_model(target: Target, key: str | None, monitor: Monitor = QUIET) -> str:
    """The first model of a server that sees images, or that seems to, or simply the first that chats."""
    return list_models(target, key, monitor)[0].name


def sees_images(target: Target, key: str | None, monitor: Monitor = QUIET) -> bool | None:
    """Whether a model sees images; None where nobody says."""
    rows = {row.name: row for row in target.provider.models}
    if target.model in rows:
        return rows[target.model].images

    async def seen(server: _Server) -> bool | None:
        if target.provider.listing is Listing.OLLAMA:
            return await _ollama_sees(server, target.model)
        listed = await _READERS[target.provider.listing](server)
        return next((model.sees for model in listed if model.name == target.model), None)

    async def main(post: object) -> bool | None:
        try:
            sees: bool | None = await _with_server(target, key, PATIENCE_S, seen)
            return sees
        except _errors(asyncio.TimeoutError, TimeoutError, NoList, TooLarge) as error:
            log.info("%s does not tell what %s can do (%s).", target.name, target.model, type(error).__name__)
            return None

    return drive(main, monitor.poll)


_SDKS = {"openai": "openai", "anthropic": "anthropic"}
_AT_ONCE = 8


def _errors(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """What the HTTP library raises, and more. Nothing of it where no SDK is installed: then nothing was asked."""
    found: tuple[type[Exception], ...] = more
    for name in _SDKS.values():
        try:
            found += errors_of(load_sdk(name))
        except RuntimeError:
            continue
    return found


@dataclass(frozen=True)
class _Server:
    """Asks a server for JSON objects."""

    target: Target
    key: str | None
    http: Any

    async def get(self, url: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """The JSON object at a URL of this origin; by POST where there is a body. NoList for anything else."""
        headers = {"Accept": "application/json", "anthropic-version": _ANTHROPIC_VERSION}
        if self.key:
            headers |= {"Authorization": f"Bearer {self.key}", "x-api-key": self.key}
        method = "GET" if body is None else "POST"
        response = await self.http.request(method, url, json=body, headers=headers)
        if not response.is_success:
            raise NoList(f"status {response.status_code}")
        try:
            return mapping(json.loads(response.content))
        except (ValueError, RecursionError):
            raise NoList("no JSON") from None

    @property
    def api(self) -> str:
        return self.target.address.url

    @property
    def root(self) -> str:
        return self.target.address.origin


def _names(listing: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [entry for entry in map(mapping, items(listing.get("data"))) if isinstance(entry.get("id"), str)]


async def _openai(server: _Server) -> list[ListedModel]:
    entries = _names(await server.get(f"{server.api}/models"))
    return [ListedModel(entry["id"]) for entry in entries if entry.get("type") not in _OTHER_KINDS]


async def _anthropic(server: _Server) -> list[ListedModel]:
    listing = await server.get(f"{server.api.removesuffix('/v1')}/v1/models")
    return [
        ListedModel(entry["id"], _flag(mapping(mapping(entry.get("capabilities")).get("image_input")).get("supported")))
        for entry in _names(listing)
    ]


async def _ollama(server: _Server) -> list[ListedModel]:
    names = [entry["id"] for entry in _names(await server.get(f"{server.api}/models"))]
    told = await asyncio.gather(*(_ollama_capabilities(server, name) for name in names[:_MOST_ASKED]))
    listed = dict(zip(names, told, strict=False))
    chatting = [name for name in names if listed.get(name) is None or "completion" in listed[name]]
    return [ListedModel(name, _sees(listed.get(name))) for name in chatting]


async def _ollama_sees(server: _Server, model: str) -> bool | None:
    return _sees(await _ollama_capabilities(server, model))


async def _ollama_capabilities(server: _Server, model: str) -> Sequence[Any] | None:
    found = (await _or_nothing(server, f"{server.root}/api/show", {"model": model})).get("capabilities")
    return found if isinstance(found, list) else None


def _sees(capabilities: Sequence[Any] | None) -> bool | None:
    return None if capabilities is None else "vision" in capabilities


async def _lm_studio(server: _Server) -> list[ListedModel]:
    entries = _names(await _or_nothing(server, f"{server.root}/api/v0/models"))
    chatting = [entry for entry in entries if entry.get("type") in ("vlm", "llm")]
    return [ListedModel(entry["id"], entry["type"] == "vlm") for entry in chatting] or await _openai(server)


async def _llama_cpp(server: _Server) -> list[ListedModel]:
    listed, props = await asyncio.gather(_openai(server), _or_nothing(server, f"{server.root}/props"))
    sees = _flag(mapping(props.get("modalities")).get("vision"))
    return [ListedModel(model.name, sees) for model in listed]


async def _openrouter(server: _Server) -> list[ListedModel]:
    def sees(entry: Mapping[str, Any]) -> bool | None:
        modalities = mapping(entry.get("architecture")).get("input_modalities")
        return "image" in modalities if isinstance(modalities, list) else None

    return [ListedModel(entry["id"], sees(entry)) for entry in _names(await server.get(f"{server.api}/models"))]


async def _mistral(server: _Server) -> list[ListedModel]:
    return [
        ListedModel(entry["id"], _flag(mapping(entry.get("capabilities")).get("vision")))
        for entry in _names(await server.get(f"{server.api}/models"))
        if mapping(entry.get("capabilities")).get("completion_chat", True)
    ]


async def _moonshot(server: _Server) -> list[ListedModel]:
    entries = _names(await server.get(f"{server.api}/models"))
    return [ListedModel(entry["id"], _flag(entry.get("supports_image_in"))) for entry in entries]


async def _or_nothing(server: _Server, url: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """The JSON object at a URL that not every version of a server has."""
    try:
        return await server.get(url, body)
    except NoList:
        return {}


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


_MOST_ASKED = 60  # models whose capabilities are asked for one by one
_OTHER_KINDS = ("embedding", "embeddings", "rerank", "image", "audio", "moderation", "transcribe")  # Together's words
_READERS: Mapping[Listing, Callable[[_Server], Awaitable[list[ListedModel]]]] = {
    Listing.OPENAI: _openai,
    Listing.ANTHROPIC: _anthropic,
    Listing.OLLAMA: _ollama,
    Listing.LM_STUDIO: _lm_studio,
    Listing.LLAMA_CPP: _llama_cpp,
    Listing.OPENROUTER: _openrouter,
    Listing.MISTRAL: _mistral,
    Listing.MOONSHOT: _moonshot,
}
