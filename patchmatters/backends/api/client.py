"""The SDKs' HTTP clients, held to one origin: no redirect, no header but the usual ones, no key but the right one.

The SDKs read base URLs, keys, organisations and whole headers from their own environment variables. Everything is
given to them here, and what a request carries is checked once more at the moment when it leaves.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from .addresses import Address, read_address

NO_KEY = "none"  # the SDKs insist on a key; this one never leaves
CONNECT_S = 10.0
_SPACING_S = 0.003  # about what one request costs this process
_IDLE_S = 15.0  # connections wait so long for the next stage; many servers close theirs after 30 s or more
_USUAL = frozenset(
    ("host", "accept", "accept-encoding", "connection", "user-agent", "content-type", "content-length")
) | {"anthropic-version", "anthropic-beta", "x-stainless-raw-response"}  # the last is the SDKs' note to themselves
_KEY_HEADERS = ("authorization", "x-api-key")

# The statuses that the requests for one question got, for the message in case it fails in the end.
STATUSES: ContextVar[list[int]] = ContextVar("statuses")


class StrayRequest(RuntimeError):
    """A request was about to go to another host than the one that was chosen."""


def load_sdk(name: str) -> ModuleType:
    """The official SDK called `name`. RuntimeError, saying what to install, where it is missing."""
    try:
        return import_module(name)
    except ImportError as error:
        raise RuntimeError(
            f"This model needs the Python package {name} ({error}): install it with `python -m pip install {name}`, "
            "with the Python that runs this program."
        ) from None


def http_client(
    sdk: ModuleType, address: Address, key: str | None, limit: int, timeout_s: float, headers: Iterable[str] = ()
) -> Any:
    """An AsyncClient of the HTTP library that this version of the SDK is built on."""
    http = http_library(sdk)
    return http.AsyncClient(
        limits=http.Limits(max_connections=limit, max_keepalive_connections=limit, keepalive_expiry=_IDLE_S),
        timeout=http.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s)),
        follow_redirects=False,
        event_hooks={"request": [_guard(address, key, frozenset(headers))], "response": [_note_status]},
        **tls(sdk, address),
    )


def tls(sdk: ModuleType, address: Address) -> dict[str, Any]:
    """A client's arguments about certificates and proxies."""
    if address.scheme == "https":
        return {"trust_env": True, "verify": _certificates(http_library(sdk))}
    # A proxy would read plain HTTP, and no certificate is needed for it.
    return {"trust_env": False, "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}


def http_library(sdk: ModuleType) -> ModuleType:
    """httpx or its successor, whichever the SDK's own client class derives from."""
    names = [base.__module__.partition(".")[0] for base in sdk.DefaultAsyncHttpxClient.__mro__]
    return import_module(next(name for name in names if name.startswith("httpx")))


@cache
def _certificates(http: ModuleType) -> ssl.SSLContext:
    """Reading the certificates takes longer than many a request: once per process."""
    return http.create_ssl_context()


def _guard(address: Address, key: str | None, extra: frozenset[str]) -> Callable[[Any], Awaitable[None]]:
    allowed = _USUAL | extra
    own_key = {key, f"Bearer {key}"} if key else set()

    async def check(request: Any) -> None:
        if read_address(f"{request.url.scheme}://{request.url.netloc.decode('ascii')}").origin != address.origin:
            raise StrayRequest(f"A request left {address.origin} for another host, and was stopped.")
        carries_key = False
        for name in list(request.headers):
            lowered = name.lower()
            is_own_key = lowered in _KEY_HEADERS and request.headers[name] in own_key
            carries_key |= is_own_key
            if lowered not in allowed and not is_own_key:
                del request.headers[name]
        if key and not carries_key:  # the SDK preferred a header from its environment variables
            request.headers["Authorization"] = f"Bearer {key}"

    return check


class Gate:
    """Lets so many through at once, and not two at the same moment.

    Requests that start together end together where a server is steady, and then wait for one another's work in this
    process: a few milliseconds apart, answers are read while others are on their way.
    """

    def __init__(self, limit: int) -> None:
        self._places, self._next_start = asyncio.Semaphore(limit), 0.0

    async def __aenter__(self) -> None:
        await self._places.acquire()
        now = asyncio.get_running_loop().time()
        start = max(now, self._next_start)
        self._next_start = start + _SPACING_S
        try:
            await asyncio.sleep(start - now)
        except BaseException:
            self._places.release()
            raise

    async def __aexit__(self, *exception: object) -> None:
        self._places.release()


@dataclass(frozen=True)
class Line:
    """What a model keeps open between calls: the SDK's client, and the one limit that all calls share."""

    loop: asyncio.AbstractEventLoop
    key: str | None
    http: Any
    client: Any
    gate: Gate


class Switchboard:
    """Keeps one `Line`, for as long as the key stays the same. Used on the event loop only."""

    def __init__(self) -> None:
        self._line: Line | None = None

    async def line(self, key: str | None, open_line: Callable[[str | None], Line]) -> Line:
        current = self._line
        if current is None or current.key != key or current.loop is not asyncio.get_running_loop():
            await self.close()
            self._line = current = open_line(key)
        return current

    async def close(self) -> None:
        """Close the connections; those of a loop that is gone, after a fork, are the parent's."""
        line, self._line = self._line, None
        if line is not None and line.loop is asyncio.get_running_loop():
            await line.http.aclose()


def errors_of(sdk: ModuleType) -> tuple[type[Exception], ...]:
    """What a request can end in: the SDK's errors, and those of the HTTP library, which some SDKs let through."""
    return sdk.APIError, http_library(sdk).HTTPError


async def _note_status(response: Any) -> None:
    noted = STATUSES.get(None)
    if noted is not None:
        noted.append(response.status_code)
