"""Log-probabilities of completions under the model that is trained: tokens go in, (B, T) comes out.

Prompts are run once a group (`prefix`). Where a grammar was sampled under, probabilities are over the tokens that it
allowed, as in the sampler. Law: without a grammar and without sharing this is what TRL computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch

from ..grammar.mask import masked_log_softmax
from .prefix import behind_prompts

_IGNORED = -100
_MOST_LESS = 1.0
"""In units of what a choice at random loses."""
_UNLIKELY = 1e-3


class Scored(NamedTuple):
    """Of each completion token, both (B, T): its natural log-probability, and the entropy where it was drawn.

    `worth` is what the choices of all plans are expected to be worth, a sum; None without choices.
    """

    logprobs: torch.Tensor
    entropies: torch.Tensor
    worth: torch.Tensor | None = None


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
    model: Any,
    inputs: dict[str, Any],
    completion_ids: torch.Tensor,
    mask: torch.Tensor,
    temperature: float,
    choices: Mapping[str, torch.Tensor] | None = None,
) -> Scored:
    """Over the allowed tokens.

    Args:
        model: a causal language model.
        inputs: from `behind_prompts`.
        completion_ids: (B, T).
        mask: bool, (B, T, V), True where allowed.
        temperature: what logits are divided by.
        choices: as `batch_of` makes them.
    """
    logprobs = masked_log_softmax(model(**inputs).logits, mask, temperature)
    entropies = -(logprobs.exp() * logprobs.masked_fill(~mask, 0.0)).sum(-1)
    worth = expected_worth(logprobs, **choices) if choices else None
    return Scored(logprobs.gather(-1, completion_ids[..., None])[..., 0], entropies, worth)


def expected_worth(
    logprobs: torch.Tensor,
    choice_at: torch.Tensor,
    choice_tokens: torch.Tensor,
    choice_worth: torch.Tensor,
    choice_likelihood: torch.Tensor,
    choice_heat: torch.Tensor,
) -> torch.Tensor:
    """The sum over all choices of what they are expected to be worth, by how likely each token is there, and entropy.

    What is added for likelihoods is log-probabilities, each times how much more its token is worth than what is
    expected. That is bounded below, and nothing where a worse token is unlikely already.

    Args:
        logprobs: (B, T, V), -inf where a token is not allowed.
        choice_at: positions, (B, K).
        choice_tokens: (B, K, A).
        choice_worth: (B, K, A); -inf where there is no token.
        choice_likelihood: weight of likelihoods, (B, K).
        choice_heat: weight of entropy, ().
    """
    rows = torch.arange(logprobs.size(0), device=logprobs.device)[:, None]
    real = choice_worth.isfinite()
    chosen = logprobs[rows, choice_at].gather(-1, choice_tokens)
    real &= chosen.isfinite()
    chosen, worth = chosen.masked_fill(~real, 0.0), choice_worth.masked_fill(~real, 0.0)
    likely = chosen.detach().exp() * real
    more = (worth - (likely * worth).sum(-1, keepdim=True)).clamp(min=-_MOST_LESS)
    weights = choice_likelihood[..., None] * more * ((likely > _UNLIKELY) | (more > 0))
    # The entropy's own gradient has no further term, since probabilities add up to 1.
    return ((chosen.exp() * (worth - choice_heat * chosen.detach()) + weights * chosen) * real).sum()


def shared_inputs(model: Any, input_ids: torch.Tensor, attention_mask: torch.Tensor, keep: int) -> dict[str, Any]:
    """`behind_prompts` for ids (B, P + T) whose last `keep` are the completions."""
    return behind_prompts(
        model, input_ids[:, :-keep], attention_mask[:, :-keep], input_ids[:, -keep:], attention_mask[:, -keep:]
    )


def plain_inputs(model: Any, input_ids: torch.Tensor, attention_mask: torch.Tensor, keep: int) -> dict[str, Any]:
    """The same without sharing, where a cache cannot be kept (gradient checkpointing)."""
    del model
    return {"input_ids": input_ids[:, :-1], "attention_mask": attention_mask[:, :-1], "logits_to_keep": keep}
