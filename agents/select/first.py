"""Keep the first attempt that ends well: the least spend."""

from __future__ import annotations

from ...memory.digest import Digest
from .base import Attempts, fullest


class First:
    """Attempts one after the other until a digest is done; when none is, keeps the fullest."""

    async def select(self, attempts: Attempts) -> Digest:
        """The first digest that is done, else the fullest."""
        while attempts.left:
            for digest in await attempts.more():
                if digest.state == "done":
                    return digest
        return fullest(attempts.digests)
