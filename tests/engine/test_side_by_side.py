"""Jobs side by side: results in order, one thread for the monitor, and an end for all when one ends badly."""

from __future__ import annotations

import threading
import time

import pytest

from patchmatters.models import Monitor, QuietMonitor
from patchmatters.running.side_by_side import side_by_side


class Recorder(QuietMonitor):
    def __init__(self, cancel_after: int = 10**9) -> None:
        self.names: list[str] = []
        self.threads: set[int] = set()
        self.cancel_after = cancel_after

    def advance(self, name: str) -> None:
        self.names.append(name)
        self.threads.add(threading.get_ident())
        if len(self.names) >= self.cancel_after:
            raise KeyboardInterrupt


def _endless(monitor: Monitor) -> None:
    while True:
        monitor.advance("step")
        time.sleep(0.005)


def test_results_keep_their_order_and_the_monitor_its_thread() -> None:
    def job(number: int) -> object:
        def work(monitor: Monitor) -> int:
            time.sleep(0.02 * (5 - number))
            monitor.advance(f"job {number}")
            return number

        return work

    monitor = Recorder()
    assert side_by_side([job(number) for number in range(5)], monitor, most=3) == list(range(5))
    assert sorted(monitor.names) == [f"job {number}" for number in range(5)]
    assert monitor.threads == {threading.get_ident()}


def test_jobs_overlap() -> None:
    all_there = threading.Barrier(4, timeout=60)
    side_by_side([lambda monitor: all_there.wait()] * 4, QuietMonitor(), most=4)
    assert not all_there.broken


def test_a_cancel_ends_every_job() -> None:
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        side_by_side([_endless, _endless], Recorder(cancel_after=5))
    assert threading.active_count() == before


def test_a_failing_job_ends_the_others_and_is_the_one_that_is_told() -> None:
    def fails(monitor: Monitor) -> None:
        time.sleep(0.05)
        raise RuntimeError("the second job failed")

    with pytest.raises(RuntimeError, match="the second job failed"):
        side_by_side([_endless, fails, _endless], Recorder())
