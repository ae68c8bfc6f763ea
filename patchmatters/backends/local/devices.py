"""Devices and number formats, and where weights live outside ComfyUI."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from .loading import WeightOptions

if TYPE_CHECKING:
    from torch import device as Device
    from torch import dtype as Dtype

_BITSANDBYTES = (
    "4-bit and 8-bit weights need the package bitsandbytes and an NVIDIA, AMD or Intel GPU: "
    'run "pip install bitsandbytes accelerate", or choose quantisation "none".'
)


class Residence(Protocol):
    """Where the weights of one model live, and who may take them off the device while they are not in use.

    `device` is where they are while they are lent.
    """

    device: Device

    def lend(self, working_bytes: int) -> Any:
        """A context manager that gives the module on its device, with `working_bytes` free beside it if possible."""
        ...

    def free_bytes(self) -> int:
        """Memory of the device that a batch may use, in bytes; asked while the module is lent."""
        ...


# Makes a Residence from the function that loads a module, the device and the size of the weights in bytes.
ResidenceFactory = Callable[[Callable[[], Any], "Device", int, bool], Residence]


class PlainResidence:
    """Loads on first use, puts the weights on the device, and leaves them there."""

    def __init__(self, load: Callable[[], Any], device: Device, weight_bytes: int, movable: bool) -> None:
        self.device = device
        self._load, self._movable = load, movable
        self._module: Any = None

    @contextmanager
    def lend(self, working_bytes: int) -> Iterator[Any]:
        if self._module is None:
            module = self._load()
            self._module = module.to(self.device) if self._movable else module
        yield self._module

    def free_bytes(self) -> int:
        return free_bytes(self.device)


def choose_device(name: str) -> Device:
    """The torch device of a setting: "auto" is the first GPU there is. ValueError where the wanted one is not there."""
    import torch

    there = {
        "cuda": torch.cuda.is_available(),
        "xpu": hasattr(torch, "xpu") and torch.xpu.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, present in there.items() if present))
    kind = name.partition(":")[0]
    if not there.get(kind, False):
        raise ValueError(f'There is no device {name!r} here: choose "auto" or "cpu".')
    return torch.device(name)


def choose_dtype(precision: str, device: Device) -> Dtype:
    """The number format of a setting. "auto": bf16 where the GPU computes it, else fp16; fp32 on the CPU."""
    import torch

    if precision != "auto":
        return {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[precision]
    if device.type == "cpu":
        return torch.float32
    if device.type == "cuda" and not torch.cuda.is_bf16_supported():
        return torch.float16
    return torch.float16 if device.type == "mps" else torch.bfloat16


def check_weight_options(options: WeightOptions, device: Device) -> None:
    """ValueError, before anything is loaded or downloaded, where options need what is not installed or not there."""
    if options.quantisation != "none":
        installed = all(importlib.util.find_spec(name) for name in ("bitsandbytes", "accelerate"))
        if not installed or device.type not in ("cuda", "xpu"):
            raise ValueError(_BITSANDBYTES)
    if options.attention == "flash":
        if importlib.util.find_spec("flash_attn") is None or device.type != "cuda":
            raise ValueError(
                'Attention "flash" needs the package flash_attn and an NVIDIA or AMD GPU: choose "auto" or "sdpa".'
            )
        if options.precision == "fp32":
            raise ValueError(
                'Attention "flash" computes in half precision only: choose the precision "bf16" or "fp16".'
            )


def free_bytes(device: Device) -> int:
    """Free memory of a device in bytes; what torch holds in reserve counts as free."""
    import torch

    if device.type in ("cuda", "xpu"):
        memory = torch.cuda if device.type == "cuda" else torch.xpu
        reserve = memory.memory_reserved(device) - memory.memory_allocated(device)
        return int(memory.mem_get_info(device)[0] + reserve)
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return _free_main_memory()


def total_bytes(device: Device) -> int | None:
    """Memory of a GPU in bytes, None for main memory (which can swap)."""
    import torch

    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return None


def _free_main_memory() -> int:
    import psutil  # ComfyUI requires it; outside, the extra `local` does

    return int(psutil.virtual_memory().available)
