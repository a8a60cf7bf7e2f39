"""Verify a digest: each claim is checked, what fails is repaired once, and what still fails is dropped and counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ..artifacts import ArtifactStore
from ..digest import Claim, Digest
from .base import Failing
from .repair import repair_claim
from .run import check_claim

Repair: TypeAlias = Callable[[Claim, ArtifactStore], Claim | None]
"""A claim that may stand in for a failed one, or None. It is checked again."""


@dataclass(frozen=True)
class Verified:
    """A digest in which every claim passed its checks.

    Attributes:
        digest: the digest, claims in their order, equal ones once.
        kept: how many claims passed as they were.
        repaired: how many passed after repair.
        dropped: how many did not, and are gone.
        reasons: for each dropped claim, what was wrong with it.
    """

    digest: Digest
    kept: int
    repaired: int
    dropped: int
    reasons: tuple[tuple[Claim, tuple[Failing, ...]], ...] = ()


def verify(
    digest: Digest,
    artifacts: ArtifactStore,
    repair: Repair | None = repair_claim,
    *,
    known: Mapping[str, Claim] | None = None,
) -> Verified:
    """The digest without anything its evidence does not bear out.

    Args:
        digest: what a worker or a compressor made.
        artifacts: where evidence is read.
        repair: what is tried once on a failed claim; None for nothing.
        known: checked claims of other digests by id, from which derived claims may be computed.
    """
    passed = dict(known or {})
    claims: dict[str, Claim] = {}
    dropped: list[tuple[Claim, tuple[Failing, ...]]] = []
    kept = repaired = 0
    for claim in _inputs_first(digest):
        failing = check_claim(claim, artifacts, known=passed)
        better = claim if not failing else _repaired(claim, artifacts, repair, passed)
        if better is None:
            dropped.append((claim, failing))
            continue
        kept += not failing
        repaired += bool(failing)
        passed[claim.id] = claims[claim.id] = _settled(better, passed)
    ordered = {claims[claim.id].id: claims[claim.id] for claim in digest.claims if claim.id in claims}
    return Verified(
        digest.model_copy(update={"claims": tuple(ordered.values())}), kept, repaired, len(dropped), tuple(dropped)
    )


def _settled(claim: Claim, passed: Mapping[str, Claim]) -> Claim:
    """The claim as it goes on: supported, and naming the claims it was computed from by the ids they have now."""
    if claim.derivation is None:
        return claim.model_copy(update={"supported": True})
    inputs = {name: passed[old].id for name, old in claim.derivation.inputs.items()}
    derivation = claim.derivation.model_copy(update={"inputs": inputs})
    return claim.model_copy(update={"supported": True, "derivation": derivation})


def _repaired(
    claim: Claim, artifacts: ArtifactStore, repair: Repair | None, known: Mapping[str, Claim]
) -> Claim | None:
    better = repair(claim, artifacts) if repair is not None else None
    return better if better is not None and not check_claim(better, artifacts, known=known) else None


def _inputs_first(digest: Digest) -> list[Claim]:
    """The claims with derived ones last, in their order: what they are computed from is then known."""
    return sorted(digest.claims, key=lambda claim: claim.kind == "derived")
