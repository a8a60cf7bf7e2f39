"""Plans, briefs and models for the planner's tests: hypothesis strategies, and a backend that says what it is told."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st
from tenacity import stop_after_attempt

from foreplan.core.errors import ModelError
from foreplan.core.models.base import Delta, Message, Reply, Request
from foreplan.core.models.model import Model
from foreplan.core.models.quirks import Quirks
from foreplan.core.models.retry import RetryPolicy
from foreplan.core.models.spec import ModelSpec
from foreplan.core.usage import Usage
from foreplan.planner.plan import Forecast, Plan, Subtask


def make_subtask(name: str, *depends_on: str, **changes: object) -> Subtask:
    values: dict[str, object] = {
        "id": name, "depends_on": depends_on, "kind": "research", "goal": f"Find {name}", "done_when": "found",
        "on_missing": "skip", "worker": None, "effort": "low", "attempts": 1, "select": "first",
        "forecast": {"success": 0.9, "tokens_p50": 1_000, "tokens_p90": 2_000}, "budget": 3_000,
    }  # fmt: skip
    return Subtask.model_validate(values | changes)


def make_plan(*subtasks: Subtask, **changes: object) -> Plan:
    values: dict[str, object] = {"mode": "plan", "answer": None, "synthesis": "Compare.", "success": 0.8}
    return Plan.model_validate(values | {"subtasks": subtasks} | changes)


def as_json(plan: Plan) -> str:
    return json.dumps(plan.model_dump(mode="json"))


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], include_characters="\n\t|\\"), max_size=30)
words = texts.filter(str.strip)
chances = st.floats(0, 1)


@st.composite
def graphs(draw: st.DrawFn, max_nodes: int = 12) -> dict[str, tuple[str, ...]]:
    """Random DAGs, dependencies first."""
    names = [f"n{number}" for number in range(draw(st.integers(0, max_nodes)))]
    return {
        name: tuple(parent for parent in names[:at] if draw(st.integers(0, 3)) == 0) for at, name in enumerate(names)
    }


@st.composite
def plans(draw: st.DrawFn, max_subtasks: int = 6, text: st.SearchStrategy[str] = words) -> Plan:
    """Random plans without faults."""
    if draw(st.integers(0, 9)) == 0:
        return Plan(mode="direct", answer=draw(text), synthesis=draw(texts), success=draw(chances), subtasks=())
    graph = draw(graphs(max_subtasks)) or {"only": ()}
    return Plan(
        mode="plan",
        answer=None,
        synthesis=draw(texts),
        success=draw(chances),
        subtasks=tuple(draw(_subtasks(name, parents, text)) for name, parents in graph.items()),
    )


@st.composite
def _subtasks(draw: st.DrawFn, name: str, parents: tuple[str, ...], text: st.SearchStrategy[str]) -> Subtask:
    p50 = draw(st.integers(0, 50_000))
    attempts = draw(st.integers(1, 16))
    return Subtask(
        id=name,
        depends_on=parents,
        kind=draw(st.sampled_from(["research", "reason", "compute", "write", "check"])),
        goal=draw(text),
        done_when=draw(texts),
        on_missing=draw(st.sampled_from(["skip", "partial"])),
        worker=draw(st.sampled_from([None, "fast", "deep|\\", ""])),
        effort=draw(st.sampled_from(["low", "medium", "high"])),
        attempts=attempts,
        select=draw(st.sampled_from(["first", "vote", "best", "fuse"])) if attempts > 1 else "first",
        forecast=Forecast(success=draw(chances), tokens_p50=p50, tokens_p90=p50 + draw(st.integers(0, 50_000))),
        budget=draw(st.integers(100, 10_000_000)),
    )


@dataclass
class Cut:
    """A stream that breaks after these words."""

    text: str


Say = str | Reply | Cut | ModelError


@dataclass
class ScriptedBackend:
    """Says one thing after the other, streams in pieces of `chunk` characters, and keeps what it was asked."""

    says: Sequence[Say]
    chunk: int = 7
    asked: list[Request] = field(default_factory=list)

    async def complete(self, request: Request) -> Reply:
        said = self._next(request)
        if isinstance(said, ModelError):
            raise said
        if isinstance(said, Cut):
            raise ModelError("The connection broke.", kind="transient")
        return said if isinstance(said, Reply) else Reply(said, usage=Usage(10, 0, 10))

    async def stream(self, request: Request) -> AsyncIterator[Delta]:
        said = self._next(request)
        if isinstance(said, ModelError):
            raise said
        text = said if isinstance(said, str) else said.text
        for at in range(0, len(text), self.chunk):
            yield Delta(text[at : at + self.chunk])
        if isinstance(said, Cut):
            raise ModelError("The connection broke.", kind="transient")
        reason = said.finish_reason if isinstance(said, Reply) else "stop"
        yield Delta(usage=Usage(10, 0, 10), finish_reason=reason)

    def _next(self, request: Request) -> Say:
        self.asked.append(request)
        return self.says[len(self.asked) - 1]

    @property
    def prompts(self) -> list[list[Message]]:
        return [list(request.messages) for request in self.asked]


def scripted_model(*says: Say, chunk: int = 7) -> tuple[Model, ScriptedBackend]:
    backend = ScriptedBackend(says, chunk)
    spec = ModelSpec(
        model="scripted", quirks=Quirks(structured="json_schema", schema_bounds=True), max_completion_tokens=20_000
    )
    return Model(spec, backend, retry=RetryPolicy(stop=stop_after_attempt(1))), backend


def in_pieces(text: str, cuts: Sequence[int]) -> list[str]:
    """`text` cut at the given places (taken modulo its length)."""
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[start:end] for start, end in itertools.pairwise(places)]
