"""The route by which the browser asks which models a provider or a server has, when its button is pressed."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .api_model import offered_models
from .progress import host_server

if TYPE_CHECKING:
    from aiohttp import web

ROUTE = "/patchmatters/models"  # what web/js/model_list.js asks


def add_route() -> None:
    """Nothing to do where this is not the host's process."""
    server = host_server()
    if server is not None:
        server.routes.post(ROUTE)(_answer)


async def _answer(request: web.Request) -> web.Response:
    """`{"provider": title, "base_url": ""}` becomes `{"models": [names], "listed": count}`, or `{"problem": sentence}`
    with status 400 where the question is wrong and 502 where the server gives no list."""
    from aiohttp import web

    try:
        provider, base_url = _question(await request.text())
        return web.json_response(asdict(await asyncio.to_thread(offered_models, provider, base_url)))
    except ValueError as error:
        return web.json_response({"problem": str(error)}, status=400)
    except RuntimeError as error:
        return web.json_response({"problem": str(error)}, status=502)


def _question(body: str) -> tuple[str, str]:
    try:
        asked: Any = json.loads(body)
        provider, base_url = asked["provider"], asked.get("base_url", "")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError('Ask with a JSON object: {"provider": "Ollama", "base_url": ""}.') from None
    if not (isinstance(provider, str) and isinstance(base_url, str)):
        raise ValueError("provider and base_url are texts.")
    return provider, base_url
