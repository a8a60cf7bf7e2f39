"""State of the graph: plain JSON data, written once each. Digests and raw text live elsewhere, under keys."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from langgraph.channels.ephemeral_value import EphemeralValue
from typing_extensions import TypedDict

from .versions import STATE_VERSION as STATE_VERSION

Json = dict[str, Any]
EndState = Literal["done", "partial", "failed", "rejected"]


class RunInput(TypedDict, total=False):
    """What a run is started with. Only `brief` is needed.

    Attributes:
        brief: a `Brief` as JSON, or just its goal as text.
        plan: a `Plan` as JSON, to be run instead of asking the planner.
        run_id: names the run; a run that is started again under the same id goes on where it stopped.
    """

    brief: Json | str
    plan: Annotated[Json | None, EphemeralValue]
    run_id: Annotated[str | None, EphemeralValue]


class RunOutput(TypedDict, total=False):
    """What a run leaves: plan and report as JSON, how it ended, and the id under which its digests are kept."""

    run: str
    current_plan: Json | None
    report: Json
    ended: EndState


class RunState(RunInput, RunOutput, total=False):
    """The whole state.

    Attributes:
        version: the state's form; a run begun under another one is refused.
        revision: how often the plan was changed, and `changes` the event that told of the last change.
        end: the event that told of the run's end.
        decision: what was said of the plan when approval is on, and `reason` why it was rejected.
        clock: Unix time at which execution began; the run's time limit counts from here.
        next: where an execution or a revision leads.
    """

    version: int
    revision: int
    changes: Json | None
    end: Json
    decision: Literal["approve", "reject"] | None
    reason: str
    clock: float
    next: Literal["execute", "revise", "write"]
