"""JSON found in prose: a model's answer goes in, the text of the JSON object it most likely meant comes out.

Laws: time is linear in the length of the answer, whatever stands in it; answers above `MAX_CHARS` are not searched;
nothing is repaired, so what comes out stood in the answer as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

MAX_CHARS = 4_000_000
MAX_RESTARTS = 64
"""How often a brace that is never closed is passed over: a constant, so that time stays linear."""

_TOKEN = re.compile(r'["{}]')
_STRING_END = re.compile(r'["\\]')


def find_object(text: str, wanted: Collection[str] = ()) -> str | None:
    """The JSON object in `text` that has all `wanted` keys (else the longest one), or None when there is none."""
    stripped = text.strip()
    if stripped.startswith("{") and stripped.endswith("}") and parse_object(stripped) is not None:
        return stripped
    found = [(piece, value) for piece in _objects(text) if (value := parse_object(piece)) is not None]
    fitting = [piece for piece, value in found if all(key in value for key in wanted)]
    return max(fitting or [piece for piece, _ in found], key=len, default=None)


def parse_object(text: str) -> dict[str, Any] | None:
    """The object that `text` is, or None: not JSON, no object, or nested deeper than Python follows."""
    if len(text) > MAX_CHARS:
        return None
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _objects(text: str) -> Iterator[str]:
    """Outermost balanced `{…}` of the text, from left to right, disjoint."""
    if len(text) > MAX_CHARS:
        return
    start = text.find("{")
    for _ in range(MAX_RESTARTS):
        while start >= 0:
            end = _closing(text, start)
            if end < 0:
                break
            yield text[start : end + 1]
            start = text.find("{", end + 1)
        if start < 0:
            return
        start = text.find("{", start + 1)


def _closing(text: str, start: int) -> int:
    """Where the brace at `start` is closed, braces within strings not counted; -1 when it never is."""
    depth, place = 0, start
    while (token := _TOKEN.search(text, place)) is not None:
        place = token.end()
        if token[0] == "{":
            depth += 1
        elif token[0] == "}":
            depth -= 1
            if depth == 0:
                return token.start()
        else:
            place = _after_string(text, place)
            if place < 0:
                return -1
    return -1


def _after_string(text: str, place: int) -> int:
    """The first place after the string whose inside begins at `place`; -1 when it does not end."""
    while (token := _STRING_END.search(text, place)) is not None:
        if token[0] == '"':
            return token.end()
        place = token.end() + 1
    return -1
