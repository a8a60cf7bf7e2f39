"""Traces go in, a `TraceRow` for each comes out, one after the other.

Law: memory holds the content of one run and no more, however many runs and spans there are; a trace may be torn or
hostile, and what in it is no value of its kind is left out.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...core.events import RunEnded, RunStarted, Spent, SubtaskEnded, parse_event
from ...memory.errors import StorageError
from ...memory.trace.reader import read_trace
from ...memory.trace.record import CONTENT, KEPT_NAMES, TraceRecord
from ...memory.trace.score import Score, score_in
from ...planner.answer import read_answer
from ...planner.plan import MAX_SUBTASKS, Plan
from ...planner.validate import PlanRules
from .row import Example, Outcome, TraceRow

TRACE_FILE = "trace.jsonl"
_KEPT = {name: what for what, name in KEPT_NAMES.items()}
_READ = frozenset({"run_started", "run_ended", "spent", "subtask_ended"})
_MAX_SCORES = 1_000
_YEAR_9999 = 253_370_764_800.0

Skip = Callable[[str], None]
"""Told in a sentence of a trace that cannot be read."""


def read_rows(places: Iterable[Path], *, skip: Skip) -> Iterator[TraceRow]:
    """The runs behind `places`, which are runs' directories or traces; what holds no run is passed over.

    Args:
        places: directories of runs, or files of traces.
        skip: told of each that cannot be read, or that a newer Foreplan wrote.
    """
    for place in places:
        trace = place / TRACE_FILE if place.is_dir() else place
        if place.is_dir() and not trace.exists():
            continue
        try:
            row = read_row(trace)
        except StorageError as error:
            skip(str(error))
            continue
        if row is not None:
            yield row


def read_row(trace: Path) -> TraceRow | None:
    """The run that a trace tells of; None when it tells of none.

    Raises:
        StorageError: when it cannot be read, or a newer Foreplan wrote it.
    """
    fold = _Fold(trace)
    for record in read_trace(trace):
        fold.take(record)
    return fold.row()


class _Fold:
    """What is known of a run after some of its lines."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace
        self._known: dict[str, Any] = {}
        self._kept: dict[str, Any] = {}
        self._example: Example | None = None
        self._scores: deque[Score] = deque(maxlen=_MAX_SCORES)
        self._ended: dict[str, SubtaskEnded] = {}
        self._sums = dict.fromkeys(("tokens", "prompt_tokens", "completion_tokens", "cached_tokens", "calls"), 0)
        self._dollars = 0.0

    def take(self, record: TraceRecord) -> None:
        """Take one line."""
        if record.type == "trace":
            self._known["run"] = str(record.attributes.get("foreplan.run.id", ""))[:100]
        elif (what := _KEPT.get(record.name)) is not None:
            self._keep(what, record.attributes.get(CONTENT))
        elif (score := score_in(record)) is not None:
            self._scores.append(score)
        elif record.event is not None and record.event.get("type") in _READ:
            self._event(record.event)

    def row(self) -> TraceRow | None:
        """The run, as far as it has been told."""
        if not self._known.get("run"):
            return None
        spent = {**self._sums, "dollars": self._dollars}
        plan = self._plan()
        return TraceRow(
            **{**spent, **self._known},
            trace=self._trace,
            brief=self._brief(),
            plan=self._kept.get("plan") if plan else None,
            example=self._example,
            report=self._report(),
            scores=tuple(self._scores),
            outcomes=_outcomes(plan, self._ended) if plan else (),
        )

    def _keep(self, what: str, content: Any) -> None:
        if what == "messages":
            self._example = _example(content) or self._example
        elif what != "digest":
            self._kept[what] = content

    def _event(self, data: dict[str, Any]) -> None:
        try:
            event = parse_event(data)
        except ValidationError:
            return
        if isinstance(event, RunStarted):
            self._known.setdefault("started", _bounded(event.at, _YEAR_9999))
            self._known |= {
                "goal": event.goal, "project": event.project, "embedded": event.embedded, "state": "unfinished",
            }  # fmt: skip
        elif isinstance(event, RunEnded):
            self._known |= {
                "state": event.state, "tokens": _count(event.tokens), "dollars": _bounded(event.dollars),
                "seconds": _bounded(event.seconds), "calls": _count(event.calls),
            }  # fmt: skip
        elif isinstance(event, Spent):
            self._add(event)
        elif isinstance(event, SubtaskEnded) and (event.subtask in self._ended or len(self._ended) < MAX_SUBTASKS):
            self._ended[event.subtask] = event

    def _add(self, event: Spent) -> None:
        prompt, completion = _count(event.prompt_tokens), _count(event.completion_tokens)
        self._sums["tokens"] += prompt + completion
        self._sums["prompt_tokens"] += prompt
        self._sums["completion_tokens"] += completion
        self._sums["cached_tokens"] += _count(event.cached_tokens)
        self._sums["calls"] += 1
        self._dollars += _bounded(event.dollars)

    def _brief(self) -> dict[str, Any]:
        brief = self._kept.get("brief")
        return brief if isinstance(brief, dict) else {}

    def _plan(self) -> Plan | None:
        try:
            return Plan.model_validate(self._kept["plan"]) if "plan" in self._kept else None
        except ValidationError:
            return None

    def _report(self) -> str:
        report = self._kept.get("report")
        text = report.get("markdown") if isinstance(report, dict) else report
        return text if isinstance(text, str) else ""


def _example(exchange: Any) -> Example | None:
    """The exchange as an example, if it is one: chat messages that a whole first plan answers."""
    if not isinstance(exchange, dict) or exchange.get("revision", 0) != 0:
        return None
    sent, said = exchange.get("sent"), exchange.get("said")
    if not isinstance(said, str) or not isinstance(sent, list) or not sent or not all(map(_is_message, sent)):
        return None
    if sent[-1]["role"] != "user" or not isinstance(read_answer(said, PlanRules()), Plan):
        return None
    return Example(tuple({"role": each["role"], "content": each["content"]} for each in sent), said)


def _is_message(message: Any) -> bool:
    return (
        isinstance(message, dict)
        and message.get("role") in {"system", "developer", "user", "assistant"}
        and isinstance(message.get("content"), str)
    )


def _outcomes(plan: Plan, ended: dict[str, SubtaskEnded]) -> tuple[Outcome, ...]:
    outcomes = []
    for subtask in plan.subtasks:
        forecast, end = subtask.forecast, ended.get(subtask.id)
        outcomes.append(
            Outcome(
                subtask.id, forecast.success, forecast.tokens_p50, forecast.tokens_p90, subtask.budget,
                end.state if end else "", _count(end.tokens) if end else 0,
            )
        )  # fmt: skip
    return tuple(outcomes)


def _count(value: int) -> int:
    return min(max(value, 0), 10**12)


def _bounded(value: float, most: float = 1e12) -> float:
    """`value`, which a trace may claim to be anything, as a number of its kind."""
    return min(max(value, 0.0), most) if math.isfinite(value) else 0.0
