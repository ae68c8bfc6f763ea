"""Which models a server has, and whether they see: read live, with a short patience, and never in the way."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from .client import http_library, tls
from .providers import Listing
from .replies import items, mapping, text
from .troubles import Target, unreachable

log = logging.getLogger(__name__)

PATIENCE_S = 3.0
_ANTHROPIC_VERSION = "2023-06-01"


@dataclass(frozen=True)
class ListedModel:
    """A model that a server lists. `sees` is None where the list does not tell."""

    name: str
    sees: bool | None = None


def list_models(target: Target, sdk: ModuleType, key: str | None, patience_s: float = PATIENCE_S) -> list[ListedModel]:
    """The chat models of a server. RuntimeError where it cannot be reached or lists none."""
    try:
        found = _READERS[target.provider.listing](_Server(target, sdk, key, patience_s))
    except http_library(sdk).HTTPError as error:
        raise RuntimeError(f"{unreachable(target).detail} ({type(error).__name__}).") from None
    except ValueError:  # no JSON
        found = []
    if not found:
        raise RuntimeError(f"{target.name} lists no model: load or pull one there, or name the model.")
    return found


def default_model(target: Target, sdk: ModuleType, key: str | None) -> str:
    """The first model of a server that sees images, or simply the first where it does not tell."""
    found = list_models(target, sdk, key)
    return next((model.name for model in found if model.sees), found[0].name)


def sees_images(target: Target, sdk: ModuleType, key: str | None) -> bool | None:
    """Whether a model sees images; None where nobody says."""
    rows = {row.name: row for row in target.provider.models}
    if target.model in rows:
        return rows[target.model].images
    try:
        if target.provider.listing is Listing.OLLAMA:
            return _ollama_sees(_Server(target, sdk, key, PATIENCE_S), target.model)
        listed = _READERS[target.provider.listing](_Server(target, sdk, key, PATIENCE_S))
    except (http_library(sdk).HTTPError, ValueError) as error:
        log.info("%s does not tell what %s can do (%s).", target.name, target.model, type(error).__name__)
        return None
    return next((model.sees for model in listed if model.name == target.model), None)


@dataclass(frozen=True)
class _Server:
    """Asks a server for JSON objects."""

    target: Target
    sdk: ModuleType
    key: str | None
    patience_s: float

    def get(self, url: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """The JSON object at a URL of this origin; by POST where there is a body. An empty one for any error status."""
        http = http_library(self.sdk)
        headers = {"Authorization": f"Bearer {self.key}", "x-api-key": self.key} if self.key else {}
        with http.Client(
            timeout=self.patience_s, follow_redirects=False, **tls(self.sdk, self.target.address)
        ) as client:
            response = client.request(
                "GET" if body is None else "POST", url, json=body,
                headers={"anthropic-version": _ANTHROPIC_VERSION, **headers},
            )  # fmt: skip
        return mapping(response.json()) if response.status_code == 200 else {}

    @property
    def api(self) -> str:
        return self.target.address.url

    @property
    def root(self) -> str:
        return self.target.address.origin


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
    capabilities = server.get(f"{server.root}/api/show", {"model": model}).get("capabilities")
    return "vision" in capabilities if isinstance(capabilities, list) else None


def _lm_studio(server: _Server) -> list[ListedModel]:
    entries = _names(server.get(f"{server.root}/api/v0/models"))
    chatting = [entry for entry in entries if entry.get("type") in ("vlm", "llm")]
    return [ListedModel(entry["id"], entry["type"] == "vlm") for entry in chatting] or _openai(server)


def _llama_cpp(server: _Server) -> list[ListedModel]:
    sees = _flag(mapping(server.get(f"{server.root}/props").get("modalities")).get("vision"))
    return [ListedModel(model.name, sees) for model in _openai(server)]


def _openrouter(server: _Server) -> list[ListedModel]:
    def sees(entry: Mapping[str, Any]) -> bool | None:
        modalities = mapping(entry.get("architecture")).get("input_modalities")
        return "image" in modalities if isinstance(modalities, list) else None

    return [ListedModel(entry["id"], sees(entry)) for entry in _names(server.get(f"{server.api}/models"))]


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
