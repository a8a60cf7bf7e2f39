"""JSON and JSON Lines: one line per value, with the path that leads to it, so that a quoted line explains itself.

`{"city": {"name": "Paris", "tags": ["a", "b"]}}` becomes `city.name: Paris`, `city.tags[0]: a`, `city.tags[1]: b`.
What is not valid JSON is read as plain text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from ..base import Document
from .base import bounded, document
from .encoding import decode


def read_json(data: bytes, name: PurePath) -> Document:
    """A JSON file as readable lines."""
    text = decode(data)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return document(text, name)
    return document(bounded(_lines(value)), name, _title(value))


def read_json_lines(data: bytes, name: PurePath) -> Document:
    """JSON Lines: each record a block of readable lines, blocks apart by blank lines."""
    blocks = (_record(line) for line in decode(data).splitlines() if line.strip())
    return document(bounded(blocks, "\n\n"), name)


def _record(line: str) -> str:
    try:
        return bounded(_lines(json.loads(line)))
    except (ValueError, RecursionError):
        return line


def _lines(value: Any) -> Iterator[str]:
    """Leaves in order, each with its path. A stack, not recursion: nesting has no limit."""
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        path, item = stack.pop()
        if isinstance(item, dict):
            stack.extend((f"{path}.{key}" if path else key, inner) for key, inner in reversed(item.items()))
        elif isinstance(item, list):
            stack.extend((f"{path}[{place}]", inner) for place, inner in reversed(list(enumerate(item))))
        elif item is not None and item != "":
            shown = item if isinstance(item, str) else json.dumps(item)
            yield f"{path}: {shown}" if path else shown


def _title(value: Any) -> str | None:
    found = value.get("title") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None
