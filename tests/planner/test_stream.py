"""Streams: whatever a text is cut into, the same items come out, each on its closing brace."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.planning import as_json, in_pieces, make_plan, make_subtask, plans

from foreplan.planner.answer import read_answer
from foreplan.planner.errors import StreamFault
from foreplan.planner.plan import Plan, PlanPrefix, Subtask
from foreplan.planner.stream import Item, PlanStream
from foreplan.planner.validate import PlanRules

RULES = PlanRules()
PLAN = make_plan(make_subtask("a"), make_subtask("b", "a"), make_subtask("c", "a", "b"))
cuts = st.lists(st.integers(0, 10_000), max_size=12)
around = st.sampled_from(
    [
        ("", ""),
        ("Here is {the plan}:\n```json\n", "\n```\nDone {}."),
        ('<think>Maybe {"mode": "direct"}? <b> no.</think>\n', "  "),
        ('<THINKING>{"mode": "plan", </THINKING>', "trailing"),
        ('{"name": "plan", "arguments": ', "}"),
        ('{{"modes": <think', "{"),
    ]
)


def fed(stream: PlanStream, pieces: Iterable[str]) -> list[Item]:
    return [item for piece in pieces for item in stream.feed(piece)]


@given(plans(), cuts, around, st.sampled_from([None, 2]))
def test_streaming_equals_reading_the_whole(
    plan: Plan, places: list[int], wrapping: tuple[str, str], indent: int | None
) -> None:
    text = json.dumps(plan.model_dump(mode="json"), indent=indent).join(wrapping)
    stream = PlanStream(RULES)
    items = fed(stream, in_pieces(text, places))
    assert items == [plan.head, *plan.subtasks]
    assert stream.finish() == plan == read_answer(text, RULES)


@given(plans(), st.permutations(list(Plan.model_fields)), cuts)
def test_fields_may_come_in_any_order(plan: Plan, order: list[str], places: list[int]) -> None:
    values = plan.model_dump(mode="json")
    text = json.dumps({key: values[key] for key in order})
    stream = PlanStream(RULES)
    assert fed(stream, in_pieces(text, places)) == [plan.head, *plan.subtasks]
    assert stream.finish() == plan


@given(plans())
def test_an_item_comes_out_on_its_closing_brace(plan: Plan) -> None:
    stream, text = PlanStream(RULES), as_json(plan)
    for at, char in enumerate(text):
        for item in stream.feed(char):
            if isinstance(item, Subtask):
                assert char == "}"
                assert json.loads(text[text.rindex('{"id"', 0, at) : at + 1])["id"] == item.id
    assert stream.closed


@given(plans(), st.integers(0, 5_000))
def test_a_cut_stream_leaves_a_prefix_and_says_so(plan: Plan, length: int) -> None:
    text = as_json(plan)
    stream = PlanStream(RULES)
    items = stream.feed(text[: length % len(text)])
    assert items == [plan.head, *plan.subtasks][: len(items)]
    with pytest.raises(StreamFault, match=r"ends before the plan does|holds no plan") as caught:
        stream.finish()
    committed = caught.value.committed
    assert items == ([] if committed is None else [committed.head, *committed.subtasks])
    assert caught.value.raw == text[: length % len(text)]


@given(plans(), st.integers(0, 6), cuts)
def test_a_continued_stream_adds_what_was_missing(plan: Plan, kept: int, places: list[int]) -> None:
    committed = PlanPrefix(plan.head, plan.subtasks[:kept])
    whole, rest = as_json(plan), as_json(plan.model_copy(update={"subtasks": plan.subtasks[kept:]}))
    for text in (whole, rest):
        stream = PlanStream(RULES, committed)
        assert fed(stream, in_pieces(text, places)) == list(plan.subtasks[kept:])
        assert stream.finish() == plan


def test_a_continuation_cannot_change_what_is_committed() -> None:
    stream = PlanStream(PlanRules(budget_tokens=7_000), PlanPrefix(PLAN.head, PLAN.subtasks[:2]))
    other = make_plan(make_subtask("a", goal="Something else"), make_subtask("c", "b"), synthesis="Other")
    assert stream.feed(as_json(other)) == []
    assert stream.fault is not None
    assert [fault.path for fault in stream.fault.faults] == ["subtasks[2].budget"]
    assert stream.committed == PlanPrefix(PLAN.head, PLAN.subtasks[:2])


@pytest.mark.parametrize(
    ("old", "new", "path", "stands"),
    [
        ('"depends_on": ["a"]', '"depends_on": ["c"]', "subtasks[1].depends_on[0]", 1),
        ('"id": "c"', '"id": "b"', "subtasks[2].id", 2),
        ('"goal": "Find b"', '"goal": 7', "subtasks[1].goal", 1),
        ('"goal": "Find b"', '"goal": "Find b" "x"', "subtasks[1]", 1),
        ('"goal": "Find b"', '"goal": "Find b", "goal": ""', "subtasks[1]", 1),
        ('"goal": "Find b", ', "", "subtasks[1].goal", 1),
        ('"goal": "Find b"', '"goal": "\\ud800"', "subtasks[1].goal", 1),
        ('"goal": "Find b"', '"goal": ' + "[" * 40, "subtasks[1]", 1),
        ('"goal": "Find b"', '"goal": NaN', "subtasks[1]", 1),
        ('"mode": "plan"', '"mode": "dance"', "mode", None),
        ('"mode": "plan"', '"mode": plan', "mode", None),
        ('"mode": "plan"', '"mode": "plan", "mood": 1', "mood", None),
        ('"answer": null', '"mode": "plan", "answer": null', "mode", None),
        ('"success": 0.8', '"success": 1e999', "success", None),
        ('"subtasks": [', '"subtasks": {', "subtasks[0]", 0),
        ('"subtasks": [', '"subtasks": [1, ', "subtasks[0]", 0),
        ('}, {"id": "b"', '} {"id": "b"', "subtasks[1]", 1),
    ],
)
def test_a_fault_ends_the_stream_where_it_is(old: str, new: str, path: str, stands: int | None) -> None:
    stream = PlanStream(RULES)
    assert as_json(PLAN).count(old) >= 1
    items = fed(stream, as_json(PLAN).replace(old, new, 1))
    assert stream.fault is not None
    assert stream.fault.faults[0].path == path
    assert items == ([] if stands is None else [PLAN.head, *PLAN.subtasks[:stands]])
    with pytest.raises(StreamFault):
        stream.finish()
    assert stream.feed(as_json(PLAN)) == []


@pytest.mark.parametrize("missing", list(Plan.model_fields))
def test_a_missing_field_is_a_fault(missing: str) -> None:
    values = PLAN.model_dump(mode="json")
    del values[missing]
    stream = PlanStream(RULES)
    stream.feed(json.dumps(values))
    assert stream.fault is not None
    assert [fault.path for fault in stream.fault.faults] == [missing]


def test_a_plan_without_subtasks_is_a_fault_at_its_end() -> None:
    stream = PlanStream(RULES)
    assert stream.feed(as_json(make_plan())) == [make_plan().head]
    assert stream.fault is not None
    assert "at least one subtask" in str(stream.fault)


LONG = 10_000_000


@pytest.mark.parametrize(
    "text",
    [
        "x" * LONG,
        "{" * LONG,
        "<" * LONG,
        "<think>" + "</thin" * (LONG // 6),
        '{"mode' * (LONG // 6),
        "{" + " " * LONG,
        '{"mode": "' + "x" * LONG,
        '{"mode": ' + " " * LONG,
        '{"mode": ' + "[" * LONG,
        '{"mode": ' + "1" * LONG,
        '{"mode": "plan", ' * (LONG // 18),
        '{"subtasks": [' + '{"id": "\\\\"}, ' * (LONG // 14),
    ],
    ids=lambda text: text[:12],
)
def test_ten_million_hostile_characters_take_seconds_at_most(text: str) -> None:
    begun = time.process_time()
    for pieces in ([text[at : at + 4_096] for at in range(0, len(text), 4_096)], text[:100_000]):
        stream = PlanStream(RULES)
        fed(stream, pieces)
        with pytest.raises(StreamFault) as caught:
            stream.finish()
        assert len(caught.value.raw) <= 200_000
    assert time.process_time() - begun < 30  # quadratic work would take hours
