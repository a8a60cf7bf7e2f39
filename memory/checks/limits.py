"""Negations and limits of the evidence survive in the claim, and the claim brings none of its own.

Only the sentence of the evidence that the claim is nearest to counts, and of its limits only those that govern words
the claim also has: "not opened before 1932" matters to a claim that says "opened", not to one about the architect.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..digest import Claim
from ..text.limits import Limit, limits
from ..text.sentences import sentences
from ..text.words import terms
from .base import Failing

_NEAREST = 0.8
"""A sentence counts when it shares this part of what the nearest one shares with the claim."""


def check_limits(claim: Claim, spans: Sequence[str]) -> list[Failing]:
    """Limits that were dropped on the way from evidence to claim, and limits that were made up."""
    if claim.kind == "quote":
        return []
    own, said = limits(claim.text), frozenset(terms(claim.text))
    nearest = _nearest(said, spans)
    evidence = [limit for sentence in nearest for limit in limits(sentence)]
    dropped = [
        Failing("limit", f"{limit.phrase!r} of the evidence is missing")
        for limit in evidence
        if _matters(limit, said) and not _kept(limit, own)
    ]
    kinds = {limit.kind for span in spans for limit in limits(span)}
    invented = [
        Failing("limit", f"{limit.phrase!r} is not in the evidence") for limit in own if limit.kind not in kinds
    ]
    return dropped + invented


def _nearest(said: frozenset[str], spans: Iterable[str]) -> list[str]:
    """The sentences of the spans that share most stems with the claim."""
    found = [sentence.of(span) for span in spans for sentence in sentences(span)]
    shares = [len(said.intersection(terms(sentence))) for sentence in found]
    most = max(shares, default=0)
    return [sentence for sentence, share in zip(found, shares, strict=True) if share and share >= _NEAREST * most]


def _matters(limit: Limit, said: frozenset[str]) -> bool:
    """Whether the claim speaks of what the limit governs. An exception matters to all of its sentence."""
    return limit.kind == "except" or not said.isdisjoint(limit.governs)


def _kept(limit: Limit, own: Iterable[Limit]) -> bool:
    return any(
        other.kind == limit.kind and (not other.governs or not set(other.governs).isdisjoint(limit.governs))
        for other in own
    )
