"""Context: everything live that a run needs, passed in through LangGraph's `context_schema`. State holds only data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore

from ..core.limits import Limits
from ..core.models.roles import Models
from ..memory.artifacts import ArtifactStore, MemoryArtifacts
from ..memory.documents.base import Sources
from ..memory.trace.record import OnRecord

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from ..planner.forecast.history import History
    from .roles import Planner, Worker, Writer
    from .select.base import Verifier


@dataclass(frozen=True)
class Context:
    """What the graph works with.

    Attributes:
        models: the roles; an empty `Models()` runs the extractive roles, which need no model.
        sources: documents that may be searched, or None.
        tools: tools of the workers beyond the built-in ones; any LangChain tools.
        artifacts: where raw tool output is kept.
        limits: what the run may spend, and how much it does at once.
        approve: stop with an `interrupt()` before a plan, or a changed plan, is executed.
        verifier: scores a digest 0..1 for subtasks with `select = "best"`; None asks the judge model, if there is one.
        planner: the user's own planner, instead of the model's. It is asked once: its plans are not revised.
        workers: the user's own workers by name, beside or instead of the models' ones.
        vary_workers: give a subtask's further attempts to the other workers of the pool, in their order.
        writer: the user's own writer, instead of the model's.
        history: past outcomes that correct the planner's forecasts and set budgets; None leaves both to it.
        project: lessons are shared by runs of one project; None keeps them to the run.
        lessons: the store that lessons are kept in; None for the run's own store.
        waves: begin no subtask before all of the level above it have ended, as executors with a barrier do; only for
            comparing with those.
        store: where plan items, results and the journal go when the graph was compiled without a store. In memory by
            default, so that such a run does not survive its process.
        on_record: told each line of the trace that `agents.run` writes, such as a sender to a collector.
    """

    models: Models = field(default_factory=Models)
    sources: Sources | None = None
    tools: Sequence[BaseTool] = ()
    artifacts: ArtifactStore = field(default_factory=MemoryArtifacts)
    limits: Limits = field(default_factory=Limits)
    approve: bool = False
    verifier: Verifier | None = None
    planner: Planner | None = None
    workers: Mapping[str, Worker] = field(default_factory=dict)
    vary_workers: bool = False
    writer: Writer | None = None
    history: History | None = None
    project: str | None = None
    lessons: BaseStore | None = None
    waves: bool = False
    store: BaseStore = field(default_factory=InMemoryStore)
    on_record: OnRecord | None = None
