"""Whether what the pack needs is installed, asked when it loads: later an answer would be paid for and then lost."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

_FILE = Path(__file__).resolve().parents[1] / "requirements.txt"
_MODULES = {"pillow": "PIL"}  # where the module is not called like the package
_NAME = re.compile(r"[\w-]+")


def require_installed(lines: Iterable[str] | None = None) -> None:
    """ImportError, with the command that helps, where a package of requirements.txt is missing."""
    read = _FILE.read_text(encoding="utf-8").splitlines() if lines is None else lines
    names = [found[0] for line in read if (found := _NAME.match(line))]
    missing = [name for name in names if find_spec(_MODULES.get(name, name.replace("-", "_"))) is None]
    if missing:
        raise ImportError(
            f'PatchMatters needs {", ".join(missing)}: run "{sys.executable} -m pip install -r {_FILE}" and start '
            "ComfyUI again."
        )
