"""A research job on the latency server, run through the real graph: what the benchmarks of the executor share."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import SecretStr

from foreplan.agents.context import Context
from foreplan.agents.loop import run_graph
from foreplan.agents.result import RunResult
from foreplan.core.events import Event
from foreplan.core.limits import Limits
from foreplan.core.models.roles import Models, build_models
from foreplan.core.models.spec import ModelSpec
from foreplan.core.testing.log import Logged
from foreplan.core.testing.process import ProcessServer
from foreplan.core.testing.research import ResearchJob
from foreplan.memory.documents.base import Document
from foreplan.memory.documents.index import DocumentIndex
from foreplan.planner.brief import Brief

SCRIPT = "foreplan.core.testing.research:research_script"
ROLES = ("planner", "worker", "writer")


@dataclass(frozen=True)
class Played:
    """One run of a job: its result, everything that happened, what the server saw, and the wall time in seconds."""

    result: RunResult
    events: tuple[Event, ...]
    log: tuple[Logged, ...]
    wall_s: float

    def calls(self, role: str) -> tuple[Logged, ...]:
        """The server's log of one role's calls."""
        return tuple(each for each in self.log if role in each.model)


async def play(job: ResearchJob, *, limits: Limits | None = None) -> Played:
    """Run a job once. The server is a process of its own, so that its work is not counted as ours."""
    with ProcessServer(SCRIPT, _arguments(job)) as server:
        events: list[Event] = []
        context = Context(
            models=models_at(server.url),
            sources=DocumentIndex.in_memory(Document(name, text, name) for name, text in job.documents.items()),
            limits=limits or Limits(tokens=10_000_000, concurrency=64),
        )
        began = time.perf_counter()
        result = await run_graph(Brief(**job.brief), run_id="job", context=context, on_event=events.append)
        wall_s = time.perf_counter() - began
        await context.models.aclose()
        return Played(result, tuple(events), tuple(server.log), wall_s)


def models_at(url: str, *, concurrency: int = 64) -> Models:
    """Planner, worker and writer at one endpoint that knows them by these names."""
    return build_models(
        {
            role: ModelSpec(model=role, base_url=url, api_key=SecretStr("test"), concurrency=concurrency)
            for role in ROLES
        }
    )


def _arguments(job: ResearchJob) -> Mapping[str, Any]:
    return asdict(job)
