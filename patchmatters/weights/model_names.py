"""From what a person types to a folder: a path, a name below a model folder, or an id on Hugging Face."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from ..models import QUIET, Monitor
from .model_files import find_folders

VARIABLE = "PATCHMATTERS_MODELS"  # folders that hold models, separated as in PATH
_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def model_roots() -> list[Path]:
    """The folders in which models are looked for outside ComfyUI; the first is where downloads go."""
    named = [Path(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    return named or [Path.home() / ".cache" / "patchmatters" / "models"]


def find_model(name: str, roots: Sequence[Path] = (), monitor: Monitor = QUIET) -> Path:
    """The folder of a model. A folder that is found means no network; only an id that is not found is downloaded.

    ValueError for a name that is nothing of these; RuntimeError where a download fails.
    """
    if not name.strip():
        raise ValueError("No model is named: give the folder of a model, or its id on Hugging Face.")
    if Path(name).exists():  # a file is refused by what opens folders, in a sentence
        return Path(name)
    searched = list(roots) or model_roots()
    found = found_by_name(name, searched)
    if found is not None:
        return found
    if _ID.fullmatch(name) is None:
        where = ", ".join(map(str, searched))
        raise ValueError(f"There is no model {name!r}: it is no folder, and not among the models in {where}.")
    from .download import download_model

    return download_model(name, searched[0], monitor)


def found_by_name(name: str, roots: Sequence[Path]) -> Path | None:
    """The folder of that name below a root. An id is also found by its last part, as people copy single folders."""
    folders = find_folders(roots)
    return folders.get(name) or folders.get(name.rpartition("/")[2])
