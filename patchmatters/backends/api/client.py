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
from .bounded import ACCEPTED, bound
from .patience import PATIENCE, Pulse
from .troubles import is_lasting

NO_KEY = "none"  # the SDKs insist on a key; this one never leaves
CONNECT_S = 10.0
_SPACING_S = 0.003  # about what one request costs this process
_WORTH_IT = 1.25  # twice as many requests at once must bring so much more
_ROUND = 3  # so many answers per place are watched, the first of them only to begin
_TRIES = 3
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


def http_client(sdk: ModuleType, address: Address, key: str | None, limit: int, headers: Iterable[str] = ()) -> Any:
    """An AsyncClient of the HTTP library that this version of the SDK is built on."""
    http = http_library(sdk)
    return http.AsyncClient(
        limits=http.Limits(max_connections=limit, max_keepalive_connections=limit, keepalive_expiry=_IDLE_S),
        timeout=http.Timeout(None, connect=CONNECT_S),  # the wait for an answer is watched by `Patience`
        follow_redirects=False,
        event_hooks={"request": [_guard(address, key, frozenset(headers))], "response": [_receiver(http)]},
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
    context: ssl.SSLContext = http.create_ssl_context()
    return context


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
        request.headers["Accept-Encoding"] = ACCEPTED
        if key and not carries_key:  # the SDK preferred a header from its environment variables
            request.headers["Authorization"] = f"Bearer {key}"

    return check


class Gate:
    """Lets so many through at once, and not two at the same moment; at first few, and more if that brings more.

    Requests that start together end together where a server is steady, and then wait for one another's work in this
    process: a few milliseconds apart, answers are read while others are on their way.

    `places` is doubled after a round of answers, and stays doubled where the answers came at least a quarter faster
    than in the round before; else it goes back, to be tried again twice, since a machine may be busy for a moment.
    """

    def __init__(self, most: int, first: int) -> None:
        self.places, self._most = first, most
        self._inside, self._next_start = 0, 0.0
        self._changed = asyncio.Condition()
        self._tries, self._rate = _TRIES, 0.0
        self._seen, self._since = 0, 0.0

    async def __aenter__(self) -> Gate:
        async with self._changed:
            await self._changed.wait_for(lambda: self._inside < self.places)
            self._inside += 1
        now = asyncio.get_running_loop().time()
        start = max(now, self._next_start)
        self._next_start = start + _SPACING_S
        try:
            await asyncio.sleep(start - now)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._inside -= 1
        async with self._changed:
            self._changed.notify_all()

    def answered(self, count: int) -> None:
        """So many answers came together."""
        if not self._tries or self.places >= self._most:
            return
        now = asyncio.get_running_loop().time()
        if self._seen < self.places:  # these were asked before the number of places changed
            self._since = now
        self._seen += count
        if self._seen >= _ROUND * self.places and now > self._since:
            self._judge((self._seen - self.places) / (now - self._since))

    def _judge(self, rate: float) -> None:
        """Take more places, or go back to those before, by the answers per second of the last round."""
        self._seen = 0
        if rate < _WORTH_IT * self._rate:
            self.places, self._rate, self._tries = max(self.places // 2, 1), 0.0, self._tries - 1
        else:
            self.places, self._rate = min(2 * self.places, self._most), rate


@dataclass(frozen=True)
class Line:
    """What a model keeps open between calls: the SDK's client, and the one limit that all calls share."""

    loop: asyncio.AbstractEventLoop
    key: str | None
    http: Any
    client: Any
    gate: Gate
    pulse: Pulse


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


def errors_of(sdk: ModuleType, *more: type[Exception]) -> tuple[type[Exception], ...]:
    """What a request can end in: the SDK's errors, those of the HTTP library, which some SDKs let through, and more."""
    return sdk.APIError, http_library(sdk).HTTPError, *more


def _receiver(http: ModuleType) -> Callable[[Any], Awaitable[None]]:
    """What is done with every response before the SDK reads it."""

    async def receive(response: Any) -> None:
        bound(http, response)
        if (noted := STATUSES.get(None)) is not None:
            noted.append(response.status_code)
        if response.is_success and (patience := PATIENCE.get(None)) is not None:
            patience.alive()
        if response.status_code in (500, 501):  # the SDKs would ask again, and pay again, for what cannot pass
            await response.aread()
            if is_lasting(response.status_code, _json_of(response)):
                response.headers["x-should-retry"] = "false"

    return receive


def _json_of(response: Any) -> Any:
    try:
        return response.json()
    except ValueError:
        return response.text
