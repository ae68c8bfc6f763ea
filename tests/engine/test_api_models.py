"""Model lists: read within their time from servers that are slow, endless or hostile, and chat models only."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("openai", reason="the official SDK is not installed (optional extra: api)")
pytest.importorskip("anthropic", reason="the official SDK is not installed (optional extra: api)")
pytest.importorskip("aiohttp", reason="the test server needs aiohttp")

from engine.protocol_server import ProtocolServer
from patchmatters.backends import openai_chat
from patchmatters.backends.api import models
from patchmatters.backends.api.addresses import as_base, read_address
from patchmatters.backends.api.models import LocalModels, default_model, list_models
from patchmatters.backends.api.providers import PROVIDERS
from patchmatters.backends.api.troubles import Target
from patchmatters.models import QUIET, Question, QuietMonitor


def _target(url: str, provider: str = "custom") -> Target:
    return Target(PROVIDERS[provider], read_address(url), "")


def _names(*names: object) -> dict[str, Any]:
    return {"object": "list", "data": [{"id": name} for name in names]}


# --- which models ---

_EMBEDDING = ["text-embedding-nomic-embed-text-v1.5", "bge-m3", "BAAI/bge-reranker-v2", "whisper-large-v3"]


@pytest.mark.parametrize("provider", ["custom", "lmstudio", "llamacpp", "vllm", "ollama"])
def test_an_embedding_model_is_never_taken_and_what_seems_to_see_comes_first(provider: str) -> None:
    routes = {"/v1/models": _names(*_EMBEDDING, "llama-3.1-8b-instruct", "qwen2.5-vl-7b")}
    with ProtocolServer(routes=routes) as server:
        target = _target(server.url, provider)
        assert default_model(target, None) == "qwen2.5-vl-7b"
        assert [model.name for model in list_models(target, None)] == ["qwen2.5-vl-7b", "llama-3.1-8b-instruct"]
        server.routes = {"/v1/models": _names(*_EMBEDDING)}
        with pytest.raises(RuntimeError, match="lists no chat model: load or pull one there"):
            default_model(target, None)


def test_what_a_server_says_counts_more_than_a_name() -> None:
    listed = [
        {"id": "visionary-text", "type": "llm"},
        {"id": "bge-vision-chat", "type": "vlm"},
        {"id": "nomic", "type": "embeddings"},
    ]
    with ProtocolServer(routes={"/api/v0/models": {"data": listed}}) as server:
        found = list_models(_target(server.url, "lmstudio"), None)
    assert [model.name for model in found] == ["bge-vision-chat", "visionary-text"]


def test_hostile_names_are_left_out() -> None:
    names = ["a\nb", "", None, ["x"], "x" * 100_000, "\x1b[31mred", "good", "half \ud83d"]
    with ProtocolServer(routes={"/v1/models": _names(*names)}) as server:
        found = list_models(_target(server.url), None)
    assert [model.name for model in found] == ["good", "half"]


# --- servers that are slow, endless or no servers ---


@contextlib.contextmanager
def _raw_server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A TCP server that does what `answer` does with each connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    threading.Thread(target=one, args=(connection,), daemon=True).start()

        def one(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"


def _hang(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.recv(4096)


def _drip_head(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def _drip_body(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{")
    while True:
        connection.sendall(b" ")
        time.sleep(0.05)


def _endless(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"data": [')
    while True:
        connection.sendall(b'{"id": "m"},' * 10_000)


_BAD = {"hangs": _hang, "drips its head": _drip_head, "drips its body": _drip_body, "never ends": _endless}


@pytest.mark.parametrize("how", _BAD)
def test_a_list_has_a_total_time_and_a_largest_size(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "PATIENCE_S", 0.5)
    with _raw_server(_BAD[how]) as url, pytest.raises(RuntimeError, match="cannot be reached: "):
        list_models(_target(url), None)


@pytest.mark.parametrize("how", _BAD)
def test_a_cancel_ends_the_look_for_a_model_before_a_run(how: str) -> None:
    class Cancelled(BaseException):
        pass

    class Cancelling(QuietMonitor):
        def poll(self) -> None:
            raise Cancelled

    with _raw_server(_BAD[how]) as url:
        model = openai_chat.create(openai_chat.OpenAISettings(provider="custom", base_url=url, cache=False))
        with pytest.raises(Cancelled):
            model.answer([Question("q", "text")], Cancelling())


def _rows(monkeypatch: pytest.MonkeyPatch, urls: list[str]) -> None:
    rows = {f"r{n}": replace(PROVIDERS["vllm"], name=f"r{n}", base_url=url) for n, url in enumerate(urls)}
    monkeypatch.setattr(models, "PROVIDERS", rows)


def test_the_list_of_a_node_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three servers hang and one is well: nothing is known at once, and what the one lists after a look."""
    with contextlib.ExitStack() as stack:
        urls = [stack.enter_context(_raw_server(_BAD[how])) for how in ("hangs", "drips its body", "never ends")]
        well = stack.enter_context(ProtocolServer(routes={"/v1/models": _names("llava")}))
        _rows(monkeypatch, [*urls, well.url])
        lists = LocalModels()
        assert lists.latest() == {}
        assert lists.look().result(30) == {"r0": (), "r1": (), "r2": (), "r3": ("llava",)}
        assert lists.latest()["r3"] == ("llava",)
        for _ in range(50):
            lists.latest()
        assert len(well.other_requests) == 1


