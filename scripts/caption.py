"""Captions photographs, or the example picture, in an environment of its own: `python scripts/caption.py [PHOTO ...]`.

Everything that `python -m patchmatters caption` takes may follow; the first run installs what it needs.
"""

from __future__ import annotations

import os
import subprocess
import sys

from environment import ROOT, environment, requirements, say

EXAMPLE = ["pictures/harbour.jpg", "--detections", "pictures/harbour.json"]


def main() -> int:
    python = environment(".venv", requirements(), "captions")
    arguments = sys.argv[1:]
    if not arguments:
        arguments = [str(ROOT / word) if "/" in word else word for word in EXAMPLE]
        say(f"No photo given, so the example is captioned: {EXAMPLE[0]}")
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    command = [str(python), "-m", "patchmatters", "caption", *arguments]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
