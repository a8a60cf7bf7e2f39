"""What a claim quotes stands in its spans byte for byte; a claim of kind `quote` is itself such words."""

from __future__ import annotations

from collections.abc import Sequence

from ..digest import Claim
from ..text.quotations import quotations
from .base import Failing

_CLOSING_STOPS = ".,;:!?…"
"""American usage puts the sentence's own stop inside the marks."""


def check_quotes(claim: Claim, spans: Sequence[str]) -> list[Failing]:
    """Quotations that no span has."""
    if claim.kind == "quote":
        return [] if any(claim.text in span for span in spans) else [Failing("quote", claim.text[:100])]
    return [
        Failing("quote", quotation.text[:100])
        for quotation in quotations(claim.text)
        if not any(quotation.text.rstrip(_CLOSING_STOPS) in span for span in spans)
    ]
