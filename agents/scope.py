"""Scope: one run's live parts, opened anew by each node from the context, the store and the state."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Protocol

from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl, Runtime
from langgraph.store.base import BaseStore

from ..core.errors import SettingsError
from ..core.events import Emit, Event, silent
from ..core.ledger import Account, Ledger
from ..memory.lessons.book import LessonBook
from ..planner.brief import Brief
from ..planner.messages import WorkerOffer
from ..planner.plan import Subtask
from ..planner.validate import PlanRules
from .board import Board
from .context import Context
from .learning import open_lessons
from .state import RunState

_GRACE_S = 2.0

PLANNER, WRITER = "planner", "writer"
"""Accounts of the ledger beside the subtasks' own, which go by their ids with a prefix."""


def subtask_account(subtask: str, revision: int = 0) -> str:
    """The name of a subtask's account; the prefix keeps a subtask called `writer` away from the writer's share.

    A revision gives what it does again a budget of its own: what failed before may have used up the old one.
    """
    return f"subtask:{subtask}:{revision}" if revision else f"subtask:{subtask}"


@dataclass(frozen=True)
class Scope:
    """What the nodes and the executor work with. The ledger is as the journal says: nothing spent is forgotten."""

    run: str
    revision: int
    brief: Brief
    context: Context
    store: BaseStore
    board: Board
    ledger: Ledger
    lessons: LessonBook
    emit: Emit
    control: RunControl | None = None

    def stop_if_drained(self) -> None:
        """Called before anything new is begun.

        Raises:
            GraphDrained: somebody asked the run to stop, to be gone on with later.
        """
        if self.control is not None and self.control.drain_requested:
            raise GraphDrained(self.control.drain_reason or "shutdown")

    @property
    def planner_account(self) -> Account:
        """The account that planning and revising are reserved from."""
        return self.ledger.account(PLANNER)

    @property
    def writer_account(self) -> Account:
        """The account that may use the share kept back for the writer."""
        return self.ledger.account(WRITER)

    def account_of(self, subtask: Subtask, *, priority: float = 0.0) -> Account:
        """The account of the work on a subtask in this revision of the plan."""
        name = subtask_account(subtask.id, self.revision)
        return self.ledger.account(name, cap_tokens=subtask.budget, priority=priority)

    def tokens_of(self, subtask: str) -> int:
        """What was spent on a subtask in all revisions."""
        names = (subtask_account(subtask, revision) for revision in range(self.revision + 1))
        return sum(self.ledger.spent(name).total_tokens for name in names)

    @property
    def seconds_for_work(self) -> float | None:
        """Seconds until all but the writer must stop, so that it keeps its share of the run's time; None: no limit."""
        left = self.planner_account.seconds_left
        return None if left is None else max(0.0, left)

    @property
    def grace_s(self) -> float:
        """Seconds that work may overrun its time to hand in what it has; at most half of the writer's share."""
        share = self.context.limits.writer_seconds
        return _GRACE_S if share is None else min(_GRACE_S, share / 2)

    @property
    def offers(self) -> tuple[WorkerOffer, ...]:
        """The workers a plan may choose from by name, each with what it is good at."""
        pool = self.context.models.workers
        named = [WorkerOffer(name, model.spec.good_at, model.spec.known_price) for name, model in pool.items()]
        return (*named, *(WorkerOffer(name) for name in self.context.workers if name not in pool))

    @property
    def rules(self) -> PlanRules:
        """What a plan for this run must keep to."""
        context = self.context
        return PlanRules(
            budget_tokens=context.limits.tokens,
            writer_tokens=context.limits.writer_tokens or 0,
            workers=tuple({**context.models.workers, **context.workers}),
            sources=context.sources is not None or bool(self.brief.sources),
            cite=self.brief.cite,
        )


async def open_scope(
    state: RunState,
    context: Context,
    store: BaseStore | None = None,
    *,
    emit: Emit = silent,
    control: RunControl | None = None,
) -> Scope:
    """The scope of the run that `state` tells of, its ledger read back from the journal."""
    store = context.store if store is None else store
    context = replace(context, limits=context.limits.since(state.get("clock") or time.time()))
    board = Board(store, state["run"])
    ledger = Ledger(context.limits, journal=board, started_at=state.get("clock") or None)
    limits = context.limits
    ledger.hold(
        WRITER,
        tokens=limits.writer_tokens or 0,
        dollars=limits.writer_dollars or 0.0,
        seconds=limits.writer_seconds or 0.0,
    )
    ledger.replay(await board.journal())
    return Scope(
        run=state["run"],
        revision=state.get("revision", 0),
        brief=Brief.model_validate(state["brief"]),
        context=context,
        store=store,
        board=board,
        ledger=ledger,
        lessons=await open_lessons(context, store, state["run"]),
        emit=emit,
        control=control,
    )


async def scope_in(state: RunState, runtime: Runtime[Context]) -> Scope:
    """The scope inside a node: the graph's own store if it has one, and events into its custom stream."""

    def emit(event: Event) -> None:
        runtime.stream_writer(event.model_dump(mode="json"))

    return await open_scope(state, runtime.context, runtime.store, emit=emit, control=runtime.control)


class Node(Protocol):
    """A node of the graph: the state in, what it adds out."""

    __name__: str

    async def __call__(self, state: RunState, runtime: Runtime[Context]) -> RunState:
        """Run the node."""


def with_context(node: Node, default: Context | None) -> Node:
    """The node with a context it can use: the run's own, else `default`.

    A parent graph hands its own context down, which may be of another type.

    Raises:
        SettingsError: when the node runs and there is neither.
    """

    async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
        context = runtime.context if isinstance(runtime.context, Context) else default
        if context is None:
            raise SettingsError(
                "The graph was started without a context.",
                hint="Pass context=Context(...) to the call, or to build_graph when the graph is part of another.",
            )
        return await node(state, runtime.override(context=context))

    run.__name__ = node.__name__
    return run
