"""The parts a run is made of, as the graph sees them: a planner, workers that do a subtask, and a writer.

Each has a form that asks a model and an extractive form that needs none; the graph does not know which it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ..core.events import Emit, silent
from ..core.ledger import Account
from ..memory.artifacts import ArtifactStore
from ..memory.digest import Claim, Digest
from ..memory.documents.base import Sources
from ..planner.brief import Brief
from ..planner.exchange import Hear, unheard
from ..planner.messages import WorkerOffer
from ..planner.plan import Plan, Subtask
from ..planner.validate import PlanRules

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from ..core.models.model import Model
    from .report import Report


@dataclass(frozen=True)
class Planning:
    """Everything a planner gets: the brief, and what the run asks of a plan for it.

    Attributes:
        brief: what the user wants.
        rules: what the plan must keep to; the budget that its subtasks share among them.
        account: what its model calls are reserved from.
        workers: the pool to choose from by name.
        lessons: what failed before, a sentence each.
        emit: tells what happens.
        hear: is told each call of a model, what was sent and what was said, for the trace.
    """

    brief: Brief
    rules: PlanRules
    account: Account
    workers: Sequence[WorkerOffer] = ()
    lessons: Sequence[str] = ()
    emit: Emit = silent
    hear: Hear = unheard


class Planner(Protocol):
    """Turns a brief into a plan that comes whole, such as a planner that was trained and runs in this process."""

    name: str

    async def propose(self, planning: Planning) -> Plan:
        """The plan.

        Raises:
            PlanError: when it has none.
        """


@dataclass(frozen=True)
class Assignment:
    """Everything a worker gets for one attempt at one subtask: nothing of its siblings, no transcript.

    Attributes:
        brief: what the user wants, for orientation.
        subtask: the piece of work.
        parents: digests of the subtasks it depends on, already packed into its memory budget.
        account: what its model calls are reserved from; its cap is the subtask's budget.
        artifacts: where raw tool output goes, and where evidence is resolved.
        sources: the user's documents, or None.
        tools: tools beyond the built-in ones.
        emit: tells what happens.
        attempt: 0 for the first attempt, then 1, 2 …; it is also the seed.
        share_tokens: what this attempt may use of what the account has left; None for all of it.
        missing: ids of dependencies that left nothing.
        deadline: the event loop's time by which to hand in what there is (as `asyncio.timeout_at` takes it), or None;
            an attempt that goes on is cut off soon after.
    """

    brief: Brief
    subtask: Subtask
    parents: tuple[Digest, ...]
    account: Account
    artifacts: ArtifactStore
    sources: Sources | None = None
    tools: Sequence[BaseTool] = ()
    emit: Emit = silent
    attempt: int = 0
    share_tokens: int | None = None
    missing: tuple[str, ...] = field(default=())
    left_out: tuple[Claim, ...] = ()
    compressor: Model | None = None
    deadline: float | None = None


class Worker(Protocol):
    """Does one subtask.

    A cap or a deadline reached or a tool that fails is part of the digest (`capped`, `failures`), not an exception;
    what a worker raises is a failure of the attempt as a whole, such as an endpoint that is down.
    """

    name: str

    async def work(self, assignment: Assignment) -> Digest:
        """The digest of one attempt."""


@dataclass(frozen=True)
class Writing:
    """Everything the writer gets: the brief, the plan and the digests, in plan order.

    `plan_cut_short` says why the plan has no more subtasks, when the planner could not write it to its end.
    """

    brief: Brief
    plan: Plan
    digests: tuple[Digest, ...]
    account: Account
    artifacts: ArtifactStore
    emit: Emit = silent
    plan_cut_short: str = ""


class Writer(Protocol):
    """Turns digests into a report whose citations are checked."""

    async def write(self, writing: Writing) -> Report:
        """The report. It names what is missing and why; it is never empty."""
