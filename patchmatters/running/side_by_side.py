"""Several jobs at once that share one monitor: the stages of one group of pictures fill the pauses of another's.

Between two stages every model waits for the engine, and at the end of a stage for its slowest answer. A second group
of pictures, on its way through the same stages and the same chat model, has questions for that time.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from ..models import Monitor

Result = TypeVar("Result")
Job = Callable[[Monitor], Result]
_PATIENCE_S = 0.05  # between two looks at the cancel button


class Stopped(BaseException):
    """Ends the other jobs when one has failed or the user cancelled. Not an Exception: no job is to handle it."""


class _Messenger:
    """A job's monitor: tells the caller's thread, and stops the job when that is wanted."""

    def __init__(self, inbox: queue.SimpleQueue[Callable[[Monitor], None]], stop: threading.Event) -> None:
        self._inbox, self._stop = inbox, stop

    def begin(self, stage: str, total: int) -> None:
        self._tell(lambda monitor: monitor.begin(stage, total))

    def advance(self, name: str) -> None:
        self._tell(lambda monitor: monitor.advance(name))

    def partial(self, name: str, text: str) -> None:
        self._tell(lambda monitor: monitor.partial(name, text))

    def poll(self) -> None:
        if self._stop.is_set():
            raise Stopped

    def _tell(self, what: Callable[[Monitor], None]) -> None:
        self.poll()
        self._inbox.put(what)


def side_by_side(jobs: Sequence[Job[Result]], monitor: Monitor, most: int = 2) -> list[Result]:
    """The results of all jobs, in their order, with at most `most` running at once.

    `monitor` is called in this thread only. What it raises, or the first job that fails, stops the other jobs at their
    next look at their monitor, and is raised here when they have ended.
    """
    inbox: queue.SimpleQueue[Callable[[Monitor], None]] = queue.SimpleQueue()
    stop = threading.Event()
    with ThreadPoolExecutor(most, thread_name_prefix="patchmatters-job") as pool:
        running = [pool.submit(job, _Messenger(inbox, stop)) for job in jobs]
        try:
            _watch(running, inbox, monitor)
        finally:
            if not all(map(Future.done, running)):
                stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
    return [future.result() for future in running]


def _watch(
    running: Sequence[Future[Result]], inbox: queue.SimpleQueue[Callable[[Monitor], None]], monitor: Monitor
) -> None:
    """Pass on what the jobs tell until all are done. Raises what the first failing job raised."""
    while not (all(map(Future.done, running)) and inbox.empty()):
        with contextlib.suppress(queue.Empty):
            inbox.get(timeout=_PATIENCE_S)(monitor)
        monitor.poll()
        for future in running:
            if future.done():
                future.result()
