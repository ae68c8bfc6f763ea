"""A running node tells the browser what it does: often enough to follow, rarely enough to cost nothing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

Messages = list[tuple[str, dict[str, Any], str]]


@pytest.fixture
def sent(pack: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Messages]:
    """What a host's server would be asked to send, while node 7.0.0.2, an inner one of node 7, is running."""
    from comfy_execution import progress
    from comfy_execution.utils import CurrentNodeContext

    messages: Messages = []
    server = SimpleNamespace(client_id="browser", send_sync=lambda *message: messages.append(message))
    monkeypatch.setitem(sys.modules, "server", SimpleNamespace(PromptServer=SimpleNamespace(instance=server)))
    prompt = SimpleNamespace(get_display_node_id=lambda node: node.split(".")[0])
    monkeypatch.setattr(progress, "get_progress_state", lambda: SimpleNamespace(dynprompt=prompt))
    with CurrentNodeContext("prompt", "7.0.0.2"):
        yield messages


@pytest.fixture
def monitor(sent: Messages, part: Callable[[str], Any]) -> Any:
    return part("nodes.types").ComfyMonitor()


def test_a_stage_shows_where_it_is(monitor: Any, sent: Messages) -> None:
    monitor.begin("describe", 1)
    monitor.advance("photo: top-left, candidate 1")
    kinds, told, clients = zip(*sent, strict=True)
    assert (set(kinds), set(clients)) == ({"patchmatters.progress"}, {"browser"})
    assert [one["node"] for one in told] == ["7", "7"]
    assert [(one["stage"], one["done"], one["total"]) for one in told] == [("describe", 0, 1), ("describe", 1, 1)]
    assert told[1]["name"] == "photo: top-left, candidate 1"
    json.dumps(told, allow_nan=False)


def test_the_text_is_shown_as_it_grows_but_not_at_every_token(
    monitor: Any, sent: Messages, part: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = count(100.0, 0.01)  # a token every 10 ms
    monkeypatch.setattr(part("nodes.progress"), "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monitor.begin("describe", 1)
    text = ""
    for _ in range(100):
        text += "word "
        monitor.partial("top-left", text)
    shown = [told["text"] for _, told, _ in sent if told["text"]]
    assert 4 <= len(shown) <= 12
    assert all(len(one) <= 300 and one.endswith("word ") for one in shown)


def test_a_token_costs_next_to_nothing(monitor: Any) -> None:
    monitor.begin("describe", 1)
    text, started = "word " * 2000, time.process_time()
    for _ in range(10_000):
        monitor.partial("top-left", text)
    assert (time.process_time() - started) / 10_000 < 0.0005


def test_without_a_server_nothing_is_told(pack: Any, part: Callable[[str], Any]) -> None:
    monitor = part("nodes.types").ComfyMonitor()
    monitor.begin("describe", 2)
    monitor.advance("top-left")
    monitor.partial("top-left", "A wall.")
