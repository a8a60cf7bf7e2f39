"""What a subtask sees of its parents: the declared ones, within its memory budget; the rest stays within reach."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plans import plan_of, subtask

from foreplan.agents.context import Context
from foreplan.agents.loop import run_graph
from foreplan.agents.packing import inherit
from foreplan.agents.roles import Assignment, Worker
from foreplan.agents.scope import open_scope
from foreplan.agents.workers.model import ModelWorker
from foreplan.core.events import Compressed, Event
from foreplan.core.limits import Limits
from foreplan.core.models.base import Reply, Request, ToolCall
from foreplan.core.models.roles import Models
from foreplan.core.testing.models import FunctionModel, model_of, scripted
from foreplan.core.testing.tokens import count_tokens
from foreplan.memory.digest import Claim, Digest
from foreplan.memory.evidence import EvidenceRef
from foreplan.memory.pack import render_claim
from foreplan.memory.trace.fold import TraceFold
from foreplan.planner.brief import Brief


class Rich:
    """A worker that finds many things out."""

    name = "rich"

    def __init__(self, claims: int) -> None:
        self.claims = claims

    async def work(self, assignment: Assignment) -> Digest:
        name = assignment.subtask.id
        return Digest(
            subtask=name,
            claims=tuple(self.claim(assignment, f"Ship {n} of {name} has {n + 100} oars.") for n in range(self.claims)),
            open_questions=(f"Who built the ships of {name}?",),
        )

    def claim(self, assignment: Assignment, text: str) -> Claim:
        ref = EvidenceRef(artifact=assignment.artifacts.put(text), start=0, end=len(text))
        return Claim(text=text, evidence=(ref,), confidence=0.9)


def child(claims: int, *, budget: int) -> tuple[list[Request], list[Event]]:
    """What the model is sent that works on the child of one of two subtasks, and what was told."""
    reply = Reply(tool_calls=(ToolCall("1", "submit_digest", json.dumps({"claims": [], "open_questions": []})),))
    backend = FunctionModel(lambda request: reply)
    models = Models(planner=scripted(*["no plan"] * 9), worker=model_of(backend), writer=scripted(*["None."] * 99))
    workers: dict[str, Worker] = {"rich": Rich(claims), "plain": ModelWorker(models.worker)}
    context = Context(models=models, workers=workers, limits=Limits(tokens=10**6, max_revisions=0))
    plan = plan_of(
        subtask("north", worker="rich"), subtask("south", worker="rich"),
        subtask("child", "north", goal="How many oars has ship 7 of north?", worker="plain", budget=budget),
    )  # fmt: skip
    events: list[Event] = []
    asyncio.run(run_graph(Brief(goal="Oars"), run_id="r", context=context, plan=plan, on_event=events.append))
    return backend.requests, events


def test_only_declared_parents_are_seen_with_what_they_left_open() -> None:
    (request,), events = child(3, budget=5_000)
    text = str(request.messages)
    assert "Ship 2 of north" in text
    assert "Who built the ships of north?" in text
    assert "south" not in text
    assert [event for event in events if isinstance(event, Compressed) and event.compressor == "pack"] == []


def test_what_does_not_fit_is_listed_by_handle_and_told() -> None:
    (request,), events = child(300, budget=5_000)
    text = str(request.messages)
    assert "Ship 7 of north has 107 oars." in text
    assert "to c300, left out for room" in text
    shown = [line for line in text.split("\\n") if "of north has" in line]
    assert sum(map(count_tokens, shown)) <= 2_000
    (told,) = [event for event in events if isinstance(event, Compressed) and event.compressor == "pack"]
    assert (told.subtask, told.kept) == ("child", len(shown))
    assert told.kept + told.dropped == 300
    assert told.tokens_out <= 2_000 < told.tokens_in


CLAIMS = st.lists(
    st.builds(Claim, text=st.text("abc d1é漢", min_size=1, max_size=80), confidence=st.floats(0, 1)), max_size=30
)


@settings(max_examples=25, deadline=None)
@given(st.lists(CLAIMS, max_size=3), st.integers(100, 2_000))
def test_no_claim_is_lost_between_what_is_seen_and_what_is_in_reach(found: list[list[Claim]], budget: int) -> None:
    parents = tuple(Digest(subtask=f"s{n}", claims=tuple(claims)) for n, claims in enumerate(found))
    state = {"run": "r", "brief": {"goal": "abc"}}
    context = Context(models=Models(worker=scripted()))
    scope = asyncio.run(open_scope(state, context))  # type: ignore[arg-type]
    inherited = inherit(scope, subtask("child", budget=budget), parents)
    seen = [claim for digest in inherited.digests for claim in digest.claims]
    assert {claim.id for claim in (*seen, *inherited.left_out)} == {claim.id for each in found for claim in each}
    assert not {claim.id for claim in seen} & {claim.id for claim in inherited.left_out}
    assert sum(count_tokens(render_claim(claim)) for claim in seen) <= 0.4 * budget


@pytest.mark.parametrize("reread", [0, 2])
def test_the_trace_records_what_a_compression_kept_and_what_was_read_again(reread: int) -> None:
    event = Compressed(
        subtask="a", compressor="worker", tokens_in=900, tokens_out=40, kept=3, repaired=1, dropped=2, reread=reread
    )
    (record,) = TraceFold("r").fold(event)
    told = {name.removeprefix("foreplan.memory.compressed."): value for name, value in record.attributes.items()}
    assert told == {
        "subtask": "a", "compressor": "worker", "tokens_in": 900, "tokens_out": 40, "kept": 3, "repaired": 1,
        "dropped": 2, "reread": reread,
    }  # fmt: skip
