"""Personal data out: text goes in, the same comes out with addresses and numbers of persons replaced by what they were.

E-mail addresses, telephone numbers, bank accounts (IBAN), payment cards and IP addresses go; each stays readable as
`[email]`, `[phone]`, `[iban]`, `[card]` or `[ip]`. Check digits are checked, so that ordinary numbers stay. Names of
persons have no pattern and stay. Time is linear in the text.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import NamedTuple


def without_personal(text: str) -> str:
    """`text` without what the patterns of personal data find."""
    for kind in _KINDS:
        text = kind.pattern.sub(kind.replace, text)
    return text


class _Kind(NamedTuple):
    """What may be such a thing, its name, and whether it really is."""

    name: str
    pattern: re.Pattern[str]
    is_one: Callable[[str], bool]

    def replace(self, match: re.Match[str]) -> str:
        """What stands in the place of a match."""
        return f"[{self.name}]" if self.is_one(match[0]) else match[0]


def _is_iban(text: str) -> bool:
    """Whether the check digits of ISO 13616 (modulo 97) are right."""
    compact = text.replace(" ", "").upper()
    digits = "".join(str(int(each, 36)) for each in compact[4:] + compact[:4])
    return 15 <= len(compact) <= 34 and int(digits) % 97 == 1


def _is_card(text: str) -> bool:
    """Whether the check digit of ISO/IEC 7812 (Luhn) is right."""
    digits = [int(each) for each in text if each.isdigit()]
    doubled = [sum(divmod(2 * each, 10)) if at % 2 else each for at, each in enumerate(reversed(digits))]
    return len(set(digits)) > 1 and sum(doubled) % 10 == 0


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(each.isalnum() for each in text)


def _is_phone(text: str) -> bool:
    """Whether it has as many digits as ITU E.164 lets a number have."""
    return 7 <= sum(each.isdigit() for each in text) <= 15


_KINDS = (
    _Kind(
        "email",
        re.compile(
            r"(?<![\w.%+-])[\w.%+-]{1,64}(?:'[\w.%+-]{1,64})?@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}(?!\w)"
        ),
        lambda text: True,
    ),
    _Kind(
        "iban",
        re.compile(r"(?<!\w)[A-Z]{2}[0-9]{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,3})?(?!\w)"),
        _is_iban,
    ),
    _Kind(
        "card",
        re.compile(
            r"""(?<![\w.,-]) (?: [2-6][0-9]{12,18}
            | [2-6][0-9]{3}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?:\1[0-9]{1,3})?
            | 3[47][0-9]{2}([ -])[0-9]{6}\2[0-9]{5} ) (?![\w-])""",
            re.VERBOSE,
        ),
        _is_card,
    ),
    _Kind("ip", re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\w|\.[0-9])"), _is_ip),
    _Kind("ip", re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f:]{3,39}(?![\w:])"), _is_ip),
    _Kind(
        "phone",
        re.compile(
            r"""(?<![\w.,/+-]) (?:
              (?:\+|00)(?:[ ./()-]{0,2}[0-9]){7,15}(?![0-9])
            | \([0-9]{3}\)[ ]?[0-9]{3}[ .-][0-9]{4} | [0-9]{3}([.-])[0-9]{3}\1[0-9]{4}
            | 0[1-9][0-9]{1,3}[ /-][0-9]{3,8}(?:[ -][0-9]{2,8}){0,3} ) (?![\w-])""",
            re.VERBOSE,
        ),
        _is_phone,
    ),
)
"""Cards and accounts before telephone numbers, which have no check digit."""
