"""Repair a claim that failed its checks, once: find the span that bears it out, or let the evidence speak for itself.

First the same words on a better span of the same artifacts; else the sentence of the evidence that is nearest to the
claim takes its place as a quote, with its exact span. Nothing is reworded.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ..artifacts import ArtifactStore
from ..digest import Claim
from ..errors import UnknownArtifact
from ..evidence import EvidenceRef
from ..text.locate import locate
from ..text.numbers import numbers
from ..text.overlap import Overlap
from ..text.sentences import sentences
from ..text.spans import Span
from ..text.words import terms
from .run import check_claim

_TRIED = 3
"""How many other sentences are tried as evidence."""
_SEARCHED_CHARS = 50_000
"""How much of an artifact around the given span is searched."""
_LEAST_SHARE = 0.5
"""A quote replaces a claim only when it has this much of the claim's content."""


def repair_claim(claim: Claim, artifacts: ArtifactStore) -> Claim | None:
    """A claim in place of the failed one that passes its checks, or None."""
    if claim.kind not in ("fact", "quote"):
        return None
    candidates = list(_nearest(claim, artifacts))
    attempts = [claim.model_copy(update={"evidence": (ref,)}) for _, ref, _ in candidates]
    attempts += [_as_quote(claim, text, ref) for text, ref, share in candidates if share >= _LEAST_SHARE]
    return next((attempt for attempt in attempts if not check_claim(attempt, artifacts)), None)


def _as_quote(claim: Claim, text: str, ref: EvidenceRef) -> Claim:
    """The quote instead of the claim. A value that is not the quote's is dropped."""
    return Claim(text=text, kind="quote", evidence=(ref,), confidence=claim.confidence)


def _nearest(claim: Claim, artifacts: ArtifactStore) -> Iterator[tuple[str, EvidenceRef, float]]:
    """Sentences of the claim's artifacts nearest to it, nearest first: text, place, share of the claim they have."""
    found = [(text, ref) for ref in claim.evidence for text, ref in _around(ref, claim, artifacts)]
    overlap = Overlap([text for text, _ in found])
    wanted = _subject(claim, artifacts)
    values = {number.value for number in numbers(claim.text)}
    shares = [overlap.share(wanted, place) for place in range(len(found))]
    worths = [share + 0.5 * _share_of_values(text, values) for share, (text, _) in zip(shares, found, strict=True)]
    for place in sorted(range(len(found)), key=lambda place: -worths[place])[:_TRIED]:
        yield *found[place], shares[place]


def _subject(claim: Claim, artifacts: ArtifactStore) -> frozenset[str]:
    """The stems that tell what a claim is about: its numbers may be what is wrong, its title's words are everywhere."""
    own = frozenset(term for term in terms(claim.text) if not term.isdigit())
    titles = frozenset(term for ref in claim.evidence for term in terms(_title(ref, artifacts)))
    return own - titles or own


def _title(ref: EvidenceRef, artifacts: ArtifactStore) -> str:
    try:
        return artifacts.get(ref.artifact).title
    except UnknownArtifact:
        return ""


def _share_of_values(text: str, values: set[Decimal]) -> float:
    own = {number.value for number in numbers(text)} if values else set()
    return len(own & values) / len(values) if values else 0.0


def _around(ref: EvidenceRef, claim: Claim, artifacts: ArtifactStore) -> Iterator[tuple[str, EvidenceRef]]:
    """The sentences around a span, and the place of a quoted claim's own words if they stand there nearly so."""
    try:
        text = artifacts.get(ref.artifact).text
    except UnknownArtifact:
        return
    start = max(0, min(ref.start, len(text)) - _SEARCHED_CHARS // 2)
    window = text[start : start + _SEARCHED_CHARS]
    places = [Span(*span) for span in sentences(window)]
    near = locate(claim.text, window) if claim.kind == "quote" else None
    for span in [near, *places] if near else places:
        yield span.of(window), EvidenceRef(artifact=ref.artifact, start=start + span.start, end=start + span.end)
