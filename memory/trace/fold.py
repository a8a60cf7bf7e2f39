"""The fold from events to the lines of a trace. Pure: no clock and no file.

    invoke_workflow                 from RunStarted to RunEnded
    ├── plan                        from the run's start to PlanReady; of a revision, from the planner's first call
    │   └── chat MODEL              what the planner spent on the first plan
    ├── invoke_agent SUBTASK        from SubtaskStarted to SubtaskEnded
    │   ├── chat MODEL
    │   ├── execute_tool TOOL       (retrieval TOOL for searches)
    │   └── events: lessons, retries, compressions
    └── chat MODEL                  what the writer spent, and the planner on revisions

A run that goes on after a kill first closes the spans that were open then, as errors, at the last time known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from ...core.events import (
    Compressed,
    Event,
    LessonLearned,
    Noted,
    PlanItem,
    PlanReady,
    PlanRevised,
    ReportToken,
    Retried,
    RunEnded,
    RunStarted,
    Spent,
    SubtaskEnded,
    SubtaskStarted,
    ToolCalled,
    subtask_of,
)
from .record import CONTENT, KEPT_NAMES, TRACE_VERSION, Kept, Status, TraceRecord, span_id, trace_id, unix_nano
from .score import EVALUATION, Score

_RUN = "invoke_workflow"
_PLAN = "plan"
_PLANNER = "planner"
_SEARCHES = frozenset({"search", "web_search"})
_EVENT_NAMES: dict[type[Any], str] = {
    PlanItem: "foreplan.plan.item",
    PlanRevised: "foreplan.plan.revised",
    Retried: "foreplan.budget.retry",
    LessonLearned: "foreplan.memory.lesson",
    Compressed: "foreplan.memory.compressed",
    Noted: "foreplan.run.note",
}


class TraceFold:
    """What a trace needs to remember between two events: its open spans, and how many of each name there were."""

    def __init__(self, run: str) -> None:
        self.run = run
        self._trace_id = trace_id(run)
        self._open: dict[str, TraceRecord] = {}
        self._counts: Counter[str] = Counter()
        self._last_nano = 0
        self._planning_since: float | None = None
        self._handlers: dict[type[Any], Callable[[Any], list[TraceRecord]]] = {
            RunStarted: self._run_started,
            PlanReady: self._plan_ready,
            SubtaskStarted: self._subtask_started,
            SubtaskEnded: self._subtask_ended,
            ToolCalled: self._tool_called,
            Spent: self._spent,
            RunEnded: self._run_ended,
            # The report is kept whole; its pieces would make a line for each token.
            ReportToken: lambda event: [],
        }

    def header(self) -> TraceRecord:
        """The line that opens a trace."""
        attributes = {
            "service.name": "foreplan", "foreplan.run.id": self.run, "foreplan.trace.version": TRACE_VERSION,
        }  # fmt: skip
        return TraceRecord(
            type="trace", trace_id=self._trace_id, span_id="", name="foreplan", start_unix_nano=0, attributes=attributes
        )

    def fold(self, event: Event) -> list[TraceRecord]:
        """The lines that this event adds."""
        records = self._handlers.get(type(event), self._plain_event)(event)
        self._last_nano = max(self._last_nano, unix_nano(event.at))
        return records

    def keep(self, what: Kept, content: Any, *, subtask: str, at: float) -> TraceRecord:
        """The line that keeps `content` whole."""
        attributes = {CONTENT: content, **({"foreplan.plan.subtask": subtask} if subtask else {})}
        return self._event(KEPT_NAMES[what], self._parent(subtask), at, attributes, None)

    def score(self, score: Score) -> TraceRecord:
        """The line that keeps a judgement of the run."""
        return self._event(EVALUATION, self._parent(""), score.at, score.attributes(), None)

    def restore(self, record: TraceRecord) -> None:
        """Take up a line that an earlier process wrote. A judgement is given long after the run, and tells no time."""
        if record.name == EVALUATION:
            return
        self._last_nano = max(self._last_nano, record.start_unix_nano, record.end_unix_nano or 0)
        if record.type == "open":
            self._open[record.name] = record
            self._counts[record.name] += 1
        elif record.type == "span" and self._open.pop(record.name, None) is None:
            self._counts[record.name] += 1

    def _run_started(self, event: RunStarted) -> list[TraceRecord]:
        interrupted = self._close_all("interrupted", nano=self._last_nano)
        attributes = {
            "gen_ai.operation.name": "invoke_workflow", "gen_ai.conversation.id": event.run,
            "foreplan.run.id": event.run, "foreplan.run.goal": event.goal, "foreplan.run.embedded": event.embedded,
            "foreplan.run.resumed": event.resumed, "foreplan.run.project": event.project,
        }  # fmt: skip
        return [*interrupted, self._begin(_RUN, unix_nano(event.at), None, attributes, event)]

    def _run_ended(self, event: RunEnded) -> list[TraceRecord]:
        attributes = {
            "foreplan.run.state": event.state, "foreplan.budget.tokens": event.tokens,
            "foreplan.budget.dollars": event.dollars, "foreplan.budget.calls": event.calls,
        }  # fmt: skip
        left_open = self._close_all(event.state, nano=unix_nano(event.at), but=_RUN)
        status: Status = "ok" if event.state in {"done", "partial"} else "error"
        return [*left_open, self._end(_RUN, event, event.seconds, attributes, status, event.state)]

    def _plan_ready(self, event: PlanReady) -> list[TraceRecord]:
        attributes = {
            "gen_ai.operation.name": "plan", "foreplan.plan.mode": event.mode,
            "foreplan.plan.subtasks": event.subtasks, "foreplan.plan.revision": event.revision,
        }  # fmt: skip
        opened = self._open_first_plan(event.at)
        seconds = 0.0 if self._planning_since is None else max(0.0, event.at - self._planning_since)
        self._planning_since = None
        return [*opened, self._end(_PLAN, event, seconds, attributes, "ok", "")]

    def _subtask_started(self, event: SubtaskStarted) -> list[TraceRecord]:
        name = f"invoke_agent {event.subtask}"
        attributes = {
            "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": event.worker or "worker",
            "foreplan.plan.subtask": event.subtask, "foreplan.memory.cached": event.cached,
        }  # fmt: skip
        if name in self._open:
            return [self._event("foreplan.run.attempt", self._open[name].span_id, event.at, attributes, event)]
        return [self._begin(name, unix_nano(event.at), self._parent(""), attributes, event)]

    def _subtask_ended(self, event: SubtaskEnded) -> list[TraceRecord]:
        attributes = {
            "gen_ai.operation.name": "invoke_agent", "foreplan.plan.subtask": event.subtask,
            "foreplan.run.state": event.state, "foreplan.memory.claims": event.claims,
            "foreplan.budget.tokens": event.tokens,
        }  # fmt: skip
        status: Status = "error" if event.state in {"failed", "skipped"} else "ok"
        name = f"invoke_agent {event.subtask}"
        return [self._end(name, event, event.seconds, attributes, status, event.reason)]

    def _tool_called(self, event: ToolCalled) -> list[TraceRecord]:
        operation = "retrieval" if event.tool in _SEARCHES else "execute_tool"
        attributes = {
            "gen_ai.operation.name": operation, "gen_ai.tool.name": event.tool, "foreplan.plan.subtask": event.subtask,
            "foreplan.run.detail": event.detail,
        }  # fmt: skip
        status: Status = "error" if event.error else "ok"
        parent = self._parent(event.subtask)
        return [
            self._end(f"{operation} {event.tool}", event, event.seconds, attributes, status, event.error, parent=parent)
        ]

    def _spent(self, event: Spent) -> list[TraceRecord]:
        attributes = {
            "gen_ai.operation.name": "chat", "gen_ai.request.model": event.model,
            "gen_ai.usage.input_tokens": event.prompt_tokens, "gen_ai.usage.output_tokens": event.completion_tokens,
            "gen_ai.usage.cache_read.input_tokens": event.cached_tokens,
            "gen_ai.usage.reasoning.output_tokens": event.reasoning_tokens,
            "foreplan.budget.account": event.account, "foreplan.budget.dollars": event.dollars,
        }  # fmt: skip
        start = event.at - event.seconds
        opened = self._open_first_plan(start) if event.account == _PLANNER else []
        if event.account == _PLANNER and self._planning_since is None:
            self._planning_since = start
        parent = self._parent(event.account)
        return [*opened, self._end(f"chat {event.model}", event, event.seconds, attributes, "ok", "", parent=parent)]

    def _plain_event(self, event: Event) -> list[TraceRecord]:
        name = _EVENT_NAMES[type(event)]
        fields = event.model_dump(mode="json", exclude={"type", "at"})
        opened = self._open_first_plan(event.at) if isinstance(event, PlanItem) else []
        of_plan = isinstance(event, PlanItem | PlanRevised)
        owner = self._parent(_PLANNER if of_plan else fields.get("subtask") or fields.get("account", ""))
        attributes = {f"{name}.{field}": value for field, value in fields.items()}
        return [*opened, self._event(name, owner, event.at, attributes, event)]

    def _open_first_plan(self, at: float) -> list[TraceRecord]:
        """The span of the first plan, which began with the run. A revision's is written whole when it is ready."""
        if self._counts[_PLAN]:
            return []
        run = self._open.get(_RUN)
        start = unix_nano(at) if run is None else run.start_unix_nano
        return [self._begin(_PLAN, start, self._parent(""), {"gen_ai.operation.name": "plan"}, None)]

    def _parent(self, account: str) -> str:
        """The span of this account's owner if it is open, or else the run's, of several the last."""
        name = _PLAN if account == _PLANNER else f"invoke_agent {subtask_of(account) or account}"
        record = self._open.get(name) or self._open.get(_RUN)
        return record.span_id if record is not None else span_id(self.run, _RUN, max(0, self._counts[_RUN] - 1))

    def _next_id(self, name: str) -> str:
        self._counts[name] += 1
        return span_id(self.run, name, self._counts[name] - 1)

    def _begin(
        self, name: str, start_nano: int, parent: str | None, attributes: dict[str, Any], event: Event | None
    ) -> TraceRecord:
        record = TraceRecord(
            type="open", trace_id=self._trace_id, span_id=self._next_id(name), parent_span_id=parent, name=name,
            start_unix_nano=start_nano, attributes=attributes, event=_dump(event),
        )  # fmt: skip
        self._open[name] = record
        return record

    def _end(
        self,
        name: str,
        event: Event,
        seconds: float,
        attributes: dict[str, Any],
        status: Status,
        message: str,
        *,
        parent: str | None = None,
    ) -> TraceRecord:
        """Close the open span of this name, or write a whole one that took `seconds` and ends now."""
        opened = self._open.pop(name, None)
        if opened is None:
            opened = TraceRecord(
                type="open", trace_id=self._trace_id, span_id=self._next_id(name), name=name,
                parent_span_id=parent or (None if name == _RUN else self._parent("")),
                start_unix_nano=unix_nano(event.at - seconds),
            )  # fmt: skip
        return opened.model_copy(
            update={
                "type": "span", "end_unix_nano": max(unix_nano(event.at), opened.start_unix_nano), "status": status,
                "message": "" if status == "ok" else message, "attributes": {**opened.attributes, **attributes},
                "event": _dump(event),
            }
        )  # fmt: skip

    def _close_all(self, message: str, *, nano: int, but: str = "") -> list[TraceRecord]:
        closed = []
        # Children before their parents: the run was opened first.
        for name in [name for name in reversed(self._open) if name != but]:
            opened = self._open.pop(name)
            end = max(nano, opened.start_unix_nano)
            closed.append(
                opened.model_copy(
                    update={"type": "span", "end_unix_nano": end, "status": "error", "message": message, "event": None}
                )
            )
        return closed

    def _event(self, name: str, owner: str, at: float, attributes: dict[str, Any], event: Event | None) -> TraceRecord:
        return TraceRecord(
            type="event", trace_id=self._trace_id, span_id=owner, name=name, start_unix_nano=unix_nano(at),
            attributes=attributes, event=_dump(event),
        )  # fmt: skip


def _dump(event: Event | None) -> dict[str, Any] | None:
    if event is None:
        return None
    return {"type": event.type, "at": event.at, **event.model_dump(mode="json", exclude_defaults=True)}
