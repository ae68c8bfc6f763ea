"""Bodies of responses with an end: unpacked here, piece by piece, and broken off where they grow too large.

The HTTP libraries unpack a whole piece at once, and a piece of 64 KiB may hold 64 MiB. So nothing but plain and gzip is
asked for, and what comes packed is unpacked before the library sees it.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from functools import cache
from types import ModuleType
from typing import Any

MOST_BYTES = 16 * 2**20  # unpacked; a model that writes 100,000 tokens in a stream stays below
ACCEPTED = "gzip, deflate"
_PIECE = 2**16
_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class TooLarge(Exception):
    """A body is larger than `MOST_BYTES`, or packed in a way that nobody asked for."""


def bound(http: ModuleType, response: Any, most: int = MOST_BYTES) -> None:
    """Have a response of the HTTP library `http` end in TooLarge when its body grows beyond `most` bytes."""
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding:
        del response.headers["content-encoding"]
    response.stream = _stream_class(http)(response.stream, coding, most)


@cache
def _stream_class(http: ModuleType) -> type:
    """The library takes its own class of streams only, and there is more than one such library."""

    base: Any = http.AsyncByteStream

    class Bounded(base):
        def __init__(self, inner: Any, coding: str, most: int) -> None:
            self._inner, self._coding, self._most = inner, coding, most

        async def __aiter__(self) -> AsyncIterator[bytes]:
            total = 0
            async for piece in _unpacked(self._inner, self._coding):
                total += len(piece)
                if total > self._most:
                    raise TooLarge(f"more than {self._most // 2**20} MiB")
                yield piece

        async def aclose(self) -> None:
            await self._inner.aclose()

    return Bounded


async def _unpacked(packed: AsyncIterator[bytes], coding: str) -> AsyncIterator[bytes]:
    if coding in ("", "identity"):
        async for piece in packed:
            yield piece
        return
    if coding not in _WINDOWS:
        raise TooLarge(f"packed as {coding[:20]}, which was not asked for")
    machine = zlib.decompressobj(_WINDOWS[coding])
    async for piece in packed:
        rest = piece
        while rest:
            try:
                yield machine.decompress(rest, _PIECE)
            except zlib.error:
                raise TooLarge(f"packed as {coding}, and damaged") from None
            rest = machine.unconsumed_tail
