"""Research jobs with drawn plans against a server with drawn faults: a `Case` goes in, a `Played` comes out.

One server, one event loop and one pool of connections serve all cases of a session, so that a case costs only its own
calls. What a subtask was billed is read from the server's log, by the goal that stands in the prompt.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from hypothesis import strategies as st
from tenacity import stop_after_attempt

from foreplan.agents.context import Context
from foreplan.agents.loop import run_graph
from foreplan.agents.result import RunResult
from foreplan.core.errors import ForeplanError
from foreplan.core.events import Event
from foreplan.core.limits import Limits
from foreplan.core.models.model import Model
from foreplan.core.models.openai_backend import OpenAIBackend
from foreplan.core.models.retry import RetryPolicy, wait_as_told
from foreplan.core.models.roles import Models
from foreplan.core.models.spec import ModelSpec
from foreplan.core.testing.chat import Answer, ChatRequest
from foreplan.core.testing.faults import FAULT_NAMES, Fault
from foreplan.core.testing.injectors import Faults
from foreplan.core.testing.log import Logged
from foreplan.core.testing.places import Place as Page
from foreplan.core.testing.research import ResearchJob
from foreplan.core.testing.server import ModelServer
from foreplan.memory.artifacts import MemoryArtifacts
from foreplan.memory.documents.base import Document
from foreplan.memory.documents.index import DocumentIndex
from foreplan.planner.brief import Brief

T = TypeVar("T")

ROLES = ("planner", "worker", "writer", "judge")
CALL_S = 0.4
"""How long a call may take: hanging ones cost as much."""
QUICK = RetryPolicy(stop=stop_after_attempt(3), wait=wait_as_told(base_s=0.001, max_s=0.003))
JOB = ResearchJob(subtasks=12, levels=3, distractors=4, seed=5)
KINDS = tuple(Fault(name, retry_after_s=0.002, every_s=0.02) for name in FAULT_NAMES)

_REVISE = "Your plan was carried out in part."
_OUTCOME = re.compile(r"^- ([a-z0-9_-]+): (\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """One run: its plan, its limits, how much its workers and writer think before they answer, and what goes wrong."""

    subtasks: tuple[dict[str, Any], ...]
    limits: Limits
    rate: float
    kinds: Sequence[Fault]
    seed: int
    max_completion_tokens: int = 4_096
    thought_chars: int = 0

    def script(self, request: ChatRequest) -> Answer:
        """What the roles say: the drawn plan, one with other words for what failed, and the job's own workers."""
        if "judge" in request.model:
            return Answer(json={"score": 0.5})
        if "planner" not in request.model:
            return replace(JOB.script(request), reasoning="Hm. " * (self.thought_chars // 4))
        failed: set[str] = set()
        if _REVISE in request.last:
            failed = {name for name, state in _OUTCOME.findall(request.last) if state in ("failed", "skipped")}
        return Answer(json={**JOB.plan, "subtasks": [_changed(each, failed) for each in self.subtasks]})


@dataclass(frozen=True)
class Played:
    """What came of a case. `result` is None when the run ended with `error`."""

    case: Case
    result: RunResult | None
    error: ForeplanError | None
    events: tuple[Event, ...]
    log: tuple[Logged, ...]

    @property
    def billed_tokens(self) -> int:
        """What the server bills for the whole run."""
        return sum(entry.billed_tokens for entry in self.log)

    def billed_by_goal(self, goals: Iterable[str]) -> Counter[str]:
        """What the server bills for the work on each goal, judging included."""
        billed: Counter[str] = Counter()
        for entry in self.log:
            prompt = "\n".join(str(message.get("content")) for message in entry.messages)
            for goal in goals:
                if f"Your subtask: {goal}\n" in prompt or f"<goal>\n{goal}\n</goal>" in prompt:
                    billed[goal] += entry.billed_tokens
        return billed


class Stage:
    """Where cases are played, one after the other. The server runs until `close`."""

    def __init__(self) -> None:
        self.server = ModelServer(self._say, faults=self._fault).start()
        self._runner = asyncio.Runner()
        self._case: Case | None = None
        self._faults: Faults | None = None
        self._backends: dict[str, OpenAIBackend] = {}

    def close(self) -> None:
        """End the server and the loop."""
        self._runner.close()
        self.server.stop()

    def run(self, work: Awaitable[T]) -> T:
        """Do this in the stage's loop."""

        async def do() -> T:
            return await work

        return self._runner.run(do())

    def models(self, **spec: Any) -> Models:
        """Fresh models over the shared connections: nothing learned in another case."""
        made = {role: self._model(role, spec) for role in ROLES}
        return Models(planner=made["planner"], worker=made["worker"], writer=made["writer"], judge=made["judge"])

    def set(self, case: Case) -> None:
        """Have the server speak for this case, with an empty log."""
        assert self.server.wait_idle()
        self.server.clear_log()
        self._case = case
        self._faults = Faults(case.rate, case.kinds, seed=case.seed) if case.rate else None

    def play(self, case: Case, *, on_event: Callable[[Event], None] | None = None, **spec: Any) -> Played:
        """Run a case to its end and read the server's log."""
        self.set(case)
        events: list[Event] = []
        result, error = None, None
        try:
            result = self.run(self.research(case, events.append if on_event is None else on_event, **spec))
        except ForeplanError as caught:
            error = caught
        assert self.server.wait_idle(), "a call is still running although the run is over"
        return Played(case, result, error, tuple(events), tuple(self.server.log))

    async def research(self, case: Case, on_event: Callable[[Event], None], **spec: Any) -> RunResult:
        """The run itself."""
        context = Context(
            models=self.models(**{"max_completion_tokens": case.max_completion_tokens, **spec}),
            sources=SOURCES,
            artifacts=MemoryArtifacts(),
            limits=case.limits,
        )
        return await run_graph(Brief(**JOB.brief), run_id="job", context=context, on_event=on_event)

    def _say(self, request: ChatRequest) -> Answer:
        assert self._case is not None
        return self._case.script(request)

    def _fault(self, request: ChatRequest) -> Fault | None:
        return None if self._faults is None else self._faults(request)

    def _model(self, role: str, fields: Mapping[str, Any]) -> Model:
        spec = ModelSpec(**{"model": role, "base_url": self.server.url, "timeout_s": CALL_S, **fields})
        backend = self._backends.setdefault(role, OpenAIBackend(spec))
        return Model(spec, backend, retry=QUICK)


SOURCES = DocumentIndex.in_memory(Document(name, text, name) for name, text in JOB.documents.items())


@st.composite
def cases(draw: st.DrawFn, rate: float, max_subtasks: int = 6) -> Case:
    """Plans over the job's places, with caps and limits from too small to ample, and any kinds of faults."""
    limits = Limits(
        tokens=draw(st.sampled_from([400_000, 150_000, 60_000]) | st.integers(4_000, 60_000)),
        writer_share=draw(st.sampled_from([0.05, 0.15, 0.5])),
        concurrency=draw(st.integers(1, 8)),
        max_revisions=draw(st.integers(0, 2)),
    )
    room = (limits.tokens or 0) - (limits.writer_tokens or 0)
    pages = JOB.places[: draw(st.integers(1, max_subtasks).map(lambda fewer: max_subtasks + 1 - fewer))]
    cap = max(100, min(room // len(pages), draw(st.sampled_from([60_000, 20_000, 6_000, 2_500]))))
    return Case(
        subtasks=tuple(draw(_subtasks(page, cap)) for page in pages),
        limits=limits,
        rate=rate,
        kinds=draw(st.just(KINDS) | st.lists(st.sampled_from(KINDS), min_size=1, max_size=3, unique=True)),
        seed=draw(st.integers(0, 2**16)),
        max_completion_tokens=draw(st.sampled_from([256, 1_000, 4_096])),
        thought_chars=draw(st.sampled_from([0, 0, 600, 40_000])),
    )


@st.composite
def _subtasks(draw: st.DrawFn, page: Page, cap: int) -> dict[str, Any]:
    planned = next(each for each in JOB.plan["subtasks"] if each["id"] == page.id)
    attempts = draw(st.sampled_from([1, 4, 1, 2]))
    choices = ["first", "vote", "best", "fuse"] if attempts > 1 else ["first"]
    return {
        **planned,
        "depends_on": [parent for parent in planned["depends_on"] if draw(st.booleans())],
        "on_missing": draw(st.sampled_from(["skip", "partial"])),
        "attempts": attempts,
        "select": draw(st.sampled_from(choices)),
        "budget": draw(st.just(cap) | st.integers(100, cap)),
    }


def _changed(subtask: Mapping[str, Any], failed: Iterable[str]) -> dict[str, Any]:
    """A subtask that failed, in other words: it is other work then, with a budget of its own."""
    words = f"{subtask['goal']} Look again." if subtask["id"] in failed else subtask["goal"]
    return {**subtask, "goal": words}
