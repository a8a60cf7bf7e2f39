"""Secrets out: text and data go in, the same comes out with secrets replaced by `[redacted]`, and fit to be written.

Two kinds of secrets go: values known to be secret (the keys of the configured endpoints), also in the forms they take
inside URLs and JSON, and whatever has a well-known shape of a secret. Time is linear in the text. Data becomes plain
JSON: no cycles, no NaN, no lone surrogates, bounded in depth and size.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from .artifacts.base import sanitised

REDACTED = "[redacted]"

MIN_SECRET_CHARS = 6
"""Shorter values are place-holders ("none", "test") and no secrets: replacing them would garble ordinary text."""

MAX_TEXT_CHARS = 1_000_000
"""A longer text in data is cut. What people read or train on is shorter; only a hostile tool says more."""

_EDGE_CHARS = 4_096
"""Dropped at a cut, so that no half of a secret stays at the edge."""

_MAX_DEPTH = 60
_MAX_NODES = 500_000

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
    """Replaces the given secrets and the well-known shapes."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {form for secret in secrets for form in _forms(secret)}
        # The longest first, so that a secret which begins with another leaves no tail.
        alternatives = sorted(known, key=lambda form: (-len(form), form))
        self._known = re.compile("|".join(map(re.escape, alternatives)) if alternatives else r"(?!)")

    def text(self, text: str) -> str:
        """`text` without secrets."""
        text = _SHAPES.sub(REDACTED, self._known.sub(REDACTED, text))
        for pattern in _IN_CONTEXT:
            text = pattern.sub(rf"\g<1>{REDACTED}", text)
        return text

    def data(self, value: Any) -> Any:
        """`value` as plain JSON data without secrets, keys included; what is too long or too deep is cut."""
        return _Walk(self).plain(value, 0)


class _Walk:
    """One pass over a value, with a limit on all the nodes it visits: shared and cyclic parts cannot blow it up."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._nodes_left = _MAX_NODES

    def plain(self, value: Any, depth: int) -> Any:
        self._nodes_left -= 1
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return value if -(2**63) <= value < 2**64 else f"{value:#x}"
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        if isinstance(value, str):
            return self._text(value)
        if depth >= _MAX_DEPTH or self._nodes_left <= 0:
            return "[cut: too deep or too large]"
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, list | tuple | set | frozenset):
            return [self.plain(each, depth + 1) for each in _as_long_as(value, self)]
        return self._text(str(value))

    def has_room(self) -> bool:
        return self._nodes_left > 0

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for key in _as_long_as(value, self):
            secret = isinstance(value[key], str) and _SECRET_FIELD.fullmatch(str(key)[:100])
            plain[self._text(str(key))] = REDACTED if secret else self.plain(value[key], depth + 1)
        return plain

    def _text(self, text: str) -> str:
        if len(text) <= MAX_TEXT_CHARS:
            return sanitised(self._redactor.text(text))
        kept = self._redactor.text(text[:MAX_TEXT_CHARS])[:-_EDGE_CHARS]
        return sanitised(kept) + f" [cut: {len(text)} characters]"


def _as_long_as(values: Iterable[Any], walk: _Walk) -> Iterable[Any]:
    for value in values:
        if not walk.has_room():
            return
        yield value


def _forms(secret: str) -> set[str]:
    """A secret as it is, percent-encoded for URLs, and escaped for JSON."""
    secret = secret.strip()
    if len(secret) < MIN_SECRET_CHARS:
        return set()
    encodable = sanitised(secret)
    escaped = {json.dumps(encodable)[1:-1], json.dumps(encodable, ensure_ascii=False)[1:-1]}
    return {secret, encodable, quote(encodable, safe=""), quote_plus(encodable), *escaped}
