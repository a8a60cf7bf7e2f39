"""`foreplan traces show`: the tree of a run's spans with their times and tokens, and what was judged of it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from foreplan.cli.given import home_from, settings_from
from foreplan.cli.text import duration, number, one_line
from foreplan.core.errors import InputError
from foreplan.memory.plain import plain_data
from foreplan.memory.rundir import RunDirs
from foreplan.memory.trace.reader import read_scores, read_spans
from foreplan.memory.trace.record import TraceRecord
from foreplan.memory.trace.score import Score

MAX_SHOWN = 5_000
NAME_WIDTH = 60
MAX_DEPTH = 40

_Children = Mapping[str | None, Sequence[TraceRecord]]


def main(**flags: Any) -> int:
    """Show it; 0.

    Raises:
        UnknownRun: when no run has that id.
        InputError: when the run has no trace.
    """
    directory = RunDirs(home_from(flags, settings_from(flags))).find(flags["run_id"])
    if not directory.trace.is_file():
        raise InputError(f"Run {directory.run} has no trace.", hint="It was cut off before it began; delete it.")
    found = list(islice(read_spans(directory.trace), MAX_SHOWN + 1))
    spans, scores = found[:MAX_SHOWN], list(read_scores(directory.trace))
    if flags["as_json"]:
        told = {"run": directory.run, "spans": [_told(each) for each in spans], "cut": len(found) > MAX_SHOWN}
        print(json.dumps(told | {"scores": [each.model_dump(mode="json") for each in scores]}))
        return 0
    children = _children(spans)
    for line in _tree(children, None, 0):
        print(line)
    if len(found) > MAX_SHOWN:
        print(f"and more than {MAX_SHOWN:,} spans; all are in {directory.trace}")
    for score in scores:
        print(_judged(score))
    return 0


def _children(spans: Sequence[TraceRecord]) -> _Children:
    """Spans by their parent, in the order they began; those whose parent is not there stand at the top."""
    known = {each.span_id for each in spans}
    children: dict[str | None, list[TraceRecord]] = defaultdict(list)
    for each in sorted(spans, key=lambda span: span.start_unix_nano):
        parent = each.parent_span_id if each.parent_span_id in known and each.parent_span_id != each.span_id else None
        children[parent].append(each)
    return children


def _tree(children: _Children, parent: str | None, depth: int) -> Iterator[str]:
    for each in children.get(parent, ()):
        yield _line(each, depth)
        if depth < MAX_DEPTH:
            yield from _tree(children, each.span_id, depth + 1)


def _line(span: TraceRecord, depth: int) -> str:
    name = "  " * depth + one_line(span.name, NAME_WIDTH)
    took = "cut off" if span.end_unix_nano is None else duration(_seconds(span))
    count = tokens_of(span)
    spent = f"{number(count)} tokens" if count else ""
    why = one_line(span.message, 60) if span.status == "error" else ""
    return f"{name:<{NAME_WIDTH}} {took:>8}  {spent:<12} {why}".rstrip()


def _told(span: TraceRecord) -> dict[str, Any]:
    return {
        "span_id": span.span_id,
        "parent_span_id": span.parent_span_id,
        "name": span.name,
        "start_unix_nano": span.start_unix_nano,
        "seconds": None if span.end_unix_nano is None else _seconds(span),
        "tokens": tokens_of(span),
        "status": span.status,
        "message": span.message,
        "attributes": plain_data(span.attributes),
    }


def tokens_of(span: TraceRecord) -> int:
    """What a span spent: a call its own tokens, a subtask or a run those of all its calls."""
    parts = ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "foreplan.budget.tokens")
    counts = [span.attributes.get(name) for name in parts]
    return sum(min(max(each, 0), 10**12) for each in counts if isinstance(each, int))


def _seconds(span: TraceRecord) -> float:
    return ((span.end_unix_nano or 0) - span.start_unix_nano) / 1e9


def _judged(score: Score) -> str:
    who = "rated by the user" if score.by == "user" else f"graded by {one_line(score.name, 40)}"
    return f"{who}: {score.value:.2f}" + (f" ({one_line(score.why, 200)})" if score.why else "")
