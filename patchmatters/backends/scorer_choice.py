"""Which scorer a model folder is for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..models import QUIET, Monitor
from ..weights.model_files import inspect_folder
from ..weights.model_names import find_model, found_by_name
from . import scorers_by_architecture
from .local.dialogue import follows_instructions
from .local.families import FAMILIES, Way, verdict


def scorer_for_path(path: str | Path, roots: Sequence[Path] = (), monitor: Monitor = QUIET) -> str:
    """The name, in the table of scorers, of the scorer that a model folder is for; a captioner is its own judge.

    Reads the folder's configuration only; a name below `roots` or an id is found, and downloaded, as for captioners.
    ValueError for a folder that holds no complete model, or one that cannot score.
    """
    files = inspect_folder(find_model(str(path), roots, monitor))
    scorers = scorers_by_architecture()
    for name in files.architectures:
        if name in scorers:
            return scorers[name]
    sees = files.model_type in FAMILIES and verdict(files.model_type).way is not Way.REFUSED
    if sees and follows_instructions(files):
        return "judge"
    raise ValueError(
        f"{files.folder} is a {', '.join(files.architectures) or 'model without a name'} and cannot score: choose a "
        f"{', '.join(scorers)}, or a vision-language model as judge."
    )


def judges_itself(path: str | Path, roots: Sequence[Path] = ()) -> bool:
    """Whether a captioner can be asked what is true. One that is not on this machine yet is taken for one that can."""
    folder = found_by_name(str(path), roots)
    return folder is None or follows_instructions(inspect_folder(folder))
