"""Local weights under ComfyUI's model management: loaded as a whole, evicted as a whole, given back when wanted.

A model of transformers cannot be loaded by halves as ComfyUI's own can (its layers do not fetch their weights
themselves), so it goes to the device completely or not at all, and leaves it completely.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import device as Device

    from ..patchmatters.backends.local.devices import ResidenceFactory

log = logging.getLogger(__name__)

MODELS_FOLDER = "LLM"


def model_roots() -> list[Path]:
    """models/LLM, where people keep language models, and every folder registered under that name."""
    import folder_paths

    standard = Path(folder_paths.models_dir) / MODELS_FOLDER
    known = folder_paths.folder_names_and_paths.get(MODELS_FOLDER)
    return list(dict.fromkeys([standard, *map(Path, known[0] if known else [])]))


def compute_device(on_cpu: bool = False) -> str:
    """The device that ComfyUI computes on, by the name that torch has for it."""
    import comfy.model_management as management

    return "cpu" if on_cpu else str(management.get_torch_device())


def comfy_residence(keep_loaded: bool) -> ResidenceFactory:
    """Residences under ComfyUI's model management."""

    def make(load: Callable[[], Any], device: Device, weight_bytes: int, movable: bool) -> ComfyResidence:
        return ComfyResidence(load, device, weight_bytes, movable, keep_loaded)

    return make


class ComfyResidence:
    """The home of one model. Loaded on first use; on the device while it is lent, and after it if `keep_loaded`.

    Without `keep_loaded` it leaves the device when the last `borrowed` block around its use ends, so that all patches
    of a node are done with one loading. Quantised weights cannot be moved: they are loaded where they stay, and
    dropped to be given back.
    """

    def __init__(
        self, load: Callable[[], Any], device: Device, weight_bytes: int, movable: bool, keep_loaded: bool
    ) -> None:
        self.device = device
        self._load, self._bytes, self._movable, self._keep = load, weight_bytes, movable, keep_loaded
        self._patcher: Any = None
        self._fixed: Any = None
        self._borrowers = 0

    def __repr__(self) -> str:
        return f"ComfyResidence({self.device}, {'loaded' if self._patcher or self._fixed else 'not loaded'})"

    @contextmanager
    def lend(self, working_bytes: int) -> Iterator[Any]:
        with self.borrow():
            yield self._movable_module(working_bytes) if self._movable else self._fixed_module(working_bytes)

    @contextmanager
    def borrow(self) -> Iterator[None]:
        """Stay on the device until this block and all others have ended, whatever `keep_loaded` says."""
        self._borrowers += 1
        try:
            yield
        finally:
            self._borrowers -= 1
            if self._borrowers == 0 and not self._keep:
                self.unload()

    def _movable_module(self, working_bytes: int) -> Any:
        import comfy.model_management as management

        if self._patcher is None:
            holder = _holder_class()(self._load(), management.text_encoder_offload_device())
            self._patcher = _patcher_class()(holder, self.device, management.text_encoder_offload_device())
        # Every time: another model may have taken its place. Never by halves: see the module's docstring.
        management.load_models_gpu([self._patcher], memory_required=working_bytes, force_full_load=True)
        return self._patcher.model.module

    def _fixed_module(self, working_bytes: int) -> Any:
        import comfy.model_management as management

        if self._fixed is None:
            management.free_memory(self._bytes + working_bytes, self.device)
            self._fixed = self._load()
        return self._fixed

    def free_bytes(self) -> int:
        import comfy.model_management as management

        return int(management.get_free_memory(self.device))

    def unload(self) -> None:
        """Leave the device. Weights that can be moved stay in main memory, the others are dropped."""
        import comfy.model_management as management

        if self._patcher is not None:
            management.unload_model_and_clones(self._patcher)
        self._fixed = None
        management.soft_empty_cache()


@contextmanager
def borrowed(*models: object) -> Iterator[None]:
    """Keep the weights of chat models and scorers on the device for the time of a node, not of a patch.

    Models without weights (None, an API, the built-in ones) need nothing.
    """
    with ExitStack() as stack:
        for model in models:
            residence = getattr(model, "residence", None)
            if isinstance(residence, ComfyResidence):
                stack.enter_context(residence.borrow())
        yield


@cache
def _holder_class() -> type:
    """A module around a model, with the attributes that ComfyUI writes to; a model of transformers refuses them."""
    import torch

    class LocalWeights(torch.nn.Module):
        def __init__(self, module: Any, device: Device) -> None:
            super().__init__()
            self.module, self.device = module, device

        def get_dtype(self) -> Any:
            return self.module.dtype

    return LocalWeights


@cache
def _patcher_class() -> type:
    import comfy.model_patcher

    class WholePatcher(comfy.model_patcher.ModelPatcher):
        def partially_unload(
            self, device_to: Device, memory_to_free: int = 0, force_patch_weights: bool = False
        ) -> int:
            """Nothing is freed by halves, whereupon the whole model is unloaded."""
            return 0

    return WholePatcher
