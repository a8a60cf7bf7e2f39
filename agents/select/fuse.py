"""Keep what all attempts found together, for work whose parts add up."""

from __future__ import annotations

from ...memory.digest import Digest
from ...memory.merge import merge
from .base import Attempts, fullest


class Fuse:
    """All attempts side by side; their claims are merged without loss of evidence."""

    async def select(self, attempts: Attempts) -> Digest:
        """One digest with every attempt's claims, as done as the most done of them."""
        await attempts.more(attempts.left)
        return merge(attempts.digests, subtask=attempts.digests[0].subtask, state=fullest(attempts.digests).state)
