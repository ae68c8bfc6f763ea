"""Running many requests from a thread that must stay free to be cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")
Thunk = Callable[[], None]
Post = Callable[[Thunk], None]

_PATIENCE_S = 0.05  # between two looks at the cancel button
_FAREWELL_S = 1.0  # a cancelled request has this long to close its connection


def drive(main: Callable[[Post], Coroutine[Any, Any, Result]], poll: Thunk) -> Result:
    """Run `main(post)` on an event loop in a thread of its own and return its result.

    What `main` posts is called here, in the calling thread, where a host expects progress; `poll` is called here too,
    every 50 ms. Whatever either raises (a host's interrupt need not be an Exception) cancels `main` at once, and is
    raised when its connections are closed, at most a second later.
    """
    worker = _Worker(main)
    worker.start()
    try:
        while not worker.finished():
            worker.handle_one(_PATIENCE_S)
            poll()
        return worker.result()
    finally:
        worker.stop()


class _Worker(threading.Thread, Generic[Result]):
    def __init__(self, main: Callable[[Post], Coroutine[Any, Any, Result]]) -> None:
        super().__init__(name="patchmatters-requests", daemon=True)
        self._main = main
        self._inbox: queue.SimpleQueue[Thunk] = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Result] | None = None
        self._ready = threading.Event()
        self._over = threading.Event()
        self._result: Result | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._result = asyncio.run(self._work())
        except BaseException as error:  # noqa: BLE001  carried to the calling thread and raised there
            self._error = error
        finally:
            self._ready.set()
            self._over.set()
            self._inbox.put(_nothing)  # wakes the calling thread

    async def _work(self) -> Result:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._ready.set()
        return await self._main(self._inbox.put)

    def finished(self) -> bool:
        return self._over.is_set() and self._inbox.empty()

    def handle_one(self, timeout_s: float) -> None:
        try:
            thunk = self._inbox.get(timeout=timeout_s)
        except queue.Empty:
            return
        thunk()

    def result(self) -> Result:
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]  # set whenever there is no error

    def stop(self) -> None:
        """Cancel what still runs, and wait a moment for its connections to close."""
        self._ready.wait(_FAREWELL_S)
        if not self._over.is_set() and self._loop is not None and self._task is not None:
            with contextlib.suppress(RuntimeError):  # the loop closed in the meantime
                self._loop.call_soon_threadsafe(self._task.cancel)
        self.join(_FAREWELL_S)


def _nothing() -> None:
    pass
