"""Scope: one run's live parts, opened anew by each node from the context, the store and the state."""

from __future__ import annotations

from dataclasses import dataclass

from langgraph.runtime import Runtime

from ..core.events import Emit, parse_event
from ..core.ledger import Account, Ledger
from ..memory.lessons import LessonBook
from ..planner.brief import Brief
from ..planner.validate import PlanRules
from .board import Board
from .context import Context
from .state import RunState

PLANNER, WRITER = "planner", "writer"
"""Accounts of the ledger beside the subtasks' own, which go by their ids with a prefix."""


def subtask_account(subtask: str) -> str:
    """The name of a subtask's account; the prefix keeps a subtask called `writer` away from the writer's share."""
    return f"subtask:{subtask}"


@dataclass(frozen=True)
class Scope:
    """What the nodes and the executor work with. The ledger is as the journal says: nothing spent is forgotten."""

    run: str
    revision: int
    brief: Brief
    context: Context
    board: Board
    ledger: Ledger
    lessons: LessonBook
    emit: Emit

    @property
    def planner_account(self) -> Account:
        """The account that planning and revising are reserved from."""
        return self.ledger.account(PLANNER)

    @property
    def writer_account(self) -> Account:
        """The account that may use the share kept back for the writer."""
        return self.ledger.account(WRITER)

    @property
    def rules(self) -> PlanRules:
        """What a plan for this run must keep to."""
        context = self.context
        return PlanRules(
            budget_tokens=context.limits.plan_tokens,
            workers=(*context.models.pool, *context.workers),
            sources=context.sources is not None or bool(self.brief.sources),
            cite=self.brief.cite,
        )


async def open_scope(state: RunState, runtime: Runtime[Context]) -> Scope:
    """The scope of the run that `state` tells of."""
    context = runtime.context
    board = Board(runtime.store or context.store, state["run"])
    ledger = Ledger(context.limits, journal=board)
    ledger.hold(WRITER, tokens=context.limits.writer_tokens or 0, dollars=context.limits.writer_dollars or 0.0)
    ledger.replay(await board.journal())

    def emit(event: object) -> None:
        runtime.stream_writer(event.model_dump(mode="json"))  # type: ignore[attr-defined]

    lessons = LessonBook()
    return Scope(
        run=state["run"],
        revision=state.get("revision", 0),
        brief=Brief.model_validate(state["brief"]),
        context=context,
        board=board,
        ledger=ledger,
        lessons=lessons,
        emit=emit,
    )
