"""Tokens of a JSON plan go in; its text, the plan, and which tokens wrote which field come out.

Fields are named as `grammar.reading` names them. A field's tokens are those of its value. What a tokenizer does to the
text is found by decoding ever longer beginnings, so it holds for any of them.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ...planner.answer import read_answer
from ...planner.plan import Plan
from ...planner.validate import PlanRules
from ..rollout import Field

Spans = dict[Field, tuple[int, int]]
_HEAD = ("mode", "answer", "synthesis", "success")
_KEY = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:\s*')
_BLANK = re.compile(r"[\s,]*")


def json_reader(tokenizer: Any) -> Callable[[Sequence[int]], tuple[str, Plan | None, Spans]]:
    """A reader of completions of this tokenizer."""
    special = set(tokenizer.all_special_ids)

    def read(ids: Sequence[int]) -> tuple[str, Plan | None, Spans]:
        kept = [each for each in ids if each not in special]
        text = tokenizer.decode(kept)
        found = read_answer(text, PlanRules())
        if not isinstance(found, Plan):
            return text, None, {}
        ends = [len(tokenizer.decode(kept[: at + 1])) for at in range(len(kept))]
        return text, found, dict(_as_tokens(field_spans(text), ends))

    return read


def field_spans(text: str) -> Spans:
    """Where the value of each field of a plan stands in its text; what is out of order ends the search."""
    start = text.find("{")
    return dict(_object(text, start, "", _HEAD)) if start >= 0 else {}


def _object(text: str, start: int, owner: str, wanted: Sequence[str]) -> Iterator[tuple[Field, tuple[int, int]]]:
    """The fields of the object that begins at `start`, whose subtask is `owner`."""
    at, decoder = start + 1, json.JSONDecoder()
    while key := _KEY.match(text, _BLANK.match(text, at).end()):  # type: ignore[union-attr] # it matches nothing too
        name, begin = key[1], key.end()
        try:
            value, at = decoder.raw_decode(text, begin)
        except (ValueError, RecursionError):
            return
        if name == "subtasks" and isinstance(value, list):
            yield from _subtasks(text, begin, value)
        elif name == "forecast" and isinstance(value, dict):
            yield from _object(text, begin, owner, ("success", "tokens_p50", "tokens_p90"))
        elif name in wanted or owner:
            yield (owner, name), (begin, at)


def _subtasks(text: str, start: int, subtasks: Sequence[Any]) -> Iterator[tuple[Field, tuple[int, int]]]:
    at, decoder = start + 1, json.JSONDecoder()
    for subtask in subtasks:
        begin = _BLANK.match(text, at).end()  # type: ignore[union-attr]
        _, at = decoder.raw_decode(text, begin)
        if isinstance(subtask, dict) and isinstance(subtask.get("id"), str):
            yield from _object(text, begin, subtask["id"], ())


def _as_tokens(spans: Spans, ends: Sequence[int]) -> Iterator[tuple[Field, tuple[int, int]]]:
    for field, (start, end) in spans.items():
        yield field, (bisect_right(ends, start), bisect_left(ends, end) + 1)
