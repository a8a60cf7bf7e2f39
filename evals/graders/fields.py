"""What graders read of items and outputs: fields of a known type out, or `GradingFault` that says which one is wrong.

Items come from files, outputs from models; both may hold anything.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from .base import GradingFault, Item

_MARKED = re.compile(
    r"(?:^|[\s*_>#(])(?:final[ ]answer|answer)[ ]?(?:\*\*|__)?[ ]?(?::|is:?)[ ]?(?:\*\*|__)?|^####",
    re.IGNORECASE | re.MULTILINE,
)
_EDGES = " \t\r\n*_`"


def field(item: Item, *path: str) -> Any:
    """What stands in the item under `path`, key by key.

    Raises:
        GradingFault: when there is nothing.
    """
    value: Any = item
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
        if value is None:
            raise GradingFault(f"the item has no {'.'.join(path)}")
    return value


def rows(item: Item, *path: str) -> Sequence[Mapping[str, Any]]:
    """A list of objects of the item.

    Raises:
        GradingFault: when there is something else, or nothing.
    """
    value = field(item, *path)
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(row, Mapping) for row in value):
        raise GradingFault(f"{'.'.join(path)} of the item is no list of objects")
    return value


def answer_text(value: Any) -> str:
    """A gold answer in words: "yes" and "no" for truth values, numbers without needless zeros, lists with commas."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {answer_text(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(answer_text, value))
    return "" if value is None else str(value)


def final_answer(text: str) -> str:
    """What a text gives as its answer: what follows the last "Answer:", "the answer is" or "####", else all of it.

    Only the last one counts, so a text that gives several answers wins nothing over one that gives its last.
    """
    last = last_match(_MARKED, text)
    return text.strip(_EDGES) if last is None else text[last.end() :].strip(_EDGES)


def last_match(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The last place that a pattern matches."""
    return next(iter(deque(pattern.finditer(text), maxlen=1)), None)


def bounded_text(text: str, most: int) -> str:
    """The text itself.

    Raises:
        GradingFault: when it has more than `most` characters, which no sound output of its kind has.
    """
    if len(text) > most:
        raise GradingFault(f"the output has {len(text):,} characters; at most {most:,} are read")
    return text
