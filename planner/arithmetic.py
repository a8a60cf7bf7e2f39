"""A goal in; when it is nothing but arithmetic, its result out.

`2020-2021` and `24/7` stand for other things unless they are asked for or written with spaces.
"""

from __future__ import annotations

import re

from ..core.errors import InputError
from ..core.expression import evaluate, show_value

_MAX_CHARS = 100
_ASK = re.compile(r"(?:what(?:\s+is|['\u2019]s)|how\s+much\s+is|calculate|compute|evaluate)\s+", re.IGNORECASE)
_END = re.compile(r"[\s=?.!]*\Z")
_EXPRESSION = re.compile(r"[0-9.()+\-*/^\u00d7\u00b7\u00f7\u2212 ]*")
_TWO_NUMBERS = re.compile(r"\d[^\d.]+\d")
_SURELY = re.compile(r"[+*^\u00d7\u00b7\u00f7]|\s[-/\u2212]\s")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_EXACT_CHARS = 24


def answer_arithmetic(goal: str) -> str | None:
    """The result as a decimal number, after ≈ when it does not end; None for any other goal."""
    if len(goal) > _MAX_CHARS:
        return None
    asked = _ASK.match(goal.strip()) or goal.rstrip("? ").endswith("=")
    text = _END.sub("", _ASK.sub("", goal.strip(), count=1))
    text = _GROUPED.sub(lambda found: found[0].replace(",", ""), text)
    if not _EXPRESSION.fullmatch(text) or not _TWO_NUMBERS.search(text) or not (asked or _SURELY.search(text)):
        return None
    try:
        value = evaluate(text)
    except InputError:
        return None
    shown = show_value(value)
    return shown if len(shown) <= _EXACT_CHARS else f"\u2248 {value:.10g}"
