"""The real frontend in headless Chromium: needs node, playwright-core and Chromium beside what host tests need."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from host.comfy_server import Host, Server, find_host, prepare_base
from host.workflow_files import save_scenes

WEIGHTS = (  # empty files: what opens must not complain, and nothing here is loaded
    "checkpoints/v1-5-pruned-emaonly-fp16.safetensors",
    "diffusion_models/rt_detr_v4-x-hgnet_fp16.safetensors",
    "diffusion_models/flux1-dev.safetensors",
    "text_encoders/clip_l.safetensors",
    "text_encoders/t5xxl_fp16.safetensors",
    "text_encoders/qwen3.5_4b_bf16.safetensors",
    "vae/ae.safetensors",
)


@dataclass(frozen=True)
class Browser:
    """What drives the frontend: node, the folder of playwright-core, and a Chromium."""

    node: str
    playwright: Path
    chromium: str


@pytest.fixture(scope="session")
def browser() -> Browser:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node")
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("there is no Chromium: set CHROMIUM")
    playwright = find_playwright()
    if playwright is None:
        pytest.skip("there is no playwright-core: set PLAYWRIGHT_CORE to its folder")
    return Browser(node, playwright, chromium)


def find_playwright() -> Path | None:
    """PLAYWRIGHT_CORE, else playwright-core in a node_modules of NODE_PATH or of ~/pw."""
    if os.environ.get("PLAYWRIGHT_CORE"):
        return Path(os.environ["PLAYWRIGHT_CORE"])
    folders = [*filter(None, os.environ.get("NODE_PATH", "").split(os.pathsep)), Path.home() / "pw" / "node_modules"]
    return next((Path(one, "playwright-core") for one in folders if Path(one, "playwright-core").is_dir()), None)


@pytest.fixture(scope="session")
def frontend(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose model folders hold files of the names that the workflows ask for."""
    host = find_host()
    if not isinstance(host, Host):
        pytest.skip(host)
    base = prepare_base(tmp_path_factory.mktemp("frontend"), host)
    for name in WEIGHTS:
        (base / "models" / name).parent.mkdir(parents=True, exist_ok=True)
        (base / "models" / name).touch()
    with Server(host, base) as running:
        save_scenes(running)
        yield running
