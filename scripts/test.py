"""Runs all tests in an environment of its own: `python scripts/test.py [PYTEST ARGUMENTS]`.

The engine's tests need nothing but Python. The tests of the nodes, of the real host and of the browser also run where
a ComfyUI is found (COMFYUI_PATH, or ~/ComfyUI), with that ComfyUI's Python.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from environment import ROOT, environment, requirements, run, say

HOST_TOOLS = ["pytest>=8", "hypothesis>=6.100", "aiohttp>=3.11.8", "json-repair>=0.50"]
HOST_TESTS = ["tests/nodes", "tests/host", "tests/browser"]


def main() -> int:
    python = environment(".venv-test", requirements("test"), "tests")
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
    """The tests that need ComfyUI, run by its Python; the test tools lie in a folder of their own, not in ComfyUI's."""
    tools = ROOT / ".venv-host-tools"
    if not tools.exists():
        say("Installing the test tools for ComfyUI's Python")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", tools]
        run([*pip, *HOST_TOOLS], "pip could not install the test tools: check the connection to your package index.")
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH", ""), str(tools)]))
    extra = {"PYTHONPATH": path, "COMFYUI_PATH": str(folder), "COMFYUI_PYTHON": python}
    return call([python, "-m", "pytest", *HOST_TESTS], extra)


def call(command: list[object], extra: dict[str, str] | None = None) -> int:
    env = {**os.environ, **(extra or {})}
    return int(bool(subprocess.run([str(part) for part in command], cwd=ROOT, env=env, check=False).returncode))


if __name__ == "__main__":
    sys.exit(main())
