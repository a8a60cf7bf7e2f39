"""What a grammar is: the tokens sampled so far go in, the tokens that may come next come out.

Law: sampler and trainer walk the same grammar over the same tokens, so both renormalise over the same sets. Sampling
from masked logits while training on unmasked ones would bias the importance ratio from the first step on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Walk(Protocol):
    """One completion being written."""

    def allowed(self) -> Sequence[int]:
        """The ids of the tokens that may come next, ascending; never empty, and only the end token at the end."""

    def accept(self, token: int) -> None:
        """Go on behind this token, which is one of those allowed."""


class Grammar(Protocol):
    """Says which completions there can be for a prompt."""

    def walk(self, prompt_ids: Sequence[int]) -> Walk:
        """A walk at the beginning of a completion for this prompt."""


def allowed_at(grammar: Grammar, prompt_ids: Sequence[int], completion_ids: Sequence[int]) -> list[Sequence[int]]:
    """The tokens that were allowed at each position of a completion, (T,)."""
    walk, allowed = grammar.walk(prompt_ids), []
    for token in completion_ids:
        allowed.append(walk.allowed())
        walk.accept(token)
    return allowed
