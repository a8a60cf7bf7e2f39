"""Secrets out: text and data go in, the same comes out with secrets replaced by `[redacted]`.

Two kinds of secrets go: values known to be secret (the keys of the configured endpoints), also in the forms they take
inside URLs and JSON, and whatever has a well-known shape of a secret. Time is linear in the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

from .personal import without_personal
from .plain import REDACTED, plain_data, sanitised

MIN_SECRET_CHARS = 6
"""Shorter values are place-holders ("none", "test") and no secrets: replacing them would garble ordinary text."""

MAX_TEXT_CHARS = 1_000_000
"""A longer text in data is cut. What people read or train on is shorter; only a hostile tool says more."""

_EDGE_CHARS = 4_096
"""Dropped at a cut, so that no half of a secret stays at the edge."""

_SHAPES = re.compile(
    r"""
    -----BEGIN\ [A-Z\ ]{0,30}PRIVATE\ KEY-----[^-]{0,20000}(?:-----END\ [A-Z\ ]{0,30}PRIVATE\ KEY-----)?
    | \bsk-[A-Za-z0-9_-]{12,}                              # OpenAI and those who follow it
    | \b(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{10,}        # Stripe
    | \bgh[pousr]_[A-Za-z0-9]{20,} | \bgithub_pat_[A-Za-z0-9_]{20,} | \bglpat-[A-Za-z0-9_-]{16,}
    | \b(?:hf|gsk|r8)_[A-Za-z0-9]{20,}                     # Hugging Face, Groq, Replicate
    | \b(?:tvly|xai|pplx|nvapi|csk)-[A-Za-z0-9_-]{16,} | \blsv2_(?:pt|sk)_[A-Za-z0-9_]{16,}
    | \bxox[abeprs]-[A-Za-z0-9-]{10,}                      # Slack
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b                        # AWS
    | \bAIza[A-Za-z0-9_-]{30,} | \bya29\.[A-Za-z0-9_-]{20,}
    | \beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]{0,4000})?
    """,
    re.VERBOSE,
)

_NAMES = r"(?:api[_-]?key|passw(?:or)?d|secret(?:[_-](?:access[_-])?key)?|(?:access|auth|refresh|session)[_-]?token)"

_IN_CONTEXT = (
    re.compile(
        r"(\bauthorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:(?:bearer|basic|token)\s{1,3})?)[^\s\"',;]{4,}",
        re.IGNORECASE,
    ),
    re.compile(r"(\bbearer\s{1,3})(?=[^\s\"',;]{0,200}[0-9])[A-Za-z0-9._~+/=-]{12,}", re.IGNORECASE),
    re.compile(r"(://[^\s/:@\"']{0,100}:)[^\s/@\"']{1,500}(?=@)"),
    re.compile(r"(://)[^\s/:@\"'?#]{16,500}(?=@)"),
    re.compile(
        r"([?&](?:[a-z-]{0,20}(?:key|token|secret|password|signature)|sig|pwd|auth)=)[^&\s\"'#<>]{4,}", re.IGNORECASE
    ),
    re.compile(rf"({_NAMES}[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?)(?!\[redacted)[^\s\"',;&]{{6,}}", re.IGNORECASE),
)
"""Secrets known by what stands before them, which is group 1 and stays."""

_SECRET_FIELD = re.compile(rf"(?:.{{0,40}}[_-])?(?:{_NAMES}|authorization|(?:set-)?cookie)", re.IGNORECASE)


class Redactor:
    """Replaces the given secrets and the well-known shapes; with `personal`, what tells who somebody is as well."""

    def __init__(self, secrets: Iterable[str] = (), *, personal: bool = False) -> None:
        self._personal = personal
        known = {form for secret in secrets for form in _forms(secret)}
        # The longest first, so that a secret which begins with another leaves no tail.
        alternatives = sorted(known, key=lambda form: (-len(form), form))
        self._known = re.compile("|".join(map(re.escape, alternatives)) if alternatives else r"(?!)")

    def text(self, text: str) -> str:
        """`text` without secrets."""
        text = _SHAPES.sub(REDACTED, self._known.sub(REDACTED, text))
        for pattern in _IN_CONTEXT:
            text = pattern.sub(rf"\g<1>{REDACTED}", text)
        return without_personal(text) if self._personal else text

    def data(self, value: Any) -> Any:
        """`value` as plain JSON data without secrets, names of fields included; what is too long is cut."""
        return plain_data(value, text=self._bounded, hide=_is_secret_field)

    def _bounded(self, text: str) -> str:
        if len(text) <= MAX_TEXT_CHARS:
            return sanitised(self.text(text))
        kept = self.text(text[:MAX_TEXT_CHARS])[:-_EDGE_CHARS]
        return sanitised(kept) + f" [cut: {len(text)} characters]"


def _is_secret_field(name: str, value: Any) -> bool:
    return isinstance(value, str) and _SECRET_FIELD.fullmatch(name[:100]) is not None


def _forms(secret: str) -> set[str]:
    """A secret as it is, percent-encoded for URLs, and escaped for JSON."""
    secret = secret.strip()
    if len(secret) < MIN_SECRET_CHARS:
        return set()
    encodable = sanitised(secret)
    escaped = {json.dumps(encodable)[1:-1], json.dumps(encodable, ensure_ascii=False)[1:-1]}
    return {secret, encodable, quote(encodable, safe=""), quote_plus(encodable), *escaped}
