"""Allowed tokens go in, masked logits come out: the one renormalisation that sampler and trainer share."""

from __future__ import annotations

from collections.abc import Sequence

import torch


class MaskTable:
    """Sets of allowed tokens, each kept once as a row of a table: a position then holds a row's number, not a set.

    Row 0 allows everything.
    """

    def __init__(self, vocabulary: int, device: torch.device | str = "cpu") -> None:
        """Start with row 0 only.

        Args:
            vocabulary: number of tokens V.
            device: where masks are to be.
        """
        self._vocabulary, self._device = vocabulary, device
        self._row_of: dict[tuple[int, ...], int] = {}
        self._rows = [torch.ones(vocabulary, dtype=torch.bool)]
        self._table: torch.Tensor | None = None

    def row_of(self, allowed: Sequence[int]) -> int:
        """The number of the row that allows exactly these tokens."""
        key = allowed if isinstance(allowed, tuple) else tuple(allowed)
        row = self._row_of.get(key)
        if row is None:
            row = self._row_of[key] = len(self._rows)
            mask = torch.zeros(self._vocabulary, dtype=torch.bool)
            mask[list(key)] = True
            self._rows.append(mask)
            self._table = None
        return row

    def masks(self, rows: torch.Tensor) -> torch.Tensor:
        """True where a token is allowed.

        Args:
            rows: row numbers, int64 (...).

        Returns:
            Bool, (..., V).
        """
        if self._table is None:
            self._table = torch.stack(self._rows).to(self._device)
        return self._table[rows]


def masked_log_softmax(logits: torch.Tensor, mask: torch.Tensor | None, temperature: float = 1.0) -> torch.Tensor:
    """Log-probabilities over the allowed tokens only.

    Args:
        logits: (..., V).
        mask: bool, (..., V), True where allowed; None when everything is.
        temperature: what logits are divided by.

    Returns:
        Float32, (..., V); -inf where a token is not allowed.
    """
    scaled = logits.float() / temperature
    if mask is not None:
        scaled = scaled.masked_fill(~mask, float("-inf"))
    return scaled.log_softmax(dim=-1)
