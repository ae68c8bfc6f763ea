"""The first picture: `scripts/caption.py --model small` against a hub on 127.0.0.1 that serves tiny real models."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("torch", reason="local models need torch")
pytest.importorskip("transformers", reason="local models need transformers")

import torch

from engine import tiny_models
from patchmatters.backends.api.providers import providers_of

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
CAPTIONER, SCORER = "HuggingFaceTB/SmolVLM-256M-Instruct", "openai/clip-vit-base-patch32"


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Hub:
    """Serves folders as models; can break off after some bytes of weights, and notes what is asked."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self.folders = folders
        self.break_after: int | None = None
        self.asked: list[str] = []
        self.ranges: list[str] = []

    def listing(self, model: str) -> dict[str, Any]:
        files = sorted(path for path in self.folders[model].iterdir() if path.is_file())
        return {
            "sha": "c" * 40,
            "siblings": [
                {"rfilename": path.name, "size": path.stat().st_size, "lfs": {"sha256": _digest(path)}}
                for path in files
            ],
        }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    torch.manual_seed(0)
    state = Hub({CAPTIONER: tiny_models.llava(tmp_path / "a"), SCORER: tiny_models.clip(tmp_path / "b")})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            if self.path.startswith("/api/models/"):
                model = self.path.removeprefix("/api/models/").partition("?")[0]
                self._send(200, json.dumps(state.listing(model)).encode())
                return
            model, _, rest = self.path.removeprefix("/").partition("/resolve/")
            content, wanted = (state.folders[model] / rest.partition("/")[2]).read_bytes(), self.headers.get("Range")
            if wanted:
                state.ranges.append(wanted)
                self._send(206, content[int(wanted.split("=")[1].rstrip("-")) :])
            else:
                self._send(200, content, state.break_after if rest.endswith(".safetensors") else None)

        def _send(self, status: int, content: bytes, limit: int | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:limit])

        def log_message(self, *given: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("PATCHMATTERS_MODELS", str(tmp_path / "models"))
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def caption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs the script in this test's own environment instead of a new one."""
    monkeypatch.syspath_prepend(SCRIPTS)
    script = _script("caption")
    monkeypatch.setattr(script, "environment", lambda *given: Path(sys.executable))
    Image.effect_noise((96, 64), 80).convert("RGB").save(tmp_path / "photo.png")

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["caption.py", str(tmp_path / "photo.png"), *arguments])
        return script.main()

    return run


QUICK = ("--max-new-tokens", "16", "--candidates", "1")


def test_small_models_are_fetched_with_progress_resumed_and_then_need_no_network(
    hub: Hub, caption: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.break_after = 5000
    assert caption("--model", "small", *QUICK) == 1
    broken = capfd.readouterr().err
    assert f"Fetching {CAPTIONER}: 0.00 GB into {tmp_path / 'models' / CAPTIONER}" in broken
    assert "what was fetched is kept" in broken and "built-in captioner" in broken
    assert not (tmp_path / "models" / CAPTIONER).exists()
    hub.break_after = None
    assert caption("--model", "small", *QUICK) == 0
    told = capfd.readouterr()
    assert hub.ranges == ["bytes=5000-"] and "download:" in told.err
    assert told.out.strip()
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    hub.asked.clear()
    assert caption("--model", "small", *QUICK) == 0
    assert hub.asked == [] and capfd.readouterr().out == told.out


def test_without_a_network_the_built_in_captioner_is_named_as_what_it_is(
    hub: Hub, caption: Callable[..., int], capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert caption("--model", "small") == 1
    told = capfd.readouterr().err
    assert "HF_HUB_OFFLINE is set" in told and "tells colours and light, no objects" in told
    assert hub.asked == []


def test_a_folder_is_its_own_judge(hub: Hub, caption: Callable[..., int], capfd: pytest.CaptureFixture) -> None:
    assert caption("--model", str(hub.folders[CAPTIONER]), *QUICK) == 0
    assert capfd.readouterr().out.strip() and hub.asked == []


def test_names_of_services_become_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)
    script = _script("caption")
    assert script.service_options("claude:claude-x") == ["--backend", "anthropic", "--model", "claude-x"]
    assert script.service_options("ollama:") == ["--backend", "openai", "--provider", "ollama"]
    assert script.service_of("small") == [] and script.extras_for("small") == ("local",)
    assert script.extras_for("openai:gpt") == ("api",) and script.extras_for("") == ()
    assert script.named_model(["a.jpg", "--model", "x", "--quiet"]) == ("x", ["a.jpg", "--quiet"])
    assert script.named_model(["--backend", "openai", "--model", "x"])[0] == ""
    known = set(providers_of("openai"))
    assert {words[-1] for words in script.SERVICES.values() if "--provider" in words} <= known
