"""Rows from traces: of real runs, of runs cut off, of hostile files; chosen, ordered, one run at a time."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plans import FunctionWorker, context_with, tell
from support.plans import subtask as function_subtask
from support.traced import PLAN, SENT, rated, run_with_models, write_trace

from foreplan.agents.run import run
from foreplan.core.testing.research import ResearchJob
from foreplan.memory.trace import Score
from foreplan.planner.brief import Brief
from foreplan.planner.plan import Plan
from foreplan.train.rows.choose import Filters, choose, choose_by_brief
from foreplan.train.rows.read import read_row, read_rows
from foreplan.train.rows.row import TraceRow


def never(why: str) -> None:
    raise AssertionError(why)


def only(path: Path) -> TraceRow:
    (row,) = read_rows([path], skip=never)
    return row


async def test_a_run_with_models_is_a_row_with_what_the_planner_was_sent_and_said(tmp_path: Path) -> None:
    job = ResearchJob(subtasks=4, levels=2, seed=3)
    result = await run_with_models(tmp_path, job, "real", project="places")
    row = only(tmp_path / "runs" / "real")
    assert (row.run, row.state, row.project, row.goal) == ("real", result.state, "places", job.goal)
    assert (row.tokens, row.calls) == (result.usage.total_tokens, result.calls)
    assert (row.prompt_tokens, row.completion_tokens) == (result.usage.prompt_tokens, result.usage.completion_tokens)
    assert row.example is not None
    assert list(row.example.prompt) == list(result.exchanges[0]["sent"])
    assert row.example.completion == result.exchanges[0]["said"]
    assert Plan.model_validate_json(row.example.completion) == result.plan
    assert [each.subtask for each in row.outcomes] == [each.subtask for each in result.digests]
    assert {each.state for each in row.outcomes} == {"done"}
    assert all(each.tokens > 0 for each in row.outcomes)
    assert result.report is not None
    assert row.report == result.report.markdown


async def test_a_run_without_models_is_a_row_without_an_example(tmp_path: Path) -> None:
    plan = PLAN.model_copy(update={"subtasks": (function_subtask("only"),)})
    await run(Brief(goal="g"), context=context_with(FunctionWorker(tell)), home=tmp_path, run_id="r", plan=plan)
    row = only(tmp_path / "runs" / "r")
    assert row.example is None
    assert row.plan == plan.model_dump(mode="json")
    assert [each.state for each in row.outcomes] == ["done"]


def test_the_last_rating_counts_and_without_one_the_graders_last_verdicts(tmp_path: Path) -> None:
    row = only(write_trace(tmp_path, "one", scores=[Score(name="a", value=0.0), Score(name="a", value=0.5)]))
    assert (row.score, row.verdicts) == (0.5, {"a": 0.5})
    row = only(write_trace(tmp_path, "two", scores=[Score(name="a", value=0.5), Score(name="b", value=1.0)]))
    assert row.score == 0.75
    scores = [rated(0.1), rated(0.2), Score(name="user", value=1.0)]
    assert only(write_trace(tmp_path, "three", scores=scores)).score == 0.2
    assert only(write_trace(tmp_path, "four")).score is None


@pytest.mark.parametrize("share", [0.05, 0.2, 0.4, 0.6, 0.8, 0.99])
def test_a_trace_torn_by_a_kill_is_a_row_as_far_as_it_goes(tmp_path: Path, share: float) -> None:
    folder = write_trace(tmp_path, "torn", scores=[rated(1.0)])
    trace = folder / "trace.jsonl"
    whole = only(folder)
    trace.write_bytes(trace.read_bytes()[: int(trace.stat().st_size * share)])
    rows = list(read_rows([folder], skip=never))
    assert len(rows) == 1
    assert rows[0].run == "torn"
    assert rows[0].state in {"unfinished", whole.state}
    assert rows[0].tokens <= whole.tokens
    assert rows[0].score is None


def test_an_unfinished_run_has_the_spend_that_was_settled(tmp_path: Path) -> None:
    folder = write_trace(tmp_path, "cut")
    trace = folder / "trace.jsonl"
    kept = [line for line in trace.read_text().splitlines(True) if "run_ended" not in line]
    trace.write_text("".join(kept))
    row = only(folder)
    assert (row.state, row.tokens, row.calls, row.dollars) == ("unfinished", 130, 3, 0.25)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (SENT, "no plan at all"),
        (SENT, '{"mode": "plan", "answer": null'),
        (SENT[:1], None),
        ([{"role": "user", "content": [{"type": "text", "text": "x"}]}], None),
        ([{"role": "root", "content": "x"}], None),
        ([], None),
        (["x"], None),
    ],
)
def test_what_is_no_whole_plan_in_a_chat_is_no_example(tmp_path: Path, sent: list[Any], said: str | None) -> None:
    assert only(write_trace(tmp_path, "r", sent=sent, said=said)).example is None


def test_files_that_are_no_traces_are_passed_over_and_unreadable_ones_are_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.jsonl").write_text("hello\n{}\n[]\n")
    (tmp_path / "new.jsonl").write_text(
        '{"type":"trace","trace_id":"0","span_id":"","name":"foreplan","start_unix_nano":0,'
        '"attributes":{"foreplan.trace.version":99}}\n'
    )
    told: list[str] = []
    places = [tmp_path / name for name in ("empty", "text.jsonl", "new.jsonl", "absent.jsonl")]
    assert list(read_rows(places, skip=told.append)) == []
    assert len(told) == 2
    assert "Upgrade" in told[0]


LINES = [
    "trace", "run_started", "run_ended", "spent", "subtask_ended", "foreplan.plan", "foreplan.brief",
    "gen_ai.client.inference.operation.details", "foreplan.report",
]  # fmt: skip
junk: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | st.just(10**400) | st.just("nan"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["sent", "said", "role", "content", "subtasks", "markdown", "revision"]), inner, max_size=4
    ),
    max_leaves=8,
)  # fmt: skip
FIELDS = ("at", "run", "goal", "tokens", "dollars", "seconds", "calls", "state", "subtask", "account", "model",
          "prompt_tokens", "completion_tokens", "project", "cached_tokens")  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(LINES), junk, st.dictionaries(st.sampled_from(FIELDS), junk)), max_size=8))
@settings(max_examples=150, deadline=None)
def test_a_hostile_trace_is_a_row_of_plain_values(lines: list[tuple[str, Any, dict[str, Any]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for name, content, fields in lines:
                attributes = {"foreplan.trace.version": 1, "foreplan.run.id": "r", "foreplan.content": content}
                record = {
                    "type": "trace" if name == "trace" else "event", "trace_id": "0", "span_id": "0", "name": name,
                    "start_unix_nano": 0, "attributes": attributes,
                    "event": {"type": name, "run": "r", "goal": "g", **fields},
                }  # fmt: skip
                file.write(json.dumps(record) + "\n")
        row = read_row(path)
        if row is not None:
            assert 0 <= row.tokens < 10**18
            assert 0 <= row.dollars < 1e18
            assert 0 <= row.started < 1e12
            assert json.dumps([row.goal, row.project, row.brief, row.plan, row.report, row.brief_key])


def test_filters(tmp_path: Path) -> None:
    day = 86_400.0
    places = [
        write_trace(tmp_path, "a", at=10 * day, scores=[rated(0.9)], tokens=100),
        write_trace(tmp_path, "b", at=20 * day, scores=[rated(0.4)], tokens=500, project="sun"),
        write_trace(tmp_path, "c", at=30 * day, tokens=900),
    ]

    def wanted(**limits: Any) -> str:
        return "".join(row.run for row in choose(places, Filters(**limits), skip=never))

    assert wanted() == "abc"
    assert wanted(min_score=0.5) == "a"
    assert wanted(max_score=0.5) == "b"
    assert wanted(max_tokens=500) == "ab"
    assert wanted(since=20 * day) == "bc"
    assert wanted(until=20 * day) == "a"
    assert wanted(project="sun") == "b"
    assert wanted(project="moon", since=11 * day) == "c"


def test_runs_of_one_brief_come_together_with_the_best_first(tmp_path: Path) -> None:
    places = [
        write_trace(tmp_path, "a", scores=[rated(0.2)]),
        write_trace(tmp_path, "b", goal="Weigh the sun."),
        write_trace(tmp_path, "c", scores=[rated(0.9)]),
        write_trace(tmp_path, "d"),
        write_trace(tmp_path, "e", goal="Weigh the sun.", at=1_800_000_000.0),
        write_trace(tmp_path, "f", scores=[rated(0.0)]),
    ]
    assert [row.run for row in choose_by_brief(places, Filters(), skip=never)] == ["c", "a", "f", "d", "e", "b"]
    best = choose_by_brief(places, Filters(), only_best=True, skip=never)
    assert [row.run for row in best] == ["c", "e"]
