"""Keep what most attempts agree on, and stop when the majority is certain enough (Adaptive-Consistency, 2023)."""

from __future__ import annotations

from collections import Counter

from ...core.statistics import majority_certainty
from ...memory.digest import Digest
from .base import Attempts, fullest

CERTAIN = 0.95
_FIRST_BATCH = 3


class Vote:
    """Three attempts side by side, then one at a time until the leader's posterior chance exceeds `CERTAIN`."""

    async def select(self, attempts: Attempts) -> Digest:
        """The fullest digest among those that give the most frequent answer."""
        await attempts.more(_FIRST_BATCH)
        while attempts.left and not _settled(attempts.digests):
            await attempts.more()
        winner = _votes(attempts.digests).most_common(1)[0][0]
        return fullest([digest for digest in attempts.digests if answer(digest) == winner])


def answer(digest: Digest) -> tuple[str, ...]:
    """What a digest votes for: its claims' values, or their texts where no claim has a value; order does not count."""
    values = {claim.value.strip().casefold() for claim in digest.claims if claim.value}
    return tuple(sorted(values or {claim.text.strip().casefold() for claim in digest.claims}))


def _votes(digests: list[Digest]) -> Counter[tuple[str, ...]]:
    """Votes by answer; an empty digest has none, unless all are empty."""
    return Counter(filter(None, map(answer, digests))) or Counter(map(answer, digests))


def _settled(digests: list[Digest]) -> bool:
    counts = [count for _, count in _votes(digests).most_common(2)] + [0, 0]
    return majority_certainty(counts[0], counts[1]) > CERTAIN
