"""The typed events of a run, in the order they happen. One stream feeds the terminal, the trace, jobs and apps.

Each event is a frozen pydantic model; `event.model_dump(mode="json")` goes through LangGraph's custom stream and into
the trace, and `parse_event` reads it back. `EVENTS_VERSION` changes when a field changes meaning or goes away; new
fields and new kinds may come without a new version, so readers skip what they do not know.

Law: an event is small whatever a model, a tool or an endpoint said, and there are a few for each model call, tool call
and subtask. So what waits for a slow reader is bounded by the run's limits; only pieces of the report are longer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

EVENTS_VERSION = 1

MAX_WORDS_CHARS = 4_000
"""Words that come from elsewhere are cut to this."""

_Words = Annotated[str, AfterValidator(lambda text: text[:MAX_WORDS_CHARS])]

SubtaskState = Literal["done", "capped", "partial", "failed", "skipped"]
"""How a subtask ended: with all it wanted, at its cap, with inputs missing, with an error, or not run at all."""


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    at: float = Field(default_factory=time.time, description="Unix time in seconds")


class RunStarted(_Event):
    """The run begins or goes on. `embedded` is true when no model is configured; `project` may be empty.

    `budget_tokens` and `budget_dollars` are what the whole run may spend; null for no limit.
    """

    type: Literal["run_started"] = "run_started"
    version: int = EVENTS_VERSION
    run: str
    goal: str
    embedded: bool = False
    resumed: bool = False
    project: _Words = ""
    budget_tokens: int | None = None
    budget_dollars: float | None = None


class PlanItem(_Event):
    """One subtask of the plan is known (and, in a durable run, kept)."""

    type: Literal["plan_item"] = "plan_item"
    subtask: str
    goal: str
    depends_on: tuple[str, ...] = ()
    forecast_tokens: int = 0
    budget_tokens: int = 0


class PlanReady(_Event):
    """The whole plan is known. `mode` is `direct` or `plan`."""

    type: Literal["plan_ready"] = "plan_ready"
    mode: str
    subtasks: int
    revision: int = 0


class SubtaskStarted(_Event):
    """A worker begins a subtask. `cached` is true when an equal one had already been finished."""

    type: Literal["subtask_started"] = "subtask_started"
    subtask: str
    worker: str = ""
    cached: bool = False


class ToolCalled(_Event):
    """A worker used a tool. `detail` is one line about the arguments; `error` is set when it failed."""

    type: Literal["tool_called"] = "tool_called"
    subtask: str
    tool: str
    detail: _Words = ""
    seconds: float = 0.0
    error: _Words = ""


class Spent(_Event):
    """One model call was settled. Tokens are of that call.

    `account` is `planner`, `writer`, `subtask:ID`, or `subtask:ID:N` for work on a subtask in revision N of the plan.
    """

    type: Literal["spent"] = "spent"
    account: str
    model: str
    prompt_tokens: int
    cached_tokens: int = 0
    completion_tokens: int
    reasoning_tokens: int = 0
    dollars: float = 0.0
    seconds: float = 0.0


class Retried(_Event):
    """A call failed in a way that may pass, and is made again after `wait_s` seconds."""

    type: Literal["retried"] = "retried"
    account: str
    reason: _Words
    attempt: int
    wait_s: float


class LessonLearned(_Event):
    """Something failed that must not be repeated unchanged."""

    type: Literal["lesson_learned"] = "lesson_learned"
    subtask: str
    tool: str = ""
    kind: str
    text: _Words


class SubtaskEnded(_Event):
    """A subtask left its digest, or failed, or was skipped (`reason` says why)."""

    type: Literal["subtask_ended"] = "subtask_ended"
    subtask: str
    state: SubtaskState
    claims: int = 0
    tokens: int = 0
    seconds: float = 0.0
    reason: _Words = ""


class Compressed(_Event):
    """Something was made smaller: how many tokens went in and out, and what became of the claims.

    `reread` counts how often something was read again by its handle before that.
    """

    type: Literal["compressed"] = "compressed"
    subtask: str
    compressor: str
    tokens_in: int
    tokens_out: int
    kept: int
    repaired: int = 0
    dropped: int = 0
    reread: int = 0


class PlanRevised(_Event):
    """The planner changed the plan after failures."""

    type: Literal["plan_revised"] = "plan_revised"
    revision: int
    kept: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    reason: _Words = ""


class ReportToken(_Event):
    """A piece of the report's text as the writer writes it."""

    type: Literal["report_token"] = "report_token"
    text: str


class Noted(_Event):
    """Something a person should know, such as a file that could not be read."""

    type: Literal["noted"] = "noted"
    text: _Words
    level: Literal["info", "warning"] = "info"


class RunEnded(_Event):
    """The run is over. `state` is done, partial (parts are missing), failed, rejected or stopped."""

    type: Literal["run_ended"] = "run_ended"
    state: Literal["done", "partial", "failed", "rejected", "stopped"]
    tokens: int = 0
    dollars: float = 0.0
    seconds: float = 0.0
    calls: int = 0


Event: TypeAlias = (
    RunStarted | PlanItem | PlanReady | SubtaskStarted | ToolCalled | Spent | Retried | LessonLearned
    | SubtaskEnded | Compressed | PlanRevised | ReportToken | Noted | RunEnded
)  # fmt: skip

Emit: TypeAlias = Callable[[Event], None]
"""What a part of a run calls to tell what it does."""

_SUBTASK = "subtask:"


def subtask_of(account: str) -> str | None:
    """The id of the subtask that an account belongs to, in whichever revision; None for planner and writer."""
    return account.removeprefix(_SUBTASK).partition(":")[0] if account.startswith(_SUBTASK) else None


_ADAPTER: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


def parse_event(data: dict[str, Any]) -> Event:
    """The event that `model_dump` turned into `data`.

    Raises:
        pydantic.ValidationError: when it is none of ours.
    """
    return _ADAPTER.validate_python(data)


def silent(event: Event) -> None:
    """An `Emit` that drops everything."""
