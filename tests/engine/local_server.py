"""A server on 127.0.0.1 in a thread of its own, while a block lasts."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import TypeVar

from aiohttp import web

Own = TypeVar("Own", bound="LocalServer")


class LocalServer:
    """What answers is the `application` of a subclass; `port` 0 becomes one that is free, and stays."""

    port: int = 0
    leaves_unheard = False  # whether a request whose client has gone is cancelled

    def application(self) -> web.Application:
        raise NotImplementedError

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/v1"

    def __enter__(self: Own) -> Own:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(10), "the server did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        runner = web.AppRunner(
            self.application(), access_log=None, handler_cancellation=self.leaves_unheard, shutdown_timeout=0.1
        )
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()