def test_the_models_of_an_ollama_are_asked_for_side_by_side() -> None:
    """Every answer takes as long as the whole look may take for two, one after the other."""
    names = [f"m{number}" for number in range(20)]
    together = threading.Barrier(4)

    def show(connection: socket.socket) -> None:
        asked = connection.recv(65536)
        if b"/api/show" in asked:
            together.wait(20)  # only where several are asked at once does it open
        body = json.dumps(
            {"capabilities": ["completion", "vision"]} if b"/api/show" in asked else _names(*names)
        ).encode()
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with _raw_server(show) as url:
        found = list_models(_target(url, "ollama"), None)
    assert [model.name for model in found] == names
    assert all(model.sees for model in found)


# --- base URLs as people write them ---

_WRITTEN = [
    ("ollama", "", "/v1"),
    ("ollama", "/", "/v1"),
    ("ollama", "/api", "/v1"),
    ("ollama", "/api/chat", "/v1"),
    ("ollama", "/api/generate", "/v1"),
    ("lmstudio", "/api/v0", "/v1"),
    ("custom", "", "/v1"),
    ("custom", "/v1/chat/completions", "/v1"),
    ("custom", "/v1/models/", "/v1"),
    ("custom", "/api/chat/completions", "/api"),
    ("custom", "/openai/v1", "/openai/v1"),
    ("zhipu", "", "/api/paas/v4"),
    ("anthropic", "/v1/messages", ""),
    ("anthropic", "/v1", "/v1"),
]


@pytest.mark.parametrize(("provider", "written", "path"), _WRITTEN)
def test_a_base_url_is_understood_as_people_write_it(provider: str, written: str, path: str) -> None:
    row = PROVIDERS[provider]
    own = read_address(row.base_url).path if row.base_url else "/v1"
    address = read_address(f"http://0.0.0.0:8123{written}")
    base = as_base(address, own, row.protocol, has_other_api=row.local)
    assert base.url == f"http://127.0.0.1:8123{path}"


@pytest.mark.parametrize("path", ["", "/v1", "/v1/chat/completions"])
def test_such_a_base_url_gets_an_answer(path: str) -> None:
    with ProtocolServer(routes={"/v1/models": _names("m")}) as server:
        settings = openai_chat.OpenAISettings(provider="custom", base_url=f"http://0.0.0.0:{server.port}{path}")
        (answer,) = openai_chat.create_uncached(settings).answer([Question("q", "text")], QUIET)
    assert answer.text


def test_a_wrong_path_is_told_as_such() -> None:
    with (
        ProtocolServer() as server,
        pytest.raises(RuntimeError, match=r"no list of models \(status 404\): check base_url"),
    ):
        list_models(_target(f"{server.origin}/wrong"), None)
