"""Prompts kept once for all rows that continue them: k candidates of a patch, or questions with one instruction.

A plain cache repeats a prompt's keys and values for every row, and reads them again for every row at every token: for
prompts of thousands of image tokens that is most of the memory and of the time of decoding. Here a prompt's keys and
values stay as they were read, each row keeps only what came after, and one softmax runs over both. The arithmetic is
that of ordinary attention, in another order of summation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from .roomy_cache import Growing

if TYPE_CHECKING:
    from torch import Tensor

_NAME = "patchmatters_shared_prompts"  # under which transformers finds the attention function
_SCORES = 2**26  # values of one layer's attention scores; above, rows are attended one by one
# Decoders whose attention hands the cache's own tensors to the attention function; each is covered by a test.
_KNOWN = frozenset(
    {"llama", "mistral", "qwen2", "qwen3", "qwen2_vl_text", "qwen2_5_vl_text", "qwen3_vl_text", "gemma", "opt"}
)


def share_prompts(past: Any, config: Any) -> bool:
    """Let a freshly read cache (transformers' Cache) keep its prompts once; False where this decoder cannot.

    `config` is the model's. From then on its forward passes must run inside `attending`.
    """
    from transformers.cache_utils import DynamicLayer

    layers = getattr(past, "layers", None)
    text = config.get_text_config(decoder=True)
    if not layers or text.model_type not in _KNOWN or text._attn_implementation != "sdpa":
        return False
    if any(type(layer) is not DynamicLayer for layer in layers):
        return is_shared(past)
    past.layers = [_layer_class()(layer) for layer in layers]
    return True


def is_shared(past: Any) -> bool:
    """Whether `share_prompts` was done with this cache."""
    return all(type(layer).__name__ == "SharedLayer" for layer in getattr(past, "layers", None) or [None])


@contextmanager
def attending(past: Any, config: Any) -> Iterator[None]:
    """Forward passes with this cache run here: the decoder attends to shared prompts, all else is as before."""
    if not is_shared(past):
        yield
        return
    text = config.get_text_config(decoder=True)
    before = text._attn_implementation_internal
    text._attn_implementation_internal = _registered()
    try:
        yield
    finally:
        text._attn_implementation_internal = before
    if any(layer.unseen for layer in past.layers):
        raise RuntimeError(
            f"This version of transformers attends to {text.model_type} in a way that is not known here: choose the "
            'attention "eager", and report the version.'
        )


@cache
def _registered() -> str:
    """Add the attention function, and the mask that it wants, to those that transformers knows."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    AttentionInterface.register(_NAME, _attention)
    AttentionMaskInterface.register(_NAME, sdpa_mask)
    return _NAME


@cache
def _layer_class() -> type:
    import torch
    from transformers.cache_utils import DynamicLayer

    class SharedLayer(Growing, DynamicLayer):
        """`prompt_keys` and `prompt_values` (prompts, heads, length, width), and each row's own after them.

        `rows` (rows,) says whose prompt each row continues. `update` gives the rows' own keys and values, which carry
        this layer as `shared_layer`, so that the attention function finds the prompts; `unseen` until it has.
        """

        def __init__(self, layer: DynamicLayer) -> None:
            super().__init__()
            # Read off the tensors: which of these the layer itself names differs between versions of transformers.
            self.dtype, self.device, self.is_initialized = layer.keys.dtype, layer.keys.device, True
            self.prompt_keys, self.prompt_values = layer.keys, layer.values
            self.rows = torch.arange(len(layer.keys), device=layer.keys.device)
            self.keys, self.values = layer.keys[:, :, :0], layer.values[:, :, :0]
            self.unseen = False

        def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
            self.grow(key_states, value_states)
            carrier: Any = self.keys
            carrier.shared_layer = self
            self.unseen = True
            return self.keys, self.values

        def get_seq_length(self, *args: Any) -> int:
            return int(self.prompt_keys.shape[-2] + self.keys.shape[-2])

        def get_mask_sizes(self, query: Any, *args: Any) -> tuple[int, int]:
            """(length, offset); transformers 4 gives the positions of the new tokens, 5 their number."""
            return self.get_seq_length() + (query if isinstance(query, int) else query.shape[0]), 0

        def reorder_cache(self, beam_idx: Tensor) -> None:
            """Keep these rows in this order; an index may occur more than once. The prompts stay where they are."""
            index = beam_idx.to(self.rows.device)
            self.rows = self.rows[index]
            self.keys, self.values = self.keys[index], self.values[index]

    return SharedLayer


def _attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any
) -> tuple[Tensor, None]:
    """Attention as transformers' interface wants it: query (rows, heads, n, width) -> (rows, n, heads, width)."""
    from transformers.integrations import sdpa_attention

    attend: Callable[..., tuple[Tensor, None]] = sdpa_attention.sdpa_attention_forward
    layer = getattr(key, "shared_layer", None)
    if layer is None:
        return attend(module, query, key, value, attention_mask, **options)
    layer.unseen = False
    width = query.shape[1] * query.shape[2] * layer.get_seq_length()
    if len(query) * width > _SCORES:
        keys, values = _whole(layer.prompt_keys, key, layer.rows), _whole(layer.prompt_values, value, layer.rows)
        return attend(module, query, keys, values, attention_mask, **options)
    scaling = options.get("scaling")
    scaled = query * (query.shape[-1] ** -0.5 if scaling is None else scaling)
    return _attend(scaled, layer, key, value, attention_mask).transpose(1, 2).contiguous(), None


