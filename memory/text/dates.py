# ruff: noqa: RUF001 - look-alike punctuation is what this file is about
"""Dates as values: "3 May 2021", "May 3, 2021", "2021-05-03" and "3rd of May 2021" are one.

In goes any text, out come `Date`s in order, each as exact as the text is: a day, a month, a year or a decade. A numeric
date with two readings (03/04/2021) comes out twice, once for each, at the same place. Bare years are found too; a bare
year is also a number, and `numbers` finds it as one.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import NamedTuple

from .spans import Span

_FULL_NAMES = "January February March April May June July August September October November December"
_MONTHS = {name.lower(): number for number, name in enumerate(_FULL_NAMES.split(), start=1)}
_MONTHS |= {name[:3]: number for name, number in _MONTHS.items()} | {"sept": 9}
_MONTH = r"(?P<{0}>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"
_DAY = r"(?P<{0}>\d{{1,2}})(?:st|nd|rd|th)?"
_YEAR = r"(?P<{0}>[12]\d{{3}})(?!\d)"

_FORMS = re.compile(
    "|".join(
        (
            r"(?P<iy>[12]\d{3})-(?P<im>\d{2})(?:-(?P<id>\d{2}))?(?![\d-])",
            _DAY.format("d1") + r"(?:[ ](?:of[ ])?|-)" + _MONTH.format("m1") + r"(?:,?[ -]" + _YEAR.format("y1") + ")?",
            _MONTH.format("m2")
            + r"[ ](?P<d2>\d{1,2})(?:st|nd|rd|th)?(?![\d:.]\d|\d)(?:,?[ ]"
            + _YEAR.format("y2")
            + ")?",
            _MONTH.format("m3") + r",?[ ](?:of[ ])?" + _YEAR.format("y3"),
            r"(?P<n1>\d{1,2})(?P<sep>[/.])(?P<n2>\d{1,2})(?P=sep)" + _YEAR.format("y4"),
            r"(?P<decade>[12]\d{2}0)['’]?[ ]?s\b",
            r"(?P<y5>[12]\d{3})(?![\d%]|[.,]\d)",
        )
    ),
    re.IGNORECASE,
)
_NOT_BEFORE = re.compile(r"[\w$€£¥#]|\d[.,/:]|[A-Za-z]-")


class Date(NamedTuple):
    """What is known of a date. `decade` is its first year ("1990s" is 1990); then year, month and day are None."""

    year: int | None
    month: int | None
    day: int | None
    decade: int | None
    span: Span

    def states(self, other: Date) -> bool:
        """Whether who knows this date knows the other: equal where the other is exact, and as exact or more so."""
        if other.decade is not None:
            own = self.decade if self.decade is not None else self.year
            return own is not None and own // 10 == other.decade // 10
        wanted = (other.year, other.month, other.day)
        return all(want is None or want == have for want, have in zip(wanted, self[:3], strict=True))


def dates(text: str) -> list[Date]:
    """The dates in `text`, in order."""
    return [date for match in _FORMS.finditer(text) if not _inside(text, match) for date in _read(match)]


def _inside(text: str, match: re.Match[str]) -> bool:
    """Whether the match begins in the middle of a longer token, such as an amount or a part number."""
    before = text[max(0, match.start() - 2) : match.start()]
    return bool(before) and (_NOT_BEFORE.fullmatch(before) is not None or bool(re.match(r"[\w$€£¥#]", before[-1])))


def _read(match: re.Match[str]) -> Iterator[Date]:
    span = Span(*match.span())
    if match["decade"]:
        yield Date(None, None, None, int(match["decade"]), span)
    elif match["n1"]:
        first, second = int(match["n1"]), int(match["n2"])
        orders = {(second, first), (first, second)} if match["sep"] == "/" else {(second, first)}
        for in_month, on_day in sorted(orders):
            yield from _valid(int(match["y4"]), in_month, on_day, span)
    else:
        year = match["iy"] or match["y1"] or match["y2"] or match["y3"] or match["y5"]
        name = match["m1"] or match["m2"] or match["m3"]
        month = str(_MONTHS[name.lower()]) if name else match["im"]
        yield from _valid(_int(year), _int(month), _int(match["id"] or match["d1"] or match["d2"]), span)


def _int(digits: str | None) -> int | None:
    return int(digits) if digits else None


def _valid(year: int | None, month: int | None, day: int | None, span: Span) -> Iterator[Date]:
    """The date, if the calendar has it."""
    try:
        dt.date(year or 2000, month or 1, day or 1)
    except ValueError:
        return
    yield Date(year, month, day, None, span)
