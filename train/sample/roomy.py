"""A key-value cache with room for what is still to be drawn: a cache goes in, the same with memory set aside comes out.

The usual cache is copied for every token that is drawn, which is most of the time of drawing on a CPU.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

_Layer: Any = DynamicLayer


class RoomyLayer(_Layer):  # type: ignore[misc] # transformers' own code is only half typed
    """A layer whose tensors are views into larger ones."""

    def __init__(self, layer: Any, room: int) -> None:
        """Copy a layer's tensors (B, H, S, D), with room for so many more tokens."""
        super().__init__()
        self.lazy_initialization(layer.keys, layer.values)
        length = layer.keys.size(-2)
        self._all_keys, self._all_values = _with_room(layer.keys, room), _with_room(layer.values, room)
        self.keys, self.values = self._all_keys[:, :, :length], self._all_values[:, :, :length]

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add the states of further tokens, (B, H, 1, D); all of them come out."""
        start = self.get_seq_length()
        end = start + key_states.size(-2)
        self._all_keys[:, :, start:end] = key_states
        self._all_values[:, :, start:end] = value_states
        self.keys, self.values = self._all_keys[:, :, :end], self._all_values[:, :, :end]
        return self.keys, self.values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep these rows only."""
        length = self.get_seq_length()
        self._all_keys, self._all_values = self._all_keys[indices], self._all_values[indices]
        self.keys, self.values = self._all_keys[:, :, :length], self._all_values[:, :, :length]


def with_room(cache: DynamicCache, room: int) -> DynamicCache:
    """The cache, changed in place; layers of other kinds (sliding windows) stay as they are."""
    cache.layers = [RoomyLayer(layer, room) if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache


def _with_room(states: torch.Tensor, room: int) -> torch.Tensor:
    batch, heads, length, width = states.shape
    roomy = states.new_empty(batch, heads, length + room, width)
    roomy[:, :, :length] = states
    return roomy
