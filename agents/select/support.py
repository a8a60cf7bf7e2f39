"""A verifier that needs no model: how well a digest's claims are borne out."""

from __future__ import annotations

from ...memory.digest import Digest


async def supported_share(goal: str, digest: Digest) -> float:
    """Mean confidence of the claims, unsupported ones counting 0, halved when questions were left open."""
    if not digest.claims:
        return 0.0
    mean = sum(claim.confidence * claim.supported for claim in digest.claims) / len(digest.claims)
    return mean / 2 if digest.open_questions else mean
