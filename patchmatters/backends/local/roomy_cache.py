"""A cache that grows in place: transformers' own copies every layer at every token, which costs more than the token."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

_ROOM = 128  # tokens allocated ahead: one copy of the cache for as many steps


def make_room(past: Any) -> None:
    """Let the plain layers of a cache (transformers' Cache) grow in place from now on; others stay as they are."""
    from transformers.cache_utils import DynamicLayer

    layers = getattr(past, "layers", None) or []
    for number, layer in enumerate(layers):
        if type(layer) is DynamicLayer and layer.keys is not None and layer.keys.ndim == 4:
            layers[number] = _roomy_class()(layer)


class Growing:
    """What a layer of a cache has whose keys and values (rows, heads, length, width) are views of larger buffers.

    Whoever replaces `keys` and `values` (reordering rows does) need not know: the buffers are then made anew.
    """

    keys: Tensor
    values: Tensor
    _room_keys: Tensor
    _room_values: Tensor
    _view: Tensor | None = None

    def grow(self, key_states: Tensor, value_states: Tensor) -> None:
        """Put new tokens behind those that are there."""
        start = self.keys.shape[-2]
        end = start + key_states.shape[-2]
        if self.keys is not self._view or end > self._room_keys.shape[-2]:
            self._room_keys, self._room_values = with_room(self.keys, end), with_room(self.values, end)
        self._room_keys[:, :, start:end] = key_states
        self._room_values[:, :, start:end] = value_states
        self.keys = self._view = self._room_keys[:, :, :end]
        self.values = self._room_values[:, :, :end]


@cache
def _roomy_class() -> type:
    from transformers.cache_utils import DynamicLayer

    class RoomyLayer(Growing, DynamicLayer):
        """A plain layer that grows in place."""

        def __init__(self, layer: DynamicLayer) -> None:
            self.__dict__.update(layer.__dict__)

        def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
            self.grow(key_states, value_states)
            return self.keys, self.values

    return RoomyLayer


def with_room(states: Tensor, length: int) -> Tensor:
    """A copy of (rows, heads, n, width) with place for `length` tokens and some more."""
    rows, heads, present, width = states.shape
    found = states.new_empty((rows, heads, length + _ROOM, width))
    found[:, :, :present] = states
    return found
