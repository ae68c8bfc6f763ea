"""Importing the engine does nothing and costs nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "transformers", "comfy", "comfy_api", "numpy", "openai", "anthropic", "json_repair")


def test_the_engine_imports_nothing_heavy() -> None:
    code = (
        "import sys, patchmatters.pipeline, patchmatters.commands.cli; "
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"
