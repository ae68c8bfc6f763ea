"""Tests local models with the oldest and the newest transformers: `python scripts/test_transformers.py [PYTEST ARGS]`.

Each version has an environment of its own, with torchvision, which some processors need and ComfyUI brings, and timm,
which some towers and backbones come from.
"""

from __future__ import annotations

import subprocess
import sys

from environment import ROOT, environment, requirements, say

VERSIONS = {"oldest": "transformers==4.57.*", "newest": "transformers>=5"}
TESTS = ("families", "chat", "scorers", "generation", "detectors", "code", "folders")


def main() -> int:
    failed = 0
    for name, version in VERSIONS.items():
        needed = [*requirements("test", "local"), "torchvision", "timm", version]
        python = environment(f".venv-test-transformers-{name}", needed, f"tests with {version}")
        say(f"Testing local models with {version}")
        files = [f"tests/engine/test_local_{part}.py" for part in TESTS]
        failed |= subprocess.run([str(python), "-m", "pytest", *files, *sys.argv[1:]], cwd=ROOT, check=False).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
