"""Log-probabilities of completions under the model that is trained: tokens go in, (B, T) comes out.

Prompts are run once a group (`prefix`). Where a grammar was sampled under, probabilities are over the tokens that it
allowed, as in the sampler. Law: without a grammar and without sharing this is what TRL computes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from ..grammar.mask import masked_log_softmax
from .prefix import behind_prompts

_IGNORED = -100


class Scored(NamedTuple):
    """Of each completion token, both (B, T): its natural log-probability, and the entropy where it was drawn."""

    logprobs: torch.Tensor
    entropies: torch.Tensor


def unmasked(model: Any, inputs: dict[str, Any], completion_ids: torch.Tensor, completion_mask: torch.Tensor) -> Scored:
    """Over all tokens, by TRL's fused head, which never holds the logits of all positions at once.

    Args:
        model: with TRL's fused head, which divides by the temperature.
        inputs: from `behind_prompts`.
        completion_ids: (B, T).
        completion_mask: (B, T).
    """
    labels = completion_ids.masked_fill(completion_mask == 0, _IGNORED)
    out = model(**{**inputs, "shift_labels": labels}, fused_lm_head=True)
    return Scored(out.log_probs, out.entropy)


def masked(
    model: Any, inputs: dict[str, Any], completion_ids: torch.Tensor, mask: torch.Tensor, temperature: float
) -> Scored:
    """Over the allowed tokens.

    Args:
        model: a causal language model.
        inputs: from `behind_prompts`.
        completion_ids: (B, T).
        mask: bool, (B, T, V), True where allowed.
        temperature: what logits are divided by.
    """
    logprobs = masked_log_softmax(model(**inputs).logits, mask, temperature)
    entropies = -(logprobs.exp() * logprobs.masked_fill(~mask, 0.0)).sum(-1)
    return Scored(logprobs.gather(-1, completion_ids[..., None])[..., 0], entropies)


def shared_inputs(model: Any, input_ids: torch.Tensor, attention_mask: torch.Tensor, keep: int) -> dict[str, Any]:
    """`behind_prompts` for ids (B, P + T) whose last `keep` are the completions."""
    return behind_prompts(
        model, input_ids[:, :-keep], attention_mask[:, :-keep], input_ids[:, -keep:], attention_mask[:, -keep:]
    )


def plain_inputs(model: Any, input_ids: torch.Tensor, attention_mask: torch.Tensor, keep: int) -> dict[str, Any]:
    """The same without sharing, where a cache cannot be kept (gradient checkpointing)."""
    del model
    return {"input_ids": input_ids[:, :-1], "attention_mask": attention_mask[:, :-1], "logits_to_keep": keep}
