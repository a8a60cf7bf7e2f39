"""Allowed tokens go in, masked logits come out: the one renormalisation that sampler and trainer share."""

from __future__ import annotations

from collections.abc import Sequence

import torch


def mask_of(allowed: Sequence[Sequence[int]], vocabulary: int, device: torch.device | str = "cpu") -> torch.Tensor:
    """True where a token is allowed.

    Args:
        allowed: token ids for each of N positions.
        vocabulary: number of tokens V.
        device: where the mask is to be.

    Returns:
        Bool, (N, V).
    """
    mask = torch.zeros((len(allowed), vocabulary), dtype=torch.bool)
    rows = [row for row, tokens in enumerate(allowed) for _ in tokens]
    columns = [token for tokens in allowed for token in tokens]
    mask[rows, columns] = True
    return mask.to(device)


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
