"""How long an answer is waited for: from the first sign of life, and anew with every word.

A server that answers one question after the other holds the others in its queue. That is no slow answer, and asking
again would only make the queue longer. So for a server on this machine or in the local network the time starts anew
with every sign of life that the server gives to any request; for others only with those of this request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

Result = TypeVar("Result")


class Pulse:
    """When a server last gave a sign of life to anybody, in the event loop's seconds."""

    def __init__(self) -> None:
        self.last = float("-inf")


@dataclass
class Patience:
    """The time limit of one question. `pulse` is the server's own, where waiting in its queue is no fault."""

    seconds: float
    pulse: Pulse
    queues: bool
    started: bool = False
    _since: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    def alive(self) -> None:
        """The server has begun to answer this question, or sent a word of it."""
        self.started = True
        self._since = self.pulse.last = asyncio.get_running_loop().time()

    def rest(self) -> None:
        """The question waits to be asked again, for instance after an answer that was cut off."""
        self.started = False

    @property
    def left(self) -> float:
        since = max(self._since, self.pulse.last) if self.queues and not self.started else self._since
        return since + self.seconds - asyncio.get_running_loop().time()


PATIENCE: ContextVar[Patience] = ContextVar("patience")


async def within(patience: Patience, work: Coroutine[Any, Any, Result]) -> Result:
    """What `work` comes to. TimeoutError when the patience is at its end; the work is cancelled then."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done() and (left := patience.left) > 0:
            await asyncio.wait({task}, timeout=left)
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
