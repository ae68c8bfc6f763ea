"""What a model and a batch need of memory: estimates on the safe side, in bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...weights.model_files import ModelFiles
from .devices import free_bytes, total_bytes
from .loading import WeightOptions

if TYPE_CHECKING:
    from torch import device as Device
    from torch import dtype as Dtype

_BITS = {"8-bit": 8, "4-bit": 4}
_CACHE_SLACK = 1.25  # growing a cache copies a layer of it
_USABLE = 0.85  # of free memory: fragments, and what the estimate forgot
_MOST_ROWS = {"cpu": 16}  # more rows gain nothing there: arithmetic, not memory traffic, is the limit
_MOST_ROWS_GPU = 64


def weight_bytes(files: ModelFiles, options: WeightOptions, dtype: Dtype) -> int:
    """What the weights take on the device."""
    bits = _BITS.get(options.quantisation, dtype.itemsize * 8)
    return files.parameters * bits // 8


def check_fits(files: ModelFiles, needed: int, device: Device) -> None:
    """ValueError where a device could not hold the weights even if it were empty."""
    total = total_bytes(device)
    if total is not None and needed > total:
        raise ValueError(
            f"{files.name} takes {gigabytes(needed)} and {device} has {gigabytes(total)}: choose a smaller model, "
            'the precision "bf16", or 4-bit weights.'
        )


def require_free(files: ModelFiles, needed: int, device: Device) -> None:
    """RuntimeError, before loading, where the weights do not fit into what is free."""
    free = free_bytes(device)
    if needed > free:
        raise RuntimeError(
            f"{files.name} takes {gigabytes(needed)} and {gigabytes(free)} are free on {device}: close other programs, "
            "choose a smaller model, or 4-bit weights."
        )


def row_bytes(config: Any, itemsize: int, prompt_tokens: int, new_tokens: int) -> int:
    """What one row takes at its end: its cache, and the activations of the layer in which its prompt is read."""
    text = config.get_text_config()
    heads = _size(text, "num_attention_heads", 32)
    hidden = _size(text, "hidden_size", 4096)
    kept = _size(text, "num_key_value_heads", heads) * _size(text, "head_dim", hidden // heads)
    cache = 2 * _size(text, "num_hidden_layers", 32) * kept * itemsize * (prompt_tokens + new_tokens)
    reading = prompt_tokens * itemsize * (6 * hidden + 3 * _size(text, "intermediate_size", 4 * hidden))
    drawing = 32 * _size(text, "vocab_size", 128_000)  # logits and probabilities in float64, and their order
    return int(cache * _CACHE_SLACK) + reading + drawing


def _size(text: Any, name: str, otherwise: int) -> int:
    """A size of a language model; the largest where each layer has one of its own, as in Gemma 3n."""
    value = getattr(text, name, None)
    return max(value, default=0) or otherwise if isinstance(value, (list, tuple)) else value or otherwise


def rows_that_fit(bytes_per_row: int, free: int, device: Device) -> int:
    """How many rows to decode together, at least one."""
    return max(1, min(most_rows(device), int(free * _USABLE) // max(1, bytes_per_row)))


def statements_that_fit(bytes_per_row: int, free: int) -> int:
    """How many short readings after one picture go together: more on the CPU than rows that are decoded, since each
    batch reads the picture again."""
    return max(1, min(_MOST_ROWS_GPU, int(free * _USABLE) // max(1, bytes_per_row)))


def most_rows(device: Device) -> int:
    """Beyond this number of rows a batch gets no faster."""
    return _MOST_ROWS.get(device.type, _MOST_ROWS_GPU)


def gigabytes(count: int) -> str:
    return f"{count / 2**30:.1f} GB"
