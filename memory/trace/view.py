"""What a person sees of a run, as a fold over its events: events go in one by one, a `RunView` comes out.

Equal events give equal views, whether they come from a run that is going on or from the trace of one that is over.
Nothing here draws: the terminal's tree and the run page do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ...core.events import (
    Event,
    LessonLearned,
    Noted,
    PlanItem,
    PlanReady,
    PlanRevised,
    Retried,
    RunEnded,
    RunStarted,
    Spent,
    SubtaskEnded,
    SubtaskStarted,
    ToolCalled,
    subtask_of,
)

Phase = Literal["planning", "working", "writing", "over"]
RowState = Literal["waiting", "running", "done", "capped", "partial", "failed", "skipped"]

OVERHEAD_ACCOUNTS = ("planner", "writer")
MAX_NOTES = 200
_OPEN = ("waiting", "running")


@dataclass
class Row:
    """One subtask. Tokens and calls are spent so far; times are Unix seconds, those of the work and not of its reuse.

    `dropped` is true when a revision took it out of the plan; `doing` is what it does, or why it ended as it did.
    """

    subtask: str
    goal: str
    depends_on: tuple[str, ...] = ()
    depth: int = 0
    forecast_tokens: int = 0
    budget_tokens: int = 0
    state: RowState = "waiting"
    cached: bool = False
    tokens: int = 0
    calls: int = 0
    claims: int = 0
    worker: str = ""
    dropped: bool = False
    doing: str = ""
    started_at: float | None = None
    ended_at: float | None = None

    def seconds(self, now: float) -> float:
        """How long it has been worked on."""
        return 0.0 if self.started_at is None else max((self.ended_at or now) - self.started_at, 0.0)


@dataclass
class RunView:
    """A run as far as its events tell."""

    run: str = ""
    goal: str = ""
    mode: str = ""
    embedded: bool = False
    resumed: bool = False
    phase: Phase = "planning"
    rows: dict[str, Row] = field(default_factory=dict)
    tokens: int = 0
    dollars: float = 0.0
    calls: int = 0
    overhead_tokens: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OVERHEAD_ACCOUNTS, 0))
    notes: list[str] = field(default_factory=list)
    unfinished: int = 0
    changed: PlanRevised | None = None
    started_at: float | None = None
    ended: RunEnded | None = None

    @property
    def forecast_tokens(self) -> int:
        """What all subtasks together were expected to take."""
        return sum(row.forecast_tokens for row in self.rows.values())

    def seconds(self, now: float) -> float:
        """How long the run has taken."""
        until = self.ended.at if self.ended else now
        return 0.0 if self.started_at is None else max(until - self.started_at, 0.0)

    def knows(self, event: Event) -> bool:
        """Whether a change of the plan or the end was told before: a run that goes on tells of the last ones again."""
        last = self.changed if isinstance(event, PlanRevised) else self.ended if isinstance(event, RunEnded) else None
        return last is not None and last.model_copy(update={"at": event.at}) == event

    def apply(self, event: Event) -> None:
        """Take one event in. Events about subtasks that the plan does not have are taken for what they tell."""
        match event:
            case RunStarted():
                self.run, self.goal, self.started_at = event.run, event.goal, event.at
                self.embedded, self.resumed = event.embedded, event.resumed
                self._begin_again()
            case PlanItem() | SubtaskStarted() | ToolCalled() | SubtaskEnded():
                self._about_subtask(event)
            case PlanReady():
                self.mode = event.mode
                self.phase = "working" if self.unfinished else "writing"
            case Spent():
                self._spent(event)
            case RunEnded():
                self.phase, self.ended = "over", event
                self.tokens, self.dollars, self.calls = event.tokens, event.dollars, event.calls
            case Noted() | LessonLearned() | Retried() | PlanRevised():
                self._note(event)
            case _:
                pass

    def _about_subtask(self, event: PlanItem | SubtaskStarted | ToolCalled | SubtaskEnded) -> None:
        match event:
            case PlanItem():
                self._plan_item(event)
            case SubtaskStarted():
                self._started(event)
            case ToolCalled():
                self._row(event.subtask).doing = f"{event.tool} {event.detail}".strip()
            case SubtaskEnded():
                self._ended(event)

    def _begin_again(self) -> None:
        """What was under way when the last process ended is not any more."""
        for row in self.rows.values():
            if row.state == "running":
                row.state, row.started_at, row.doing = "waiting", None, ""

    def _note(self, event: Noted | LessonLearned | Retried | PlanRevised) -> None:
        if isinstance(event, PlanRevised):
            if self.knows(event):
                return
            self.changed = event
            for row in (self.rows[each] for each in event.dropped if each in self.rows):
                row.dropped = True
        if len(self.notes) < MAX_NOTES:
            self.notes.append(note_of(event))

    def _row(self, subtask: str) -> Row:
        if subtask not in self.rows:
            self.rows[subtask] = Row(subtask, "")
            self.unfinished += 1
        return self.rows[subtask]

    def _plan_item(self, event: PlanItem) -> None:
        row = self._row(event.subtask)
        row.goal, row.forecast_tokens, row.budget_tokens = event.goal, event.forecast_tokens, event.budget_tokens
        row.depends_on, row.dropped = event.depends_on, False
        row.depth = max((self.rows[parent].depth + 1 for parent in event.depends_on if parent in self.rows), default=0)

    def _started(self, event: SubtaskStarted) -> None:
        row = self._row(event.subtask)
        self.unfinished += row.state not in _OPEN
        self.phase = "working"
        row.state, row.cached, row.worker = "running", event.cached, event.worker or row.worker
        if row.ended_at is not None and not event.cached:
            row.started_at = row.ended_at = None
        row.started_at = event.at if row.started_at is None else row.started_at

    def _spent(self, event: Spent) -> None:
        tokens = event.prompt_tokens + event.completion_tokens
        self.tokens += tokens
        self.dollars += event.dollars
        self.calls += 1
        row = self.rows.get(subtask_of(event.account) or "")
        if row is not None:
            row.tokens += tokens
            row.calls += 1
        else:
            self.overhead_tokens[event.account] = self.overhead_tokens.get(event.account, 0) + tokens

    def _ended(self, event: SubtaskEnded) -> None:
        row = self._row(event.subtask)
        self.unfinished -= row.state in _OPEN
        row.state, row.claims, row.doing = event.state, event.claims, event.reason
        # What is taken from an earlier sitting was worked on then.
        row.ended_at = row.ended_at if row.cached and row.ended_at is not None else event.at
        row.tokens = max(row.tokens, event.tokens)
        if not self.unfinished:
            self.phase = "writing"


def note_of(event: Noted | LessonLearned | Retried | PlanRevised) -> str:
    """One line about something a person should know."""
    match event:
        case Noted():
            return event.text
        case LessonLearned():
            return f"{event.subtask}: {event.text}"
        case Retried():
            return f"{subtask_of(event.account) or event.account}: {event.reason}, trying again in {event.wait_s:.1f} s"
        case PlanRevised():
            return f"plan changed: {event.reason}"
