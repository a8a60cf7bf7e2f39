"""A research job over real HTTP through `run_graph`: a server and limits go in, the result and all events come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr
from tenacity import stop_after_attempt

from foreplan.agents.context import Context
from foreplan.agents.loop import run_graph
from foreplan.agents.result import RunResult
from foreplan.core.events import Event
from foreplan.core.models.connect import connect
from foreplan.core.models.model import Model
from foreplan.core.models.retry import RetryPolicy, wait_as_told
from foreplan.core.models.roles import Models
from foreplan.core.models.spec import ModelSpec
from foreplan.core.testing.research import ResearchJob
from foreplan.core.testing.server import ModelServer
from foreplan.memory.documents.base import Document, Sources
from foreplan.memory.documents.index import DocumentIndex
from foreplan.planner.brief import Brief

QUICK = RetryPolicy(stop=stop_after_attempt(2), wait=wait_as_told(base_s=0.001, max_s=0.002))


def sources_of(job: ResearchJob) -> Sources:
    return DocumentIndex.in_memory(Document(name, text, name) for name, text in job.documents.items())


def model_at(server: ModelServer, role: str, **fields: Any) -> Model:
    values = {"model": role, "base_url": server.url, "api_key": SecretStr("k"), **fields}
    return connect(ModelSpec.model_validate(values), retry=QUICK)


def models_at(server: ModelServer, *, pool: Mapping[str, str] | None = None, **fields: Any) -> Models:
    """All roles at one server; `pool` are further workers, by name, with the names of their models."""
    roles = {role: model_at(server, role, **fields) for role in ("planner", "worker", "writer")}
    workers = {name: model_at(server, model, **fields) for name, model in (pool or {}).items()}
    return Models(pool=workers, **roles)


@dataclass(frozen=True)
class Played:
    result: RunResult
    events: list[Event]

    def told(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def report(self) -> str:
        assert self.result.report is not None
        return self.result.report.markdown

    @property
    def states(self) -> dict[str, str]:
        return {digest.subtask: digest.state for digest in self.result.digests}


async def play(brief: Mapping[str, Any], context: Context, **given: Any) -> Played:
    """Run to the end; nothing is left open at the server."""
    events: list[Event] = []
    try:
        result = await run_graph(
            Brief.model_validate(brief), run_id="job", context=context, on_event=events.append, **given
        )
    finally:
        await context.models.aclose()
    return Played(result, events)
