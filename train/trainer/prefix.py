"""Logits of completions whose prompts repeat: each distinct prompt is run once, and its key-value cache is shared.

A group of G completions of length T behind one prompt of length P costs P + G T token positions instead of G (P + T).
The last token of a prompt is run with each completion, since its logits are the completion's first. Law: logits and
gradients are those of the plain forward pass over prompt and completion, but for rounding.

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
        model: a causal language model of transformers, wrapped for several processes or not.
        prompt_ids: (B, P), left-padded, equal prompts next to each other.
        prompt_mask: (B, P).

    Returns:
        Logits (B, V), and a cache of batch size B.
    """
    rows, run_of = distinct_rows(prompt_ids, prompt_mask)
    out = model(
        input_ids=prompt_ids[rows],
        attention_mask=prompt_mask[rows],
        past_key_values=DynamicCache(config=getattr(model, "module", model).config.get_text_config()),
        use_cache=True,
        logits_to_keep=1,
    )
    out.past_key_values.batch_select_indices(run_of)
    return out.logits[run_of, -1], out.past_key_values


def behind_prompts(
    model: Any,
    prompt_ids: torch.Tensor,
    prompt_mask: torch.Tensor,
    completion_ids: torch.Tensor,
    completion_mask: torch.Tensor,
) -> dict[str, Any]:
    """What to call the model with so that its logits (B, T, V) are those the completions were drawn from.

    Args:
        model: as for `run_prompts`; it is run over the distinct prompts here.
        prompt_ids: (B, P), left-padded, equal prompts next to each other.
        prompt_mask: (B, P).
        completion_ids: (B, T), right-padded.
        completion_mask: (B, T).
    """
    inputs: dict[str, Any] = {
        "input_ids": torch.cat([prompt_ids[:, -1:], completion_ids[:, :-1]], dim=1),
        "attention_mask": torch.cat([prompt_mask, completion_mask[:, :-1]], dim=1),
    }
    if prompt_ids.size(1) > 1:
        _, inputs["past_key_values"] = run_prompts(model, prompt_ids[:, :-1], prompt_mask[:, :-1])
        inputs["use_cache"] = True
    return inputs


def completion_logits(
    model: Any,
    prompt_ids: torch.Tensor,
    prompt_mask: torch.Tensor,
    completion_ids: torch.Tensor,
    completion_mask: torch.Tensor,
) -> torch.Tensor:
    """The logits that each completion token was drawn from; arguments as for `behind_prompts`.

    Returns:
        Logits, (B, T, V); position t is what predicted token t.
    """
    inputs = behind_prompts(model, prompt_ids, prompt_mask, completion_ids, completion_mask)
    logits: torch.Tensor = model(**inputs).logits
    return logits
