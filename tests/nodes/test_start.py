"""Loading the pack: what it needs is checked first, and nothing heavy is imported."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PACK = Path(__file__).resolve().parents[2]
HEAVY = ("transformers", "openai", "anthropic", "json_repair", "sentence_transformers", "rapidocr", "onnxruntime")
_CODE = """
import importlib.util, json, sys
sys.path.insert(0, sys.argv[1])
from comfy.cli_args import args
args.cpu = True
import comfy_api.latest, comfy_execution.graph_utils
before = set(sys.modules)
where = sys.argv[2]
spec = importlib.util.spec_from_file_location("the_pack", where + "/__init__.py", submodule_search_locations=[where])
module = importlib.util.module_from_spec(spec)
sys.modules["the_pack"] = module
spec.loader.exec_module(module)
print(json.dumps(sorted({name.split(".")[0] for name in set(sys.modules) - before})))
"""


def test_the_pack_adds_little_to_the_start(comfy: Path) -> None:
    """By what it imports, not by the clock: a busy machine takes its time for anything."""
    done = subprocess.run(
        [sys.executable, "-c", _CODE, str(comfy), str(PACK)],
        capture_output=True, text=True, check=True, cwd=comfy,
    )  # fmt: skip
    fresh = json.loads(done.stdout.splitlines()[-1])
    assert "the_pack" in fresh
    assert set(fresh).isdisjoint(HEAVY)


def test_what_is_not_installed_is_said_when_the_pack_loads(part: Callable[[str], Any]) -> None:
    check = part("nodes.requirements").require_installed
    check()
    check(["numpy", "pillow>=10.1", "# a comment", ""])
    with pytest.raises(ImportError, match=r"needs no-such-thing, other: run .* -m pip install -r .*requirements.txt"):
        check(["numpy", "no-such-thing>=2", "other"])
