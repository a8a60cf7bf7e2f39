"""What there is to say about a run: its directory goes in, `Facts` come out.

The facts are a fold of the run's trace, by the same `RunView` that the terminal shows; files beside it fill in what a
trace does not have. Laws: a run that still goes on, was killed or never planned has facts too; all numbers are finite
and no list is longer than its bound, whatever the trace says, and what was left out is counted; time in which the run
lay still between two sittings is taken out, so that the timeline shows work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pydantic import ValidationError

from ...core.events import (
    Compressed,
    Event,
    LessonLearned,
    Noted,
    PlanRevised,
    Retried,
    RunStarted,
    Spent,
    SubtaskEnded,
    ToolCalled,
    parse_event,
    subtask_of,
)
from ...memory.digest import Digest
from ...memory.errors import StorageError
from ...memory.rundir import RunDir
from ...memory.trace.reader import read_trace
from ...memory.trace.record import CONTENT, KEPT_NAMES, TraceRecord
from ...memory.trace.view import RunView
from ...planner.brief import Brief
from ..report import Report
from .books import Spending
from .some import Some

_LARGEST = 1e12
"""Tokens, seconds or dollars beyond this are a fault of the trace."""

Failure: TypeAlias = SubtaskEnded | ToolCalled
Data: TypeAlias = Mapping[str, Any]


@dataclass
class Facts:
    """What there is to say about a run.

    Attributes:
        run: its id.
        view: its events, folded; times are Unix seconds without those in which the run lay still.
        spending: the ledger's view.
        brief: what was asked; None when it cannot be read.
        report: what was written; None when nothing was.
        began_at: when it began, Unix seconds; None when nothing is known to have happened.
        now: the time of the last event, on the clock of `view`.
        resumed_at: when it was gone on with, on that clock.
        budget_tokens: what the run may spend; None for no limit, or when it is not told.
        budget_dollars: likewise.
        ended: subtasks that failed, were skipped, capped or lacked inputs, the last end of each.
        tool_errors: calls of tools that failed.
        lessons: what must not be repeated.
        revisions: changes of the plan.
        retries: how often calls were made again, by the reason.
        notes: warnings and what else a person should know.
        digests: digests that name failures or open questions.
        compressed: how much was made smaller, in tokens before and after, and how often.
    """

    run: str
    view: RunView = field(default_factory=RunView)
    spending: Spending = field(default_factory=Spending)
    brief: Brief | None = None
    report: Report | None = None
    began_at: float | None = None
    now: float = 0.0
    resumed_at: list[float] = field(default_factory=list)
    budget_tokens: int | None = None
    budget_dollars: float | None = None
    ended: dict[str, SubtaskEnded] = field(default_factory=dict)
    tool_errors: Some[ToolCalled] = field(default_factory=lambda: Some(100))
    lessons: Some[LessonLearned] = field(default_factory=lambda: Some(200))
    revisions: Some[PlanRevised] = field(default_factory=lambda: Some(50))
    retries: Counter[str] = field(default_factory=Counter)
    notes: Some[Noted] = field(default_factory=lambda: Some(200))
    digests: dict[str, Digest] = field(default_factory=dict)
    compressed: tuple[int, int, int] = (0, 0, 0)

    @property
    def state(self) -> str:
        """How it ended, or `unfinished`."""
        return self.view.ended.state if self.view.ended else "unfinished"

    @property
    def start(self) -> float:
        """When the run began, on the clock of `view`."""
        return self.now if self.began_at is None else self.began_at

    @property
    def seconds(self) -> float:
        """How long it was worked on."""
        return max(0.0, self.now - self.start)


def facts_of(directory: RunDir) -> Facts:
    """The facts of the run in a directory.

    Raises:
        StorageError: when its files cannot be read.
        UnknownVersion: when a newer Foreplan wrote its trace.
    """
    facts = Facts(directory.run)
    fold = _Fold(facts)
    if directory.trace.is_file():
        for record in read_trace(directory.trace):
            fold.record(record)
    if facts.brief is None and directory.brief.is_file():
        fold.brief(_json_in(directory, "brief"))
    if facts.report is None and directory.finished:
        result = _json_in(directory, "result")
        fold.report({"markdown": result.get("report"), **{name: result.get(name) for name in ("citations", "missing")}})
    if facts.report is None and directory.report.is_file():
        facts.report = Report(markdown=directory.report.read_text(encoding="utf-8", errors="replace"))
    return facts


def _json_in(directory: RunDir, name: str) -> Data:
    """The object in one of the directory's JSON files; an empty one when it was damaged, for a page about the rest."""
    try:
        found = directory.read(getattr(directory, name))
    except StorageError:
        return {}
    return found if isinstance(found, dict) else {}


