"""Each date of a claim is known from its spans: equal by value, or less exact than what they say."""

from __future__ import annotations

from collections.abc import Sequence

from ..digest import Claim
from ..text.dates import Date, dates
from ..text.spans import Span
from .base import Failing


def check_dates(claim: Claim, spans: Sequence[str]) -> list[Failing]:
    """Dates of the claim's text that no span states. Bare years are checked as numbers."""
    readings: dict[Span, list[Date]] = {}
    for date in dates(claim.text):
        if date.month is not None or date.decade is not None:
            readings.setdefault(date.span, []).append(date)
    if not readings:
        return []
    known = [date for span in spans for date in dates(span)]
    return [
        Failing("date", place.of(claim.text))
        for place, options in readings.items()
        if not any(found.states(option) for option in options for found in known)
    ]
