"""Any value goes in, plain JSON data comes out: no cycles, no NaN, no lone surrogates, bounded in depth and size."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

MAX_DEPTH = 60
MAX_NODES = 500_000
REDACTED = "[redacted]"
CUT = "[cut: too deep or too large]"
"""These stand where something was left out."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def sanitised(text: str) -> str:
    """`text` as UTF-8 can hold it: each lone surrogate replaced by U+FFFD, so that no offset moves."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def plain_data(
    value: Any, *, text: Callable[[str], str] = sanitised, hide: Callable[[str, Any], bool] = lambda name, value: False
) -> Any:
    """`value` as data that `json.dumps` takes whatever it was.

    Args:
        value: anything. What is not JSON becomes its `str()`.
        text: applied to every string, names of fields included; its result has to be free of lone surrogates.
        hide: tells of a field's name and value whether the value is left out.
    """
    return _Walk(text, hide).plain(value, 0)


class _Walk:
    """One pass over a value, with a limit on all the nodes it visits: shared and cyclic parts cannot blow it up."""

    def __init__(self, text: Callable[[str], str], hide: Callable[[str, Any], bool]) -> None:
        self._text = text
        self._hide = hide
        self._nodes_left = MAX_NODES

    def plain(self, value: Any, depth: int) -> Any:
        self._nodes_left -= 1
        if value is None or isinstance(value, bool | int | float):
            return _plain_number(value)
        if isinstance(value, str):
            return self._text(value)
        if depth >= MAX_DEPTH or self._nodes_left <= 0:
            return CUT
        if isinstance(value, Mapping):
            return {self._text(str(key)): self._field(str(key), value[key], depth) for key in self._as_many(value)}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.plain(each, depth + 1) for each in self._as_many(value)]
        return self._text(str(value))

    def _field(self, name: str, value: Any, depth: int) -> Any:
        return REDACTED if self._hide(name, value) else self.plain(value, depth + 1)

    def _as_many(self, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            if self._nodes_left <= 0:
                return
            yield value


def _plain_number(value: float | bool | None) -> float | bool | str | None:
    """Numbers as JSON readers in other languages take them: none infinite, none beyond 64 bits."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return hex(value)
    return value