class _Fold:
    """Takes a trace in, line by line."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._last = 0.0
        self._still_s = 0.0

    def record(self, record: TraceRecord) -> None:
        """Take in one line."""
        if record.event is not None:
            try:
                event = parse_event(record.event)
            except ValidationError:
                return
            self._event(event)
        elif record.name == KEPT_NAMES["report"]:
            self.report(record.attributes.get(CONTENT))
        elif record.name == KEPT_NAMES["brief"]:
            self.brief(record.attributes.get(CONTENT))
        elif record.name == KEPT_NAMES["digest"]:
            self._digest(record.attributes.get(CONTENT))

    def brief(self, content: Any) -> None:
        """Take in what was asked."""
        try:
            self._facts.brief = Brief.model_validate(content)
        except ValidationError:
            return

    def report(self, content: Any) -> None:
        """Take in what was written; of a report with a damaged citation, what can be read."""
        if not isinstance(content, dict):
            return
        try:
            self._facts.report = Report.model_validate(content)
        except ValidationError:
            text = content.get("markdown")
            self._facts.report = Report(markdown=text) if isinstance(text, str) and text else self._facts.report

    def _digest(self, content: Any) -> None:
        try:
            digest = Digest.model_validate(content)
        except ValidationError:
            return
        if digest.failures or digest.open_questions:
            self._facts.digests[digest.subtask] = digest.model_copy(update={"claims": ()})

    def _event(self, told: Event) -> None:
        facts = self._facts
        event = self._on_our_clock(_sane(told, self._last))
        facts.now = max(facts.now, event.at)
        known = facts.view.knows(event)
        facts.view.apply(event)
        match event:
            case RunStarted():
                facts.budget_tokens, facts.budget_dollars = event.budget_tokens, event.budget_dollars
            case Spent():
                facts.spending.add(event)
            case SubtaskEnded():
                self._subtask_ended(event)
            case ToolCalled() if event.error:
                facts.tool_errors.add(event)
            case LessonLearned():
                facts.lessons.add(event)
            case PlanRevised() if not known:
                facts.revisions.add(event)
            case Noted():
                facts.notes.add(event)
            case Retried():
                facts.retries[f"{(subtask_of(event.account) and 'workers') or event.account}: {event.reason}"] += 1
            case Compressed():
                times, before, after = facts.compressed
                facts.compressed = times + 1, before + event.tokens_in, after + event.tokens_out
            case _:
                pass

    def _subtask_ended(self, event: SubtaskEnded) -> None:
        self._facts.ended.pop(event.subtask, None)
        if event.state != "done":
            self._facts.ended[event.subtask] = event

    def _on_our_clock(self, event: Event) -> Event:
        """The event at its time less those in which the run lay still before it."""
        facts = self._facts
        if facts.began_at is None:
            facts.began_at = self._last = event.at
        if isinstance(event, RunStarted) and event.resumed:
            self._still_s += max(0.0, event.at - self._last)
            facts.resumed_at.append(event.at - self._still_s)
        self._last = event.at
        return event.model_copy(update={"at": event.at - self._still_s}) if self._still_s else event


def _sane(event: Event, last: float) -> Event:
    """The event with numbers that can be drawn and added up; a time that is none is that of the last event."""
    wrong = {
        name: last if name == "at" else type(value)(0 if not value > 0 else _LARGEST)
        for name, value in event
        if isinstance(value, int | float) and not 0 <= value <= _LARGEST
    }
    return event.model_copy(update=wrong) if wrong else event
