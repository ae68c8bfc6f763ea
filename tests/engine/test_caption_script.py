"""The first picture: `scripts/caption.py --model small` against a hub on 127.0.0.1 that serves tiny real models."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

pytest.importorskip("torch", reason="local models need torch")
pytest.importorskip("transformers", reason="local models need transformers")

import torch

from engine import tiny_models
from engine.model_hub import Hub, serving
from patchmatters.backends.api.providers import providers_of
from patchmatters.backends.local.kinds import SMALL_CAPTIONER, SMALL_SCORER

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
CAPTIONER, SCORER = SMALL_CAPTIONER, SMALL_SCORER


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    torch.manual_seed(0)
    with serving({CAPTIONER: tiny_models.llava(tmp_path / "a"), SCORER: tiny_models.siglip(tmp_path / "b")}) as state:
        monkeypatch.setenv("HF_ENDPOINT", state.address)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        monkeypatch.setenv("PATCHMATTERS_MODELS", str(tmp_path / "models"))
        yield state


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
