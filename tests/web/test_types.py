"""The extension's types, written as JSDoc, hold against those that the frontend publishes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FRONTEND = Path("@comfyorg", "comfyui-frontend-types")


def test_the_types_of_the_extension_hold(node: str) -> None:
    modules = HERE / "node_modules"
    if not (modules / FRONTEND).is_dir():
        pytest.skip("the frontend's types are not installed: scripts/test.py does that where there is npm")
    tsc = [node, str(modules / "typescript" / "bin" / "tsc"), "-p", str(HERE / "tsconfig.json"), "--pretty", "false"]
    done = subprocess.run(tsc, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, "")
