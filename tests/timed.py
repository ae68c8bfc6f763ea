"""Limits of seconds that no busy machine may break."""

from __future__ import annotations

import os
import time
from collections.abc import Callable


def within(idle: float, busy: float) -> float:
    """The seconds that something may take: `idle` where PATCHMATTERS_TIMED says that the machine does nothing else.

    `busy` is what still tells it from not working at all: less than half of what is not waited for.
    """
    return idle if os.environ.get("PATCHMATTERS_TIMED") else busy


def wait_until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait for something that comes at once where nothing is wrong."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.005)
