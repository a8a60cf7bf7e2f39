"""A claim's value and unit, its machine-readable part, stand in its spans like the numbers of its text."""

from __future__ import annotations

from collections.abc import Sequence

from ..digest import Claim
from ..text.dates import dates
from ..text.numbers import Number, numbers
from ..text.units import unit_name
from ..text.words import fold, stem, words
from .base import Failing
from .numbers import stands


def check_value(claim: Claim, spans: Sequence[str]) -> list[Failing]:
    """What of value and unit no span has. Derived values are recomputed elsewhere."""
    if claim.value is None or claim.kind == "derived":
        return []
    found = numbers(claim.value)
    whole = [number for number in found if number.span.end - number.span.start >= len(claim.value.strip()) - 1]
    if whole:
        return [] if _number_stands(whole[0], claim.unit, spans) else [Failing("value", _shown(claim))]
    if not _words_stand(claim.value, spans) and not _date_stands(claim.value, spans):
        return [Failing("value", _shown(claim))]
    return [] if claim.unit is None or _words_stand(claim.unit, spans) else [Failing("value", _shown(claim))]


def _number_stands(number: Number, unit: str | None, spans: Sequence[str]) -> bool:
    known = unit_name(unit) if unit else None
    if unit and known is None:
        return stands(number, spans) and _words_stand(unit, spans)
    return stands(number._replace(unit=known or number.unit), spans)


def _words_stand(text: str, spans: Sequence[str]) -> bool:
    """Whether a span has these words: letter by letter, or each of them in some form."""
    wanted = {stem(word) for word in words(text)}
    return any(fold(text) in fold(span) or wanted <= {stem(word) for word in words(span)} for span in spans)


def _date_stands(text: str, spans: Sequence[str]) -> bool:
    known = [date for span in spans for date in dates(span)]
    return any(found.states(date) for date in dates(text) for found in known)


def _shown(claim: Claim) -> str:
    return f"{claim.value} {claim.unit or ''}".strip()[:100]
