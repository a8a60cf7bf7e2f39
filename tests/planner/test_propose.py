"""Asking a model for a plan: the real Model over a backend that says what the test tells it, and over real HTTP."""

from __future__ import annotations

import json
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.planning import Cut, ScriptedBackend, as_json, make_plan, make_subtask, plans, scripted_model

from foreplan.core.errors import BudgetExhausted, ModelError
from foreplan.core.events import Event, Retried
from foreplan.core.ledger import Ledger, free_account
from foreplan.core.limits import Limits
from foreplan.core.models.base import Reply, StructuredMode
from foreplan.core.models.connect import connect
from foreplan.core.models.model import Model
from foreplan.core.models.quirks import Quirks
from foreplan.core.models.spec import ModelSpec
from foreplan.core.testing import Answer, Fault, ModelServer, once
from foreplan.planner.brief import Brief
from foreplan.planner.errors import PlanError, StreamFault
from foreplan.planner.messages import plan_text
from foreplan.planner.plan import Plan, PlanPrefix
from foreplan.planner.propose import propose, propose_stream
from foreplan.planner.stream import Item
from foreplan.planner.validate import PlanRules

BRIEF = Brief(goal="Who founded Rome, and when?")
RULES = PlanRules(budget_tokens=50_000)
PLAN = make_plan(make_subtask("a"), make_subtask("b", "a"), make_subtask("c", "b"))
TEXT = as_json(PLAN)
FAULTY = TEXT.replace('"depends_on": ["b"]', '"depends_on": ["z"]')
ACCOUNT = free_account("planner")


async def items_of(model: Model, rules: PlanRules = RULES, committed: PlanPrefix | None = None) -> list[Item]:
    stream = propose_stream(model, BRIEF, account=ACCOUNT, rules=rules, committed=committed)
    return [item async for item in stream]


async def test_a_plan_is_asked_for_in_its_schema() -> None:
    model, backend = scripted_model(TEXT)
    assert await propose(model, BRIEF, account=ACCOUNT, rules=RULES) == PLAN
    output = backend.asked[0].output
    assert output is not None
    assert output.json_schema["properties"]["subtasks"]["items"]["properties"]["budget"]["maximum"] == 50_000


async def test_faults_go_back_with_their_places_and_are_repaired() -> None:
    model, backend = scripted_model(FAULTY, "Sorry!", TEXT)
    told: list[Event] = []
    assert await propose(model, BRIEF, account=ACCOUNT, rules=RULES, emit=told.append) == PLAN
    first, second, third = backend.prompts
    assert second[: len(first)] == third[: len(first)] == first
    assert second[-2] == {"role": "assistant", "content": FAULTY}
    assert "- subtasks[2].depends_on[0]: 'z' is the id of no subtask" in second[-1]["content"]
    assert third[-2]["content"] == "Sorry!"
    assert "holds no plan" in third[-1]["content"]
    assert [event.attempt for event in told if isinstance(event, Retried)] == [1, 2]


async def test_after_two_repairs_the_error_keeps_the_words() -> None:
    model, backend = scripted_model("no", "no", FAULTY)
    with pytest.raises(PlanError, match=r"subtasks\[2\]") as caught:
        await propose(model, BRIEF, account=ACCOUNT, rules=RULES)
    assert caught.value.raw == FAULTY
    assert caught.value.kind == "malformed"
    assert caught.value.exit_code == 3
    assert len(backend.asked) == 3


async def test_an_answer_cut_at_its_length_is_told_so() -> None:
    model, backend = scripted_model(Reply(TEXT[:-20], finish_reason="length"), TEXT)
    assert await propose(model, BRIEF, account=ACCOUNT, rules=RULES) == PLAN
    assert "cut at its length limit" in backend.prompts[1][-1]["content"]


async def test_a_dead_endpoint_and_an_empty_budget_are_told_as_they_are() -> None:
    model, _ = scripted_model(ModelError("No such key.", kind="auth"))
    with pytest.raises(ModelError, match="No such key"):
        await propose(model, BRIEF, account=ACCOUNT, rules=RULES)
    poor = Ledger(Limits(tokens=50)).account("planner")
    with pytest.raises(BudgetExhausted):
        await propose(model, BRIEF, account=poor, rules=RULES)
    with pytest.raises(BudgetExhausted):
        await anext(propose_stream(model, BRIEF, account=poor, rules=RULES))


async def test_a_stream_yields_each_item_once() -> None:
    model, _ = scripted_model(f"<think>{TEXT}</think>```json\n{TEXT}\n```")
    assert await items_of(model) == [PLAN.head, *PLAN.subtasks]


