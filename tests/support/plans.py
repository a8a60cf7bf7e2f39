"""Plans and workers for the executor's tests: real LangGraph and real stores, workers that are plain functions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from foreplan.agents.context import Context
from foreplan.agents.roles import Assignment
from foreplan.core.limits import Limits
from foreplan.memory.artifacts import MemoryArtifacts
from foreplan.memory.digest import Claim, Digest
from foreplan.memory.evidence import EvidenceRef
from foreplan.planner.plan import Forecast, Plan, Subtask

Do = Callable[[Assignment], Awaitable[str]]


def subtask(name: str, *depends_on: str, **changes: object) -> Subtask:
    values: dict[str, object] = {
        "id": name,
        "depends_on": depends_on,
        "kind": "research",
        "goal": f"Find out about {name}",
        "done_when": "a fact is found",
        "on_missing": "skip",
        "worker": None,
        "effort": "low",
        "attempts": 1,
        "select": "first",
        "forecast": Forecast(success=0.9, tokens_p50=100, tokens_p90=200),
        "budget": 1_000,
    }
    return Subtask.model_validate(values | changes)


def plan_of(*subtasks: Subtask) -> Plan:
    return Plan(mode="plan", answer=None, synthesis="", success=0.9, subtasks=subtasks)


class FunctionWorker:
    """A worker that is a function: what it returns is stored and becomes the digest's only claim."""

    name = "function"

    def __init__(self, do: Do) -> None:
        self.do = do
        self.begun: list[str] = []
        self.ended: list[str] = []

    async def work(self, assignment: Assignment) -> Digest:
        self.begun.append(assignment.subtask.id)
        text = await self.do(assignment)
        self.ended.append(assignment.subtask.id)
        sha = assignment.artifacts.put(text, title=assignment.subtask.id, source="test")
        ref = EvidenceRef(artifact=sha, start=0, end=len(text))
        return Digest(subtask=assignment.subtask.id, claims=(Claim(text=text, evidence=(ref,), confidence=0.9),))


async def tell(assignment: Assignment) -> str:
    """One fact that shows which parents were seen."""
    await asyncio.sleep(0)
    seen = "+".join(sorted(claim.text.split()[0] for parent in assignment.parents for claim in parent.claims))
    return f"{assignment.subtask.id.capitalize()} follows {seen or 'nothing'}."


def context_with(worker: FunctionWorker, **changes: object) -> Context:
    values: dict[str, object] = {
        "workers": {"worker": worker},
        "artifacts": MemoryArtifacts(),
        "limits": Limits(tokens=100_000),
    }
    return Context(**(values | changes))  # type: ignore[arg-type]


DIAMOND = plan_of(subtask("root"), subtask("left", "root"), subtask("right", "root"), subtask("join", "left", "right"))
