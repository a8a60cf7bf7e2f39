"""Numbers and dates as people write them: values and a random source go in, one of several notations comes out.

Law: every notation is read back by `memory.text` as the same value.
"""

from __future__ import annotations

import datetime as dt
import random


def number(draw: random.Random, value: int) -> str:
    """12,300; 12300; or 12.3 thousand, where that is exact."""
    forms = [str(value), f"{value:,}"]
    if value >= 10_000 and value % 100 == 0:
        forms.append(f"{value / 1000:.1f} thousand")
    return draw.choice(forms)


def date(draw: random.Random, day: dt.date) -> str:
    """4 March 1871; March 4, 1871; or 1871-03-04."""
    month = _MONTHS[day.month - 1]
    return draw.choice((f"{day.day} {month} {day.year}", f"{month} {day.day}, {day.year}", day.isoformat()))


_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
"""Not the calendar module's, which follow the machine's language."""
