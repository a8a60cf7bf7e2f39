"""Soft punishment of plans near the length limit (DAPO, 2503.14476, section 3.4): length in, a charge out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..rollout import Credit, Episode


@dataclass(frozen=True)
class Overlong:
    """Charges nothing up to `max_tokens - soft_tokens`, then evenly more, and `weight` at `max_tokens`."""

    max_tokens: int
    soft_tokens: int
    weight: float = 1.0
    name: str = "overlong"

    def score(self, episode: Episode) -> Sequence[Credit]:
        """One charge for all tokens; 0 for a plan that is short enough."""
        over = len(episode.rollout.completion_ids) - (self.max_tokens - self.soft_tokens)
        return [Credit(self.name, -self.weight * min(1.0, max(0.0, over / self.soft_tokens)))]
