"""Which models a server has, and whether they see: read live, with a short patience, and never in the way."""

from __future__ import annotations

import http.client
import json
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .addresses import Address, read_address
from .providers import PROVIDERS, Listing, Provider
from .replies import items, mapping, text
from .troubles import Target, unreachable

log = logging.getLogger(__name__)

PATIENCE_S = 3.0
GLANCE_S = 0.4  # a server on this machine that has not answered by then is not there
_FRESH_S = 10.0
_ANTHROPIC_VERSION = "2023-06-01"
# No connection, an error status, or a body that is no JSON.
_FAILURES = (OSError, http.client.HTTPException, ValueError)


@dataclass(frozen=True)
class ListedModel:
    """A model that a server lists. `sees` is None where the list does not tell."""

    name: str
    sees: bool | None = None


def list_models(target: Target, key: str | None, patience_s: float = PATIENCE_S) -> list[ListedModel]:
    """The chat models of a server. RuntimeError where it cannot be reached or lists none."""
    try:
        found = _READERS[target.provider.listing](_Server(target, key, patience_s))
    except urllib.error.HTTPError:
        found = []
    except _FAILURES as error:
        raise RuntimeError(f"{unreachable(target).detail} ({type(error).__name__}).") from None
    if not found:
        raise RuntimeError(f"{target.name} lists no model: load or pull one there, or name the model.")
    return found


@lru_cache(maxsize=1)
def _local_models(moment: int) -> Mapping[str, tuple[str, ...]]:
    """`moment` counts periods in which a list is fresh enough."""
    rows = [row for row in PROVIDERS.values() if row.local]
    with ThreadPoolExecutor(len(rows)) as pool:
        return dict(zip((row.name for row in rows), pool.map(_glance, rows), strict=True))


def local_models() -> Mapping[str, tuple[str, ...]]:
    """The models of the servers on this machine now, those that see images first; none where no server runs.

    Takes at most about half a second, and looks again after ten.
    """
    return _local_models(int(time.monotonic() / _FRESH_S))


def _glance(row: Provider) -> tuple[str, ...]:
    target = Target(row, read_address(row.base_url), "")
    try:
        found = list_models(target, None, GLANCE_S)
    except RuntimeError:
        return ()
    return tuple(model.name for model in sorted(found, key=lambda model: model.sees is False))


def default_model(target: Target, key: str | None) -> str:
    """The first model of a server that sees images, or simply the first where it does not tell."""
    found = list_models(target, key)
    return next((model.name for model in found if model.sees), found[0].name)


def sees_images(target: Target, key: str | None) -> bool | None:
    """Whether a model sees images; None where nobody says."""
    rows = {row.name: row for row in target.provider.models}
    if target.model in rows:
        return rows[target.model].images
    try:
        if target.provider.listing is Listing.OLLAMA:
            return _ollama_sees(_Server(target, key, PATIENCE_S), target.model)
        listed = _READERS[target.provider.listing](_Server(target, key, PATIENCE_S))
    except _FAILURES as error:
        log.info("%s does not tell what %s can do (%s).", target.name, target.model, type(error).__name__)
        return None
    return next((model.sees for model in listed if model.name == target.model), None)


@dataclass(frozen=True)
class _Server:
    """Asks a server for JSON objects."""

    target: Target
    key: str | None
    patience_s: float

    def get(self, url: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """The JSON object at a URL of this origin; by POST where there is a body. Raises one of `_FAILURES`."""
        headers = {"User-Agent": "patchmatters", "Accept": "application/json", "anthropic-version": _ANTHROPIC_VERSION}
        if self.key:
            headers |= {"Authorization": f"Bearer {self.key}", "x-api-key": self.key}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers)
        with _opener(self.target.address).open(request, timeout=self.patience_s) as response:
            return mapping(json.loads(response.read()))

    @property
    def api(self) -> str:
        return self.target.address.url

    @property
    def root(self) -> str:
        return self.target.address.origin


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an error: a key must not follow it."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _opener(address: Address) -> urllib.request.OpenerDirector:
    """Without a proxy for plain HTTP, which it would read."""
    direct = [] if address.scheme == "https" else [urllib.request.ProxyHandler({})]
    return urllib.request.build_opener(_NoRedirects, *direct)


def _names(listing: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [entry for entry in map(mapping, items(listing.get("data"))) if text(entry.get("id"))]


def _openai(server: _Server) -> list[ListedModel]:
    return [ListedModel(entry["id"]) for entry in _names(server.get(f"{server.api}/models"))]


def _anthropic(server: _Server) -> list[ListedModel]:
    listing = server.get(f"{server.api.removesuffix('/v1')}/v1/models")
    return [
        ListedModel(entry["id"], _flag(mapping(mapping(entry.get("capabilities")).get("image_input")).get("supported")))
        for entry in _names(listing)
    ]


def _ollama(server: _Server) -> list[ListedModel]:
    names = [entry["id"] for entry in _names(server.get(f"{server.api}/models"))]
    return [ListedModel(name, _ollama_sees(server, name)) for name in names[:20]]


def _ollama_sees(server: _Server, model: str) -> bool | None:
    capabilities = _or_nothing(server, f"{server.root}/api/show", {"model": model}).get("capabilities")
    return "vision" in capabilities if isinstance(capabilities, list) else None


def _lm_studio(server: _Server) -> list[ListedModel]:
    entries = _names(_or_nothing(server, f"{server.root}/api/v0/models"))
    chatting = [entry for entry in entries if entry.get("type") in ("vlm", "llm")]
    return [ListedModel(entry["id"], entry["type"] == "vlm") for entry in chatting] or _openai(server)


def _llama_cpp(server: _Server) -> list[ListedModel]:
    sees = _flag(mapping(_or_nothing(server, f"{server.root}/props").get("modalities")).get("vision"))
    return [ListedModel(model.name, sees) for model in _openai(server)]


def _openrouter(server: _Server) -> list[ListedModel]:
    def sees(entry: Mapping[str, Any]) -> bool | None:
        modalities = mapping(entry.get("architecture")).get("input_modalities")
        return "image" in modalities if isinstance(modalities, list) else None

    return [ListedModel(entry["id"], sees(entry)) for entry in _names(server.get(f"{server.api}/models"))]


def _or_nothing(server: _Server, url: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """The JSON object at a URL that not every version of a server has."""
    try:
        return server.get(url, body)
    except urllib.error.HTTPError:
        return {}


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


_READERS: Mapping[Listing, Callable[[_Server], list[ListedModel]]] = {
    Listing.OPENAI: _openai,
    Listing.ANTHROPIC: _anthropic,
    Listing.OLLAMA: _ollama,
    Listing.LM_STUDIO: _lm_studio,
    Listing.LLAMA_CPP: _llama_cpp,
    Listing.OPENROUTER: _openrouter,
}
