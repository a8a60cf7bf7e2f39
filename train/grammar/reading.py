"""Tokens of a compact plan go in; its text, the plan, and which tokens wrote which field come out.

Fields are named as in `Subtask` and `Forecast`; of the plan's own (id `""`) there are mode, answer, success and end.
`end` is the choice to add no further subtask; the dependencies' tokens include the mark that ends them, which is the
choice to add no further one. Spans are found in the text, so they hold for any tokenizer whose tokens are known by
their characters.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from ...planner.codec import decode
from ...planner.errors import CodecError
from ...planner.plan import Plan
from ..rollout import Field
from ..tiny.words import SPECIAL, pieces_by_id

Spans = dict[Field, tuple[int, int]]

_HEAD = ("mode", "answer", "synthesis", "success")
_LINE = ("id", "kind", "goal", "done_when", "on_missing", "worker", "effort", "forecast", "budget")
_FORECAST = ("success", "tokens_p50", "tokens_p90")
_MARK = re.compile(r"\\.|\|")


def read_compact(ids: Sequence[int]) -> tuple[str, Plan | None, Spans]:
    """What the tiny planner's tokens say: the text, the plan (None when it is not one), and where its fields stand."""
    known = pieces_by_id()
    texts = ["" if each in SPECIAL else known[each] for each in ids]
    return read_texts(texts)


def read_texts(texts: Sequence[str]) -> tuple[str, Plan | None, Spans]:
    """The same for the texts of any tokenizer's tokens; special tokens have the text `""`."""
    text = "".join(texts)
    try:
        plan = decode(text)
    except CodecError:
        return text, None, {}
    ends = list(accumulate(map(len, texts)))
    found = ((field, _tokens(ends, start, end)) for field, start, end in _fields(text))
    return text, plan, {field: tokens for field, tokens in found if tokens[0] < tokens[1]}


def _tokens(ends: Sequence[int], start: int, end: int) -> tuple[int, int]:
    """The tokens that hold some of the characters from `start` to `end`; `ends` is where each token ends."""
    return (0, 0) if start == end else (bisect_right(ends, start), bisect_left(ends, end) + 1)


def _fields(text: str) -> Iterator[tuple[Field, int, int]]:
    """Each field, with the range of its characters."""
    head, *lines, last = text.split("\n")
    for field, (start, end) in zip(_HEAD, _columns(head, 0), strict=True):
        yield ("", field), start, end
    at = len(head) + 1
    for line in lines:
        yield from _line_fields(line, at)
        at += len(line) + 1
    yield ("", "end"), at, at + len(last)


def _line_fields(line: str, at: int) -> Iterator[tuple[Field, int, int]]:
    columns = dict(zip(_LINE, _columns(line, at), strict=True))
    start, end = columns.pop("id")
    name = line[: end - start].partition("<")[0]
    yield (name, "id"), start, start + len(name)
    yield (name, "depends_on"), start + len(name), end + 1
    start, _ = forecast = columns.pop("forecast")
    for field, number in zip(_FORECAST, line[start - at : forecast[1] - at].split(" "), strict=True):
        yield (name, field), start, start + len(number)
        start += len(number) + 1
    for field, (start, end) in columns.items():
        yield (name, field), start, end


def _columns(line: str, at: int) -> Iterator[tuple[int, int]]:
    """The ranges of a line's columns, without the marks between them, where the line begins at `at`."""
    start = 0
    for mark in [found.start() for found in _MARK.finditer(line) if found[0] == "|"]:
        yield at + start, at + mark
        start = mark + 1
    yield at + start, at + len(line)