@pytest.mark.parametrize("broken", [Cut(TEXT[:-200]), TEXT[:-200], FAULTY, TEXT.replace('"id": "c"', '"id": c')])
async def test_a_broken_stream_goes_on_from_what_stands(broken: str | Cut) -> None:
    rest = as_json(PLAN.model_copy(update={"subtasks": PLAN.subtasks[2:], "synthesis": "Something else"}))
    model, backend = scripted_model(broken, rest)
    assert await items_of(model) == [PLAN.head, *PLAN.subtasks]
    first, second = backend.prompts
    assert second[: len(first)] == first
    asked, shown = second[-1]["content"], json.loads(second[-2]["content"])
    assert [each["id"] for each in shown["subtasks"]] == ["a", "b"]
    assert "Tokens left for their budgets: 44000." in asked
    assert ("subtasks[2].depends_on[0]" in asked) == (broken is FAULTY)


async def test_a_stream_cut_before_its_first_item_begins_again() -> None:
    model, backend = scripted_model(Cut(TEXT[:10]), TEXT)
    assert await items_of(model) == [PLAN.head, *PLAN.subtasks]
    assert backend.prompts[1][-2] == {"role": "assistant", "content": TEXT[:10]}


async def test_after_a_crash_the_plan_is_continued() -> None:
    model, backend = scripted_model(TEXT)
    assert await items_of(model, committed=PlanPrefix(PLAN.head, PLAN.subtasks[:1])) == list(PLAN.subtasks[1:])
    assert "work on it has begun" in backend.prompts[0][-1]["content"]
    done = PlanPrefix(make_plan(mode="direct", answer="5").head)
    assert await items_of(model, committed=done) == []
    assert len(backend.asked) == 1


async def test_a_stream_that_never_closes_is_given_up_with_what_stands() -> None:
    model, backend = scripted_model(*[TEXT[:-2]] * 9)
    stream = propose_stream(model, BRIEF, account=ACCOUNT, rules=RULES)
    yielded = [await anext(stream) for _ in range(4)]
    with pytest.raises(StreamFault) as caught:
        await anext(stream)
    assert len(backend.asked) == 4
    assert yielded == [PLAN.head, *PLAN.subtasks]
    assert caught.value.committed == PlanPrefix(PLAN.head, PLAN.subtasks)


async def test_an_endpoint_that_fails_before_its_first_word_is_not_asked_to_continue() -> None:
    model, backend = scripted_model(ModelError("Down.", kind="transient"), TEXT)
    with pytest.raises(ModelError, match="Down"):
        await items_of(model)
    assert len(backend.asked) == 1


async def test_a_reader_that_stops_early_settles_the_call() -> None:
    ledger = Ledger(Limits(tokens=100_000))
    model, _ = scripted_model(TEXT)
    stream = propose_stream(model, BRIEF, account=ledger.account("planner"), rules=RULES)
    async with aclosing(stream):
        assert await anext(stream) == PLAN.head
        assert ledger.calls() == 0
    assert ledger.calls() == 1


@settings(max_examples=40, deadline=None)
@given(plans(4), st.lists(st.integers(0, 4_000), max_size=3), st.booleans())
async def test_however_often_a_stream_is_cut_the_items_are_those_of_the_plan(
    plan: Plan, lengths: list[int], repeats: bool
) -> None:
    """A model that goes on as asked, whether it repeats what stands or not."""

    class Continuing(ScriptedBackend):
        def _next(self, request: object) -> str:
            said = as_json(plan) if repeats or not committed else as_json(rest())
            return said[: lengths[len(self.asked) - 1]] if len(self.asked) <= len(lengths) else said

    committed: list[Item] = []

    def rest() -> Plan:
        return plan.model_copy(update={"subtasks": plan.subtasks[len(committed) - 1 :]})

    class Asked(Continuing):
        def _next(self, request: object) -> str:
            self.asked.append(request)  # type: ignore[arg-type]
            return super()._next(request)

    model, _ = scripted_model()
    model = Model(model.spec, Asked(()))
    async for item in propose_stream(model, BRIEF, account=ACCOUNT, rules=PlanRules()):
        committed.append(item)  # noqa: PERF401 (the backend looks at it meanwhile)
    assert committed == [plan.head, *plan.subtasks]


@pytest.mark.parametrize("mode", ["json_schema", "tool", "prompt"])
async def test_over_http_a_cut_stream_is_continued_whichever_way_the_plan_is_asked_for(mode: StructuredMode) -> None:
    answer = Answer(json=PLAN.model_dump(mode="json"), reasoning='Perhaps {"mode": "direct"}?')
    with ModelServer(lambda request: answer, faults=once(Fault("cut_stream", chunks=40))) as server:
        spec = ModelSpec(model="planner", base_url=server.url, quirks=Quirks(structured=mode))
        model = connect(spec)
        assert await items_of(model) == [PLAN.head, *PLAN.subtasks]
        assert await propose(model, BRIEF, account=ACCOUNT, rules=RULES) == PLAN
        await model.aclose()
        assert len(server.log) == 3


def test_the_plan_text_shown_is_json() -> None:
    assert json.loads(plan_text(PLAN)) == PLAN.model_dump(mode="json")
    assert json.loads(plan_text(make_plan())) == make_plan().model_dump(mode="json")
