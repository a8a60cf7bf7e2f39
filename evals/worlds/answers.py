"""Answers in a report: lines such as `Answer: 12,300` go in, what was answered to what comes out, compared by value.

Only such a line counts, so a report that lists every number it has seen answers nothing.
"""

from __future__ import annotations

import re

from ...memory.text.dates import dates
from ...memory.text.numbers import numbers
from ...memory.text.words import words

FINAL = "Answer"
UNKNOWN = "unknown"

_MAX_CHARS = 2_000
_LINE = re.compile(r"^[ \t>*#-]{0,8}([A-Za-z][\w-]{0,39})\**:\**[ \t]*(.*)$", re.MULTILINE)


def said(report: str) -> dict[str, str]:
    """What stands after the colon of each such line, by the lower-case name before it; of equal names the last."""
    return {name.lower(): text.strip(" \t*`")[:_MAX_CHARS] for name, text in _LINE.findall(report)}


def equal(given: str, gold: str) -> bool:
    """Whether two answers are the same: lists item by item, dates and numbers by value, anything else word by word."""
    left, right = ([item.strip(" \t.") for item in each.split(";")] for each in (given, gold))
    return len(left) == len(right) and all(map(_same, left, right))


def _same(given: str, gold: str) -> bool:
    days = [each[:3] for each in dates(gold) if each.day]
    if days:
        return [each[:3] for each in dates(given)] == days
    values = [each.value for each in numbers(gold)]
    if values and not re.search("[A-Za-z]", gold):
        return [each.value for each in numbers(given)] == values
    return bool(words(gold)) and words(given) == words(gold)
