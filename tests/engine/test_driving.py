"""The event loop of all requests ends with the process, quietly, whatever is on its way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from patchmatters.backends.api.driving import LoopThread, drive

ROOT = Path(__file__).resolve().parents[2]
LEAVE = """
import asyncio, time
from patchmatters.backends.api.driving import loop_thread, spawn

async def stubborn():
    while True:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            if "{way}" == "slow":
                await asyncio.sleep(0.2)
            if "{way}" == "broken":
                raise OSError("closed")
            raise

loop_thread().start(stubborn())
while not asyncio.all_tasks(loop_thread().loop):
    time.sleep(0.01)
for _ in range(20):
    spawn(lambda: asyncio.sleep(30))
"""


@pytest.mark.parametrize("way", ["usual", "slow", "broken"])
def test_a_process_that_ends_leaves_no_trace_of_its_requests(way: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONASYNCIODEBUG": "1", "PYTHONWARNINGS": "default"}
    command = [sys.executable, "-c", LEAVE.replace("{way}", way)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_comes_after_the_end_is_refused() -> None:
    thread = LoopThread()
    thread.stop()
    assert not thread.alive

    async def work() -> None: ...

    with pytest.raises(RuntimeError):
        thread.start(work())


def test_a_loop_that_ended_is_replaced() -> None:
    async def one(post: object) -> int:
        return 1

    assert drive(one, lambda: None) == 1
