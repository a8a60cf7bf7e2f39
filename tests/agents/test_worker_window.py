"""The worker's loop never overflows: models that read and search at random, within drawn windows and budgets."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.tools import tool

from foreplan.agents.roles import Assignment
from foreplan.agents.workers.model import ModelWorker
from foreplan.core.errors import ModelError
from foreplan.core.events import Compressed, Event, ToolCalled
from foreplan.core.ledger import Ledger
from foreplan.core.limits import Limits
from foreplan.core.models.base import Reply, Request, ToolCall
from foreplan.core.testing.models import FunctionModel, model_of
from foreplan.core.testing.tokens import prompt_tokens
from foreplan.memory.artifacts import MemoryArtifacts
from foreplan.memory.digest import Claim, Digest
from foreplan.memory.documents.base import Document
from foreplan.memory.documents.index import DocumentIndex
from foreplan.memory.evidence import EvidenceRef
from foreplan.planner.brief import Brief
from foreplan.planner.plan import Forecast, Subtask

LOGS = [
    Document(
        f"Log {n}",
        f"The log of vessel {n}.\n\n"
        + "\n\n".join(f"On day {day} vessel {n} met a storm and lost {day + n} oars." for day in range(80))
        + f"\n\nVessel {n} has {n + 300} oars.",
        f"log{n}.md",
    )
    for n in range(6)
]
SOURCES = DocumentIndex.in_memory(LOGS)
FORECAST = Forecast(success=0.9, tokens_p50=1_000, tokens_p90=2_000)


@tool
def dump(lines: int) -> str:
    """Say a lot."""
    return "\n\n".join(f"Line {n} of the dump tells of oars." for n in range(min(lines, 3_000)))


def subtask(budget: int = 10**7) -> Subtask:
    return Subtask(
        id="oars", depends_on=(), kind="research", goal="How many oars has vessel 3?", done_when="",
        on_missing="partial", worker=None, effort="low", attempts=1, select="first", forecast=FORECAST, budget=budget,
    )  # fmt: skip


def call(name: str, **arguments: Any) -> ToolCall:
    return ToolCall("x", name, json.dumps(arguments))


CALLS = st.one_of(
    st.builds(lambda n: call("search", query=f"vessel {n} oars storm"), st.integers(0, 9)),
    st.builds(lambda n, at: call("read", handle=f"p{n}", start=at), st.integers(0, 30), st.integers(-1, 6_000)),
    st.builds(lambda n: call("dump", lines=n), st.sampled_from([1, 100, 3_000])),
    st.builds(lambda n: call("calculate", expression=f"{n} + 1"), st.integers(0, 99)),
    st.builds(lambda n: ToolCall("x", "search", "{" + "x" * n), st.sampled_from([0, 3_000, 30_000])),
    st.builds(lambda n: call("nonsense", words="word " * n), st.sampled_from([1, 700])),
)
REPLIES = st.one_of(
    st.lists(CALLS, min_size=1, max_size=9).map(lambda calls: Reply(tool_calls=tuple(calls))),
    st.just(Reply(text="I would rather talk. " * 150)),
    st.just(Reply(tool_calls=(ToolCall("x", "submit_digest", "no digest"),))),
)


class Endpoint(FunctionModel):
    """Says drawn replies, and refuses what its window does not hold. `accepted` are the prompts that it took."""

    def __init__(self, replies: list[Reply], window: int) -> None:
        self.accepted: list[Request] = []
        self._next = iter(replies)
        self._window = window
        super().__init__(self._say)

    def _say(self, request: Request) -> Reply:
        if prompt_tokens(request.messages, request.tools) > self._window:
            raise ModelError("too long", kind="context_overflow", unbilled=True)
        self.accepted.append(request)
        return next(self._next, Reply(tool_calls=(call("submit_digest", claims=[], open_questions=["oars"]),)))


def work(
    endpoint: Endpoint, *, window: int | None, budget: int = 10**7, left_out: tuple[Claim, ...] = ()
) -> tuple[Digest, list[Event], MemoryArtifacts]:
    events: list[Event] = []
    artifacts = MemoryArtifacts()
    assignment = Assignment(
        brief=Brief(goal="Tell about the vessels."), subtask=subtask(budget), parents=(),
        account=Ledger(Limits(tokens=None)).account("oars", cap_tokens=budget), artifacts=artifacts, sources=SOURCES,
        tools=(dump,), emit=events.append, left_out=left_out,
    )  # fmt: skip
    digest = asyncio.run(ModelWorker(model_of(endpoint, window_tokens=window)).work(assignment))
    return digest, events, artifacts


@settings(max_examples=25, deadline=None)
@given(
    st.lists(REPLIES, max_size=12), st.sampled_from([500, 1_500, 3_000, 6_000, 16_000]), st.booleans(),
    st.sampled_from([3_000, 20_000, 10**7]),
)  # fmt: skip
def test_the_loop_never_overflows_and_always_leaves_a_digest(
    replies: list[Reply], window: int, told: bool, budget: int
) -> None:
    """With the window told, and with one that is smaller than the worker thinks."""
    endpoint = Endpoint(replies, window)
    digest, _, artifacts = work(endpoint, window=window if told else None, budget=budget)
    assert digest.state in ("done", "capped", "failed")
    assert not told or len(endpoint.accepted) == len(endpoint.requests)
    for claim in digest.claims:
        assert all(artifacts.span(ref) for ref in claim.evidence)
    for request in endpoint.accepted:
        keeps_the_protocol(request)
        assert "How many oars has vessel 3?" in str(request.messages[1]["content"])


def keeps_the_protocol(request: Request) -> None:
    """Each tool call is answered right behind it, once, and ids do not repeat."""
    waiting: list[str] = []
    seen: set[str] = set()
    for message in request.messages:
        if message["role"] == "tool":
            assert message["tool_call_id"] == waiting.pop(0)
            continue
        assert waiting == []
        waiting = [made["id"] for made in message.get("tool_calls") or ()]
        assert not seen.intersection(waiting)
        seen.update(waiting)
    assert waiting == []


def test_raw_output_is_stored_whole_at_once_and_a_preview_is_shown() -> None:
    endpoint = Endpoint([Reply(tool_calls=(call("dump", lines=3_000),))], 10**6)
    _, _, artifacts = work(endpoint, window=None)
    shown = str(endpoint.accepted[1].messages[-1]["content"])
    assert len(shown) < 10_000
    before = len(artifacts)
    artifacts.put(dump.invoke({"lines": 3_000}), title="dump", source="dump")
    assert len(artifacts) == before


def test_what_was_folded_and_what_went_altogether_is_read_again_by_handle_and_told() -> None:
    searches = [Reply(tool_calls=(call("search", query=f"vessel {n} oars storm"),) * 4) for n in range(5)]
    again = Reply(tool_calls=(call("read", handle="p1"),))
    endpoint = Endpoint([*searches, again], 5_000)
    _, events, _ = work(endpoint, window=5_000)
    first = str(endpoint.accepted[0].messages[1]["content"])
    assert "<data p1 " in first
    last = endpoint.accepted[-1]
    assert "left out for room; read shows any of them again" in str(last.messages[1]["content"])
    assert first.partition("<data p1 ")[2].partition("\n")[2].splitlines()[0] in str(last.messages[-1]["content"])
    folds = [event for event in events if isinstance(event, Compressed) and event.compressor == "fold"]
    assert folds
    assert all(fold.tokens_out < fold.tokens_in for fold in folds)
    (done,) = [event for event in events if isinstance(event, Compressed) and event.compressor == "worker"]
    assert done.reread == 1
    assert [event.tool for event in events if isinstance(event, ToolCalled)][-1] == "read"


def test_what_did_not_fit_of_the_parents_is_read_by_its_handle() -> None:
    artifacts_text = "Chapter one. The smith made 40 oars. Chapter two."
    sha256 = MemoryArtifacts().put(artifacts_text)
    ref = EvidenceRef(artifact=sha256, start=13, end=36)
    left = (Claim(text="The smith made 40 oars.", evidence=(ref,)),)
    quote = call(
        "submit_digest",
        claims=[{"text": "The smith made 40 oars.", "source": "c1", "quote": "The smith made 40 oars."}],
        open_questions=[],
    )
    endpoint = Endpoint([Reply(tool_calls=(call("read", handle="c1"),)), Reply(tool_calls=(quote,))], 10**6)
    events: list[Event] = []
    artifacts = MemoryArtifacts()
    artifacts.put(artifacts_text)
    assignment = Assignment(
        brief=Brief(goal="Oars"), subtask=subtask(), parents=(), account=Ledger(Limits(tokens=None)).account("a"),
        artifacts=artifacts, emit=events.append, left_out=left,
    )  # fmt: skip
    digest = asyncio.run(ModelWorker(model_of(endpoint)).work(assignment))
    assert "They found more, c1 to c1" in str(endpoint.accepted[0].messages[1]["content"])
    assert "The smith made 40 oars." in str(endpoint.accepted[1].messages[-1]["content"])
    assert [each.text for each in digest.claims] == ["The smith made 40 oars."]
