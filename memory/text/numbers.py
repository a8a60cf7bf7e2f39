# ruff: noqa: RUF001 - look-alike punctuation is what this file is about
"""Numbers as values: "1,200", "1200", "1.2k", "1.200,0" and "twelve hundred" are one, and so are "½" and "0.5".

In goes any text, out come `Number`s in order. A form with two readings ("1.200") is read the English way; a form with
none (versions, times, part numbers) is a code and must be compared letter by letter. Linear time: each digit is looked
at a bounded number of times, and a run of digits longer than `MAX_DIGITS` is a code.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import NamedTuple

from .number_words import MAGNITUDES, spelled_numbers
from .spans import Span
from .units import unit_after, unit_before

MAX_DIGITS = 60
_MAX_EXPONENT = 400

_DIGITS = re.compile(r"\d+(?:[.,'’\u00a0\u202f]\d+)*")
_EXPONENT = re.compile(r"[eE]([+-]?\d{1,3})(?![\w.])|[ ]?[×x*·][ ]?10(?:\^([+-−]?\d{1,3})|([⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}))")
_SUFFIX = re.compile(
    r"(k|K|M|B|bn|mn|tn|T)\b|[ \u00a0-]?(hundred|thousand|million|billion|trillion|dozen|lakh|crore|mill?)\b",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"(?:st|nd|rd|th)\b", re.IGNORECASE)
_FRACTION = re.compile(r"(?:(\d{1,3})[ \u00a0])?(?<![\d.,/])(\d{1,3})[/⁄](\d{1,3})(?![\d/]|[.,]\d)")
_VULGAR = re.compile(r"(?:(\d{1,6})[ \u00a0]?)?([¼½¾⅐-⅞↉])")
_RANGE = re.compile(r"[ \u00a0]?(?:-|–|—|to|and|or|through)[ \u00a0]?")
_SUPERSCRIPTS = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_LETTERS = {"k": 3, "m": 6, "mn": 6, "b": 9, "bn": 9, "t": 12, "tn": 12}
_CODE = re.compile(r"[\w.:/-]{2,80}")


class Number(NamedTuple):
    """A value with its unit (a name from `units`, "th" for ordinals, or None) and its place."""

    value: Decimal
    unit: str | None
    span: Span
    spelled: bool = False


def numbers(text: str) -> list[Number]:
    """The numbers in `text`, in order. Not those that are part of a word ("B12") or of a code ("1.2.3", "10:30")."""
    found = [*_fractions(text)]
    taken = {place for number in found for place in range(*number.span)}
    found.extend(number for number in _written(text) if number.span.start not in taken)
    found.extend(_with_unit(text, value, span, ordinal) for value, span, ordinal in spelled_numbers(text))
    found.sort(key=lambda number: number.span)
    return _shared_units(text, found)


def codes(text: str) -> list[str]:
    """Tokens with digits that are no numbers and must be compared as they are: "1.2.3", "10:30", "B-52", "COVID-19"."""
    return [token for token in (match[0].strip(".:/-") for match in _CODE.finditer(text)) if _is_code(token)]


def _is_code(token: str) -> bool:
    if not any(map(str.isdigit, token)):
        return False
    letters = re.search(r"[^\W\d_]", token)
    if letters is None:
        return token.count(":") > 0 or (token.count(".") > 1 and _value(token) is None)
    return letters.start() == 0 and "/" not in token and not token.endswith(("th", "st", "nd", "rd"))


def _written(text: str) -> Iterator[Number]:
    done = 0
    for match in _DIGITS.finditer(text):
        if match.start() < done or _in_code(text, match):
            continue
        value = _value(match[0])
        if value is not None:
            number = _complete(text, value, Span(*match.span()))
            done = number.span.end
            yield number
        else:
            yield from _parts(text, match)


def _in_code(text: str, match: re.Match[str]) -> bool:
    """Whether these digits are part of a time ("10:30") or of a word ("B-52", "COVID-19")."""
    start, end = match.span()
    if text[end : end + 1] == ":" and text[end + 1 : end + 2].isdigit():
        return True
    before = text[max(0, start - 2) : start]
    if before[-1:].isalpha() or before[-1:] == "_":
        return True
    if before[-1:] == ":" and before[:1].isdigit():
        return True
    return before[-1:] in ("-", "/") and before[:1].isalpha() and before[:1].isascii()


def _parts(text: str, match: re.Match[str]) -> Iterator[Number]:
    """A list written without spaces ("3,5,7"): each of its numbers. A dotted code has none."""
    if match[0].count(".") > 1 or len(match[0]) > 10 * MAX_DIGITS:
        return
    for part in re.finditer(r"\d+(?:\.\d+)?", match[0]):
        if len(part[0]) <= MAX_DIGITS:
            yield Number(Decimal(part[0]), None, Span(match.start() + part.start(), match.start() + part.end()))


def _value(digits: str) -> Decimal | None:
    """The value of digits with separators, or None when they are no single number."""
    if len(digits) > 2 * MAX_DIGITS:
        return None
    plain = re.sub(r"['’\u00a0\u202f]", "'", "".join(_ascii_digit(char) for char in digits))
    marks = [char for char in plain if not char.isdigit()]
    if not marks:
        return Decimal(plain)
    groups = re.split(r"[.,']", plain)
    last, others = marks[-1], set(marks[:-1])
    if len(marks) == 1 and last == ".":
        return Decimal(plain)
    if (others <= {last}) and _grouped(groups, last):
        return Decimal("".join(groups))
    decimal_last = last in ".," and marks.count(last) == 1 and len(others) <= 1
    if decimal_last and (len(marks) == 1 or _grouped(groups[:-1], marks[0])):
        return Decimal("".join(groups[:-1]) + "." + groups[-1])
    return None


def _ascii_digit(char: str) -> str:
    return str(unicodedata.digit(char)) if char.isdigit() and not char.isascii() else char


def _grouped(groups: list[str], mark: str) -> bool:
    """Whether groups of digits are thousands: 1,200,000, or the Indian 12,00,000."""
    head, *rest = groups
    if not 1 <= len(head) <= 3 or not rest:
        return False
    if all(len(group) == 3 for group in rest):
        return head != "0"
    return mark == "," and len(head) <= 2 and len(rest[-1]) == 3 and all(len(group) == 2 for group in rest[:-1])


def _complete(text: str, value: Decimal, span: Span) -> Number:
    """Read what stands around the digits: sign, currency, exponent, multiplier, ordinal ending, unit."""
    start, end = span
    currency = unit_before(text, start)
    if currency:
        start = currency[1]
    value, end = _scaled(text, value, end, money=currency is not None)
    negative = text[start - 1 : start] == "−" or (
        text[start - 1 : start] == "-" and not text[max(0, start - 2) : start - 1].strip()
    )
    if start and negative and not text[max(0, start - 2) : start - 1].isalnum():
        value, start = -value, start - 1
    if currency:
        return Number(value, currency[0], Span(start, end))
    ordinal = _ORDINAL.match(text, end)
    if ordinal:
        return Number(value, "th", Span(start, ordinal.end()))
    return _with_unit(text, value, Span(start, end), ordinal=False, spelled=False)


def _scaled(text: str, value: Decimal, end: int, *, money: bool) -> tuple[Decimal, int]:
    exponent = _EXPONENT.match(text, end)
    if exponent:
        power = exponent[1] or exponent[2] or (exponent[3] or "0").translate(_SUPERSCRIPTS)
        return _shift(value, int(power.replace("−", "-"))), exponent.end()
    suffix = _SUFFIX.match(text, end)
    if suffix is None:
        return value, end
    if suffix[1]:
        small_m = suffix[1] in ("m", "t", "b")
        if small_m and not money:
            return value, end
        return _shift(value, _LETTERS[suffix[1].lower()]), suffix.end()
    word = suffix[2].lower()
    if word == "dozen":
        return value * 12, suffix.end()
    return _shift(value, MAGNITUDES.get(word, 6)), suffix.end()


def _shift(value: Decimal, power: int) -> Decimal:
    with localcontext() as context:
        context.prec = 2 * MAX_DIGITS
        return value.scaleb(max(-_MAX_EXPONENT, min(_MAX_EXPONENT, power)))


def _with_unit(text: str, value: Decimal, span: Span, ordinal: bool, spelled: bool = True) -> Number:
    if ordinal:
        return Number(value, "th", span, spelled)
    unit = unit_after(text, span.end)
    if unit is None or (unit[0] == "second" and text[span.end : unit[1]] == "s" and _is_decade(value)):
        return Number(value, None, span, spelled)
    return Number(value, unit[0], Span(span.start, unit[1]), spelled)


def _is_decade(value: Decimal) -> bool:
    return 1000 <= value < 3000 and value % 10 == 0


def _fractions(text: str) -> Iterator[Number]:
    for match in _VULGAR.finditer(text):
        value = Decimal(match[1] or 0) + Decimal(str(unicodedata.numeric(match[2])))
        yield _with_unit(text, value, Span(*match.span()), ordinal=False, spelled=False)
    for match in _FRACTION.finditer(text):
        above, below = int(match[2]), int(match[3])
        if 0 < above < below:
            value = _decimal(Fraction(above, below) + int(match[1] or 0))
            yield _with_unit(text, value, Span(*match.span()), ordinal=False, spelled=False)


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _shared_units(text: str, found: list[Number]) -> list[Number]:
    """Give the first of a range its unit: "5 to 10 km" is 5 km to 10 km."""
    for index in range(len(found) - 2, -1, -1):
        left, right = found[index], found[index + 1]
        gap = text[left.span.end : right.span.start] if right.span.start - left.span.end <= 10 else "far"
        if left.unit is None and right.unit not in (None, "th") and _RANGE.fullmatch(gap):
            found[index] = left._replace(unit=right.unit)
    return found
