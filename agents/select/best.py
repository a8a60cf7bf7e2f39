"""Keep the attempt a verifier scores highest, and stop when another one is not worth its price."""

from __future__ import annotations

from ...core.errors import ForeplanError
from ...core.statistics import worth_another_sample
from ...memory.digest import Digest
from .base import Attempts, Verifier, fullest

GOOD_ENOUGH = 0.9
_VALUE_IN_ATTEMPTS = 8.0
"""A solved subtask is worth this many attempts: with a uniform prior, drawing stops after six refused ones."""


class Best:
    """One attempt at a time; a score of `GOOD_ENOUGH` counts as solved."""

    def __init__(self, verifier: Verifier, goal: str) -> None:
        self._verifier, self._goal = verifier, goal

    async def select(self, attempts: Attempts) -> Digest:
        """The digest with the highest score, the earliest among equals; without any score, the fullest.

        A verifier that can't be asked any more (no budget, no endpoint) ends the drawing: what was found is kept.
        """
        scored: list[tuple[float, Digest]] = []
        while attempts.left and worth_another_sample(len(scored), _VALUE_IN_ATTEMPTS, 1.0):
            for digest in await attempts.more():
                try:
                    scored.append((await self._verifier(self._goal, digest), digest))
                except ForeplanError:
                    return _best(scored) if scored else fullest(attempts.digests)
                if scored[-1][0] >= GOOD_ENOUGH:
                    return digest
        return _best(scored)


def _best(scored: list[tuple[float, Digest]]) -> Digest:
    return max(scored, key=lambda each: each[0])[1]
