"""Judgements of a run: appended to its trace at any time, read back, and never anything but a number from 0 to 1."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from support.traced import events_of

from foreplan.core.events import RunStarted
from foreplan.memory.redact import Redactor
from foreplan.memory.trace import Score, TraceWriter, read_events, read_scores, read_spans, read_trace

RUN = "one"


def write(path: Path, count: int | None = None) -> None:
    with TraceWriter(path, run=RUN) as trace:
        for event in events_of(RUN)[:count]:
            trace(event)


def test_a_score_is_an_event_of_opentelemetry_at_the_runs_span(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    write(path)
    before = list(read_events(path))
    with TraceWriter(path) as trace:
        trace.score(Score(name="user", value=0.5, why="short", by="user", at=5.0))
        trace.score(Score(name="string_check", value=1, at=6.0))
    first, second = [each for each in read_trace(path) if each.name == "gen_ai.evaluation.result"]
    assert first.attributes == {
        "gen_ai.evaluation.name": "user", "gen_ai.evaluation.score.value": 0.5,
        "gen_ai.evaluation.explanation": "short", "foreplan.evaluation.by": "user",
    }  # fmt: skip
    assert first.span_id == second.span_id == next(each.span_id for each in read_spans(path) if not each.parent_span_id)
    assert list(read_events(path)) == before
    assert [(each.name, each.value, each.by, each.at) for each in read_scores(path)] == [
        ("user", 0.5, "user", 5.0), ("string_check", 1.0, "grader", 6.0),
    ]  # fmt: skip


def test_a_torn_trace_is_judged_and_the_run_goes_on_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    write(path, 6)
    path.write_bytes(path.read_bytes()[:-20])
    with TraceWriter(path) as trace:
        trace.score(Score(name="user", value=0.25, by="user"))
    with TraceWriter(path) as trace:
        trace(RunStarted(at=1_700_000_500.0, run=RUN, goal="g", resumed=True))
    assert [each.value for each in read_scores(path)] == [0.25]
    cut_off = next(each for each in read_spans(path) if each.message == "interrupted")
    assert cut_off.end_unix_nano is not None
    assert cut_off.end_unix_nano < 1_700_000_100 * 10**9, "the time of a judgement is none of the run's"


def test_spans_that_were_cut_off_come_last_and_have_no_end(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    write(path, 6)
    spans = [(each.name, each.end_unix_nano is None) for each in read_spans(path)]
    assert spans == [
        ("chat big", False), ("plan", False), ("retrieval search", False), ("invoke_workflow", True),
        ("invoke_agent a", True),
    ]  # fmt: skip


def test_secrets_in_a_reason_are_gone(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    with TraceWriter(path, run=RUN, redactor=Redactor(["hunter2hunter2"])) as trace:
        trace.score(Score(name="user", value=0.0, why="it said hunter2hunter2", by="user"))
    assert [each.why for each in read_scores(path)] == ["it said [redacted]"]


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf"), "1", None])
def test_what_is_no_score_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        Score(name="x", value=value)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(json_values, json_values, json_values, st.integers())
@settings(max_examples=100, deadline=None)
def test_hostile_scores_are_left_out(name: Any, value: Any, why: Any, at: int) -> None:
    attributes = {
        "gen_ai.evaluation.name": name, "gen_ai.evaluation.score.value": value, "gen_ai.evaluation.explanation": why,
    }  # fmt: skip
    record = {
        "type": "event", "trace_id": "0", "span_id": "0", "name": "gen_ai.evaluation.result", "start_unix_nano": at,
        "attributes": attributes,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.jsonl"
        path.write_text(json.dumps(record) + "\n")
        for score in read_scores(path):
            assert 0 <= score.value <= 1
            assert isinstance(score.name, str)
            assert json.loads(score.model_dump_json())
