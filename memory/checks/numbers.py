"""Each number of a claim stands in its spans, by value and unit; each code ("1.2.3", "10:30", "B-52") letter by letter.

A unit the claim names must be the span's own, or stand elsewhere in it (the head of a table); a percentage is never the
plain number. A year is also borne out by a date of that year.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from ..digest import Claim
from ..text.dates import Date, dates
from ..text.numbers import Number, codes, numbers
from ..text.spans import Span
from ..text.units import units_in
from ..text.words import fold
from .base import Failing

_OWN_UNITS = frozenset(("%", "‰", "th", "×"))  # noqa: RUF001
"""Units without which a number is another number: 5 is not 5 %, and not the 5th."""


def check_numbers(claim: Claim, spans: Sequence[str]) -> list[Failing]:
    """Numbers of the claim's text that no span has."""
    own_dates = dates(claim.text)
    whole_dates = [date.span for date in own_dates if date.month is not None or date.decade is not None]
    wrong = [
        Failing("number", number.span.of(claim.text))
        for number in numbers(claim.text)
        if not any(_overlaps(number.span, span) for span in whole_dates) and not stands(number, spans)
    ]
    folded = [fold(span) for span in spans]
    wrong.extend(
        Failing("number", code) for code in codes(claim.text) if not any(fold(code) in span for span in folded)
    )
    return wrong


def stands(number: Number, spans: Sequence[str]) -> bool:
    """Whether one of the spans has this value with this unit."""
    return any(_stands(number, span) for span in spans)


def _stands(number: Number, span: str) -> bool:
    found, known_dates, units = _read(span)
    for other in found:
        same = other.value == number.value and _same_unit(number.unit, other.unit, units)
        if same and not _of_date(other, known_dates):
            return True
    is_year = number.unit is None and not number.spelled
    return is_year and any(date.year == number.value for date in known_dates)


@lru_cache(maxsize=512)
def _read(span: str) -> tuple[tuple[Number, ...], tuple[Date, ...], frozenset[str]]:
    return tuple(numbers(span)), tuple(dates(span)), units_in(span)


def _same_unit(wanted: str | None, found: str | None, anywhere: frozenset[str]) -> bool:
    if wanted is None:
        return found not in _OWN_UNITS
    return wanted == found or (found is None and wanted not in _OWN_UNITS and wanted in anywhere)


def _of_date(number: Number, known_dates: Sequence[Date]) -> bool:
    """Whether the number is part of a date and says nothing by itself: the "13" of "13 June", the "1990" of "1990s"."""
    return any(
        number.span.within(date.span) and (date.decade is not None or date.month is not None) for date in known_dates
    )


def _overlaps(left: Span, right: Span) -> bool:
    return left.start < right.end and right.start < left.end
