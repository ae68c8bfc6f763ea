"""The SDKs' HTTP clients, held to one origin: no redirect, no header but the usual ones, no key but the right one.

The SDKs read base URLs, keys, organisations and whole headers from their own environment variables. Everything is
given to them here, and what a request carries is checked once more at the moment when it leaves.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from .addresses import Address, read_address

NO_KEY = "none"  # the SDKs insist on a key; this one never leaves
CONNECT_S = 10.0
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
        limits=http.Limits(max_connections=limit, max_keepalive_connections=limit),
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
        for name in list(request.headers):
            lowered = name.lower()
            is_own_key = lowered in _KEY_HEADERS and request.headers[name] in own_key
            if lowered not in allowed and not is_own_key:
                del request.headers[name]

    return check


def errors_of(sdk: ModuleType) -> tuple[type[Exception], ...]:
    """What a request can end in: the SDK's errors, and those of the HTTP library, which some SDKs let through."""
    return sdk.APIError, http_library(sdk).HTTPError


async def _note_status(response: Any) -> None:
    noted = STATUSES.get(None)
    if noted is not None:
        noted.append(response.status_code)
