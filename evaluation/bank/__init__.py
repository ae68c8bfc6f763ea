"""Language as people and models write it: photographs with labelled answers, and captions with planted conflicts."""

from __future__ import annotations

import os
from pathlib import Path


def shared_dir() -> Path:
    """The folder of shared data, which is no part of this repository: PATCHMATTERS_SHARED, or `shared` beside it."""
    return Path(os.environ.get("PATCHMATTERS_SHARED") or Path(__file__).parents[3] / "shared")
