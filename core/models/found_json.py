"""JSON found in prose: a model's answer goes in, the text of the JSON object it most likely meant comes out.

Laws: time is linear in the length of the answer, whatever stands in it; prose above `MAX_PROSE_CHARS` is not searched;
nothing is repaired, so what comes out stood in the answer as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

MAX_CHARS = 4_000_000
MAX_PROSE_CHARS = 1_000_000
MAX_PASSES = 4
"""How often the search begins anew at the next brace when a stray quotation mark or brace hid everything after it."""
PARSED_SHARE = 4
"""At most this many times the answer's length is parsed in search of an object: a constant, so that time is linear."""

MAX_PARSES = 1_000
"""At most so many pieces are parsed: more objects than that are noise."""

_TOKEN = re.compile(r'["{}]')
_STRING_END = re.compile(r'["\\]')


def find_object(text: str, wanted: Collection[str] = ()) -> str | None:
    """The JSON object in `text` that has all `wanted` keys (else the longest one), or None when there is none."""
    stripped = text.strip()
    if stripped.startswith("{") and stripped.endswith("}") and parse_object(stripped) is not None:
        return stripped
    found = list(_objects(text)) if len(text) <= MAX_PROSE_CHARS else []
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


def _objects(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Objects in the text from left to right, the outermost of nested ones; disjoint."""
    budget, parses, done = PARSED_SHARE * len(text), 0, 0
    for start, end in _pairs(text):
        if start < done:
            continue
        budget, parses = budget - (end - start), parses + 1
        if budget < 0 or parses > MAX_PARSES:
            return
        value = parse_object(text[start:end])
        if value is not None:
            done = end
            yield text[start:end], value


def _pairs(text: str) -> list[tuple[int, int]]:
    """Spans from each brace to the one that closes it, by their beginning; braces within strings do not count."""
    start = text.find("{")
    for _ in range(MAX_PASSES):
        if start < 0:
            break
        found = _pairs_from(text, start)
        if found:
            return sorted(found)
        start = text.find("{", start + 1)
    return []


def _pairs_from(text: str, start: int) -> list[tuple[int, int]]:
    """The spans that a single pass from `start` sees; a brace that is never closed hides nothing."""
    found, opened, place = [], list[int](), start
    while (token := _TOKEN.search(text, place)) is not None:
        place = token.end()
        if token[0] == "{":
            opened.append(token.start())
        elif token[0] == "}":
            if opened:
                found.append((opened.pop(), place))
        elif opened:
            place = _after_string(text, place)
            if place < 0:
                break
    return found


def _after_string(text: str, place: int) -> int:
    """The first place after the string whose inside begins at `place`; -1 when it does not end."""
    while (token := _STRING_END.search(text, place)) is not None:
        if token[0] == '"':
            return token.end()
        place = token.end() + 1
    return -1
