"""Runs' traces go in, one line at a time; the history of their subtasks comes out.

A trace keeps the plan whole at its end, so a run that has not ended tells nothing yet. What counts: `done` is a
success, `capped` is cut off by the cap, `failed` has ended without success. What does not: subtasks that were skipped,
found in a cache, worked on with inputs missing (`partial`), or failed before they had spent a token.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from ...core.events import Event, RunEnded, SubtaskEnded, SubtaskStarted, parse_event
from ...memory.errors import UnknownVersion
from ...memory.trace.reader import read_trace
from ...memory.trace.record import CONTENT, KEPT_NAMES
from ..plan import Plan, Subtask
from .history import History, PastOutcome, PastRun

_COUNTED = ("done", "capped", "failed")


def history_from(traces: Iterable[Path]) -> History:
    """The history that these traces hold. Traces of another version of Foreplan are left out.

    Raises:
        StorageError: when one cannot be read.
    """
    outcomes: list[PastOutcome] = []
    runs: list[PastRun] = []
    for path in traces:
        try:
            told = _read(path)
        except UnknownVersion:
            continue
        if told.plan is not None:
            outcomes += told.outcomes(told.plan)
            runs += told.run()
    return History(outcomes, runs)


@dataclass
class _Told:
    """What one trace told: the last end of each subtask, its worker, and the run's end."""

    plan: Plan | None = None
    ended: dict[str, SubtaskEnded] = field(default_factory=dict)
    workers: dict[str, str] = field(default_factory=dict)
    cached: set[str] = field(default_factory=set)
    total: RunEnded | None = None

    def take(self, event: Event) -> None:
        """Note what an event tells."""
        if isinstance(event, SubtaskStarted):
            (self.cached.add if event.cached else self.cached.discard)(event.subtask)
            self.workers[event.subtask] = event.worker
        elif isinstance(event, SubtaskEnded) and event.subtask not in self.cached:
            self.ended[event.subtask] = event
        elif isinstance(event, RunEnded):
            self.total = event

    def outcomes(self, plan: Plan) -> Iterator[PastOutcome]:
        """What the plan's subtasks took, as far as that says something."""
        for subtask in plan.subtasks:
            end = self.ended.get(subtask.id)
            if end is not None and end.state in _COUNTED and end.tokens > 0:
                yield PastOutcome(
                    kind=subtask.kind,
                    effort=subtask.effort,
                    worker=subtask.worker or "",
                    tokens=_of_one_attempt(subtask, end.tokens),
                    censored=end.state == "capped",
                    success=end.state == "done",
                    forecast_tokens=subtask.forecast.tokens_p50,
                )

    def run(self) -> list[PastRun]:
        """What the whole run took, when it has ended and was not free."""
        if self.total is None or not self.total.tokens:
            return []
        subtasks = sum(end.tokens for end in self.ended.values())
        return [PastRun(self.total.tokens, self.total.dollars, subtasks)]


def _read(path: Path) -> _Told:
    told = _Told()
    for record in read_trace(path):
        try:
            if record.event is not None:
                told.take(parse_event(record.event))
            elif record.name == KEPT_NAMES["plan"]:
                told.plan = Plan.model_validate(record.attributes.get(CONTENT))
        except ValidationError:
            continue  # a kind that this version does not know, or a line that was tampered with
    return told


def _of_one_attempt(subtask: Subtask, tokens: int) -> int:
    """Attempts that are compared are all made; of those where the first success counts, mostly one is."""
    return tokens if subtask.select == "first" else max(1, tokens // subtask.attempts)