def _whole(prompts: Tensor, own: Tensor, rows: Tensor) -> Tensor:
    """(rows, heads, length, width): prompts repeated for their rows, and what came after."""
    import torch

    return torch.cat([prompts[rows], own], 2)


def _attend(query: Tensor, layer: Any, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """(rows, heads, n, width) for a scaled query, over prompts and rows' own tokens together."""
    import torch

    rows, heads, count, width = query.shape
    groups = heads // key.shape[1]
    folded = query.reshape(rows, key.shape[1], groups * count, width)
    prompts, length = layer.prompt_keys.shape[0], layer.prompt_keys.shape[2]
    places, slots = _places(layer.rows, prompts)
    shared = _scatter(folded, places, slots, prompts) @ layer.prompt_keys.transpose(2, 3)
    scores = torch.cat([_gather(shared, places, slots, groups * count), folded @ key.transpose(2, 3)], -1)
    scores = scores.view(rows, heads, count, -1)
    if mask is not None:
        hidden = ~mask if mask.dtype == torch.bool else mask < 0
        scores = scores.masked_fill(hidden[..., : scores.shape[-1]], torch.finfo(scores.dtype).min)
    chances = scores.softmax(-1, dtype=torch.float32).to(query.dtype).view(rows, key.shape[1], groups * count, -1)
    given = _scatter(chances[..., :length], places, slots, prompts) @ layer.prompt_values
    found = _gather(given, places, slots, groups * count) + chances[..., length:] @ value
    return found.view(rows, heads, count, width)


def _places(rows: Tensor, prompts: int) -> tuple[Tensor, int]:
    """(2, rows): the prompt of each row and its number among that prompt's rows; and the most rows that one has."""
    import torch

    same = rows[:, None] == rows[None, :]
    places = (same & torch.ones_like(same).tril(-1)).sum(1)
    return torch.stack([rows, places]), int(torch.bincount(rows, minlength=prompts).max())


def _scatter(folded: Tensor, places: Tensor, slots: int, prompts: int) -> Tensor:
    """(rows, heads, n, width) -> (prompts, heads, slots * n, width): the rows of a prompt side by side."""
    _, heads, count, width = folded.shape
    found = folded.new_zeros((prompts, slots, heads, count, width))
    found[places[0], places[1]] = folded
    return found.transpose(1, 2).reshape(prompts, heads, slots * count, width)


def _gather(found: Tensor, places: Tensor, slots: int, count: int) -> Tensor:
    """The way back: (prompts, heads, slots * n, width) -> (rows, heads, n, width)."""
    prompts, heads, _, width = found.shape
    return found.view(prompts, heads, slots, count, width).transpose(1, 2)[places[0], places[1]]
