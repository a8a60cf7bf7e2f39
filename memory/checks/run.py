"""All checks of a claim, or of a sentence of a report, in one call. An empty answer means that it is borne out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..artifacts import ArtifactStore
from ..digest import Claim
from .base import Check, Failing, statement
from .dates import check_dates
from .derived import check_derived
from .evidence import read_evidence
from .limits import check_limits
from .numbers import check_numbers
from .quotes import check_quotes
from .support import check_support
from .urls import check_urls
from .value import check_value

SENTENCE_CHECKS: tuple[Check, ...] = (check_numbers, check_dates, check_urls, check_quotes)
CLAIM_CHECKS: tuple[Check, ...] = (*SENTENCE_CHECKS, check_value, check_limits)


def check_claim(
    claim: Claim, artifacts: ArtifactStore, *, known: Mapping[str, Claim] | None = None
) -> tuple[Failing, ...]:
    """What is wrong with a claim, given the artifacts its evidence stands in.

    Args:
        claim: the claim.
        artifacts: where its evidence is read.
        known: checked claims by id, for derived claims, which are computed again from them.
    """
    evidence = read_evidence(claim, artifacts)
    if evidence.failing:
        return evidence.failing
    if claim.kind == "derived":
        return tuple(check_derived(claim, known or {}, evidence.spans))
    if claim.kind == "absence":
        return ()
    failing = [each for check in CLAIM_CHECKS for each in check(claim, evidence.spans)]
    return (*failing, *check_support(claim, evidence.spans, evidence.context))


def check_sentence(sentence: str, spans: Sequence[str]) -> tuple[Failing, ...]:
    """What a report's sentence says that none of its cited spans bears out: numbers, dates, addresses, quotations."""
    claim = statement(sentence)
    return tuple(failing for check in SENTENCE_CHECKS for failing in check(claim, spans))
