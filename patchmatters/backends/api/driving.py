"""Running many requests from threads that must stay free to be cancelled.

All requests of the process run on one event loop in a thread of its own, so that calls from several threads share one
limit, and connections stay open from one stage to the next.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import queue
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

Result = TypeVar("Result")
Thunk = Callable[[], None]
Post = Callable[[Thunk], None]

_PATIENCE_S = 0.05  # between two looks at the cancel button
_FAREWELL_S = 1.0  # a cancelled request has this long to close its connection


class LoopThread:
    """An event loop in a daemon thread, which runs until the process ends."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="patchmatters-requests", daemon=True)
        self._thread.start()
        atexit.register(self.stop)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        self.loop.run_until_complete(_farewell())
        self.loop.close()  # what comes too late is refused, and not forgotten

    @property
    def alive(self) -> bool:
        """False in a forked child too, where threads do not live on."""
        return self._thread.is_alive()

    def start(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """RuntimeError where the loop has ended, with the work put away."""
        try:
            return asyncio.run_coroutine_threadsafe(work, self.loop)
        except RuntimeError:
            work.close()
            raise

    def stop(self) -> None:
        """Cancel what still runs, let connections close, and end the thread."""
        if self.alive:
            with contextlib.suppress(RuntimeError):  # it ended just now
                self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(2 * _FAREWELL_S)


async def _farewell() -> None:
    """Cancel everything else on the loop, and what that starts in turn, and give it a moment to end."""
    deadline = asyncio.get_running_loop().time() + _FAREWELL_S
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in others:
            task.cancel()
        ended, _ = await asyncio.wait(others, timeout=max(deadline - asyncio.get_running_loop().time(), 0.0))
        await asyncio.gather(*ended, return_exceptions=True)  # what they ended in is of no interest any more
        if asyncio.get_running_loop().time() >= deadline:
            return


_shared: LoopThread | None = None
_starting = threading.Lock()


def loop_thread() -> LoopThread:
    """The one of this process, started when it is first needed."""
    global _shared  # noqa: PLW0603  one per process is the point
    with _starting:
        if _shared is None or not _shared.alive:
            _shared = LoopThread()
        return _shared


def spawn(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Have something done on the event loop, without waiting for it; nothing where no loop ever ran."""
    if _shared is not None and _shared.alive:
        with contextlib.suppress(RuntimeError):  # it ended just now, and its connections with it
            _shared.start(work())


def drive(main: Callable[[Post], Coroutine[Any, Any, Result]], poll: Thunk) -> Result:
    """Run `main(post)` on the event loop and return its result.

    What `main` posts is called here, in the calling thread, where a host expects progress; `poll` is called here too,
    every 50 ms. Whatever either raises (a host's interrupt need not be an Exception) cancels `main` at once, and is
    raised when its connections are closed, at most a second later.
    """
    inbox: queue.SimpleQueue[Thunk] = queue.SimpleQueue()
    ended = threading.Event()

    async def work() -> Result:
        try:
            return await main(inbox.put)
        finally:
            ended.set()
            inbox.put(_nothing)  # wakes the calling thread

    running = loop_thread().start(work())
    try:
        while not (ended.is_set() and inbox.empty()):
            _take(inbox)()
            poll()
        return running.result()
    finally:
        if not ended.is_set():
            running.cancel()
            ended.wait(_FAREWELL_S)


def _take(inbox: queue.SimpleQueue[Thunk]) -> Thunk:
    """What is to be called next; nothing where nothing came for a while."""
    try:
        return inbox.get(timeout=_PATIENCE_S)
    except queue.Empty:
        return _nothing


def _nothing() -> None:
    pass
