"""Logits of completions whose prompts repeat: each distinct prompt is run once, and its key-value cache is shared.

A group of G completions of length T behind one prompt of length P costs P + G T token positions instead of G (P + T).
Law: logits and gradients are those of the plain forward pass over prompt and completion, but for rounding.

The gain needs the cache, so gradient checkpointing must be off; for long completions it shrinks.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import DynamicCache


def distinct_rows(ids: torch.Tensor, mask: torch.Tensor) -> tuple[list[int], torch.Tensor]:
    """The first row of each run of equal rows, and for every row the number of its run.

    Args:
        ids: token ids, (B, P), left-padded.
        mask: 1 where a token is real, (B, P).

    Returns:
        Row numbers, (U,), and run numbers, int64 (B,).
    """
    fresh = torch.ones(ids.size(0), dtype=torch.bool, device=ids.device)
    fresh[1:] = ((ids[1:] != ids[:-1]) | (mask[1:] != mask[:-1])).any(dim=1)
    return torch.nonzero(fresh).flatten().tolist(), fresh.long().cumsum(0) - 1


def run_prompts(model: Any, prompt_ids: torch.Tensor, prompt_mask: torch.Tensor) -> tuple[torch.Tensor, DynamicCache]:
    """Logits behind the last token of each prompt, and the cache to go on from, both repeated for equal prompts.

    Args:
        model: a causal language model of transformers.
        prompt_ids: (B, P), left-padded, equal prompts next to each other.
        prompt_mask: (B, P).

    Returns:
        Logits (B, V), and a cache of batch size B.
    """
    rows, run_of = distinct_rows(prompt_ids, prompt_mask)
    out = model(
        input_ids=prompt_ids[rows],
        attention_mask=prompt_mask[rows],
        past_key_values=DynamicCache(config=model.config.get_text_config()),
        use_cache=True,
        logits_to_keep=1,
    )
    out.past_key_values.batch_select_indices(run_of)
    return out.logits[run_of, -1], out.past_key_values


def completion_logits(
    model: Any,
    prompt_ids: torch.Tensor,
    prompt_mask: torch.Tensor,
    completion_ids: torch.Tensor,
    completion_mask: torch.Tensor,
) -> torch.Tensor:
    """The logits that each completion token was drawn from.

    Args:
        model: a causal language model of transformers.
        prompt_ids: (B, P), left-padded, equal prompts next to each other.
        prompt_mask: (B, P).
        completion_ids: (B, T), right-padded.
        completion_mask: (B, T).

    Returns:
        Logits, (B, T, V); position t is what predicted token t.
    """
    first, cache = run_prompts(model, prompt_ids, prompt_mask)
    if completion_ids.size(1) == 1:
        return first[:, None]
    rest = model(
        input_ids=completion_ids[:, :-1],
        attention_mask=torch.cat([prompt_mask, completion_mask[:, :-1]], dim=1),
        past_key_values=cache,
        use_cache=True,
    ).logits
    return torch.cat([first[:, None], rest], dim=1)
