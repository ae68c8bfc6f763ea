"""The extension's types, written as JSDoc, hold against those that the frontend publishes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FRONTEND = Path("@comfyorg", "comfyui-frontend-types")


def test_the_types_of_the_extension_hold(node: str) -> None:
    modules = HERE / "node_modules"
    if not (modules / FRONTEND).is_dir() and not _install(modules):
        pytest.skip("typescript and the frontend's types are not installed: run npm install in tests/web")
    tsc = [node, str(modules / "typescript" / "bin" / "tsc"), "-p", str(HERE / "tsconfig.json"), "--pretty", "false"]
    done = subprocess.run(tsc, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def _install(modules: Path) -> bool:
    """Install what package.json names, where CI wants every check to run."""
    npm = shutil.which("npm")
    if npm is None or not os.environ.get("CI"):
        return False
    command = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=HERE, check=True, timeout=300)
    return (modules / FRONTEND).is_dir()
