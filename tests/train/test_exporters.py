"""Each form of rows: a snapshot, the columns its readers document, no secrets. FOREPLAN_SNAPSHOTS=write renews them."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from support.planning import as_json, make_plan, make_subtask
from support.traced import PLAN, lines_of, rated, run_with_models, write_trace

from foreplan.core.errors import InputError
from foreplan.core.testing.research import ResearchJob
from foreplan.memory.redact import Redactor
from foreplan.train.rows.choose import Filters, choose, choose_by_brief
from foreplan.train.rows.export import export, whole_file
from foreplan.train.rows.formats import FORMATS, exporter

SNAPSHOTS = Path(__file__).parent / "snapshots"
OTHER = make_plan(make_subtask("direct"))


def never(why: str) -> None:
    raise AssertionError(why)


def exported(places: Sequence[Path], form: str, redactor: Redactor | None = None) -> list[Any]:
    made = exporter(form)
    runs = (choose_by_brief if made.grouped else choose)(places, Filters(), skip=never)
    out = io.StringIO()
    count = export(made, runs, redactor=redactor or Redactor(), out=out)
    rows = lines_of(out.getvalue())
    assert len(rows) == count
    return rows


@pytest.fixture
def places(tmp_path: Path) -> list[Path]:
    """Two plans for one brief, and one of another brief that nobody judged."""
    return [
        write_trace(tmp_path, "good", scores=[rated(0.9)]),
        write_trace(tmp_path, "poor", plan=OTHER, scores=[rated(0.2)]),
        write_trace(tmp_path, "other", goal="Weigh the sun.", project="sun"),
    ]


def without_version(row: Any) -> Any:
    """A trajectory names the version of Foreplan, which changes."""
    if "agent" in row:
        row["agent"]["version"] = "0"
    return row


@pytest.mark.parametrize("form", FORMATS)
def test_rows_are_as_in_the_snapshot(places: list[Path], form: str) -> None:
    if form == "atif":
        pytest.importorskip("atif")
    found = [without_version(row) for row in exported(places, form)]
    text = "".join(json.dumps(row, indent=1, ensure_ascii=False) + "\n" for row in found)
    snapshot = SNAPSHOTS / f"{form}.json"
    if os.environ.get("FOREPLAN_SNAPSHOTS") == "write":
        snapshot.write_text(text, encoding="utf-8")
    assert text == snapshot.read_text(encoding="utf-8")


def chat(messages: Any, *roles: str) -> None:
    """Assert that these are chat messages of these roles."""
    assert [each["role"] for each in messages] == list(roles)
    assert all(set(each) == {"role", "content"} and isinstance(each["content"], str) for each in messages)


def test_trl_rows_have_the_columns_that_its_trainers_read(places: list[Path]) -> None:
    sft = exported(places, "sft")
    assert len(sft) == 3
    for row in sft:
        assert set(row) == {"prompt", "completion"}
        chat(row["prompt"], "system", "user")
        chat(row["completion"], "assistant")
    (dpo,) = exported(places, "dpo")
    assert set(dpo) == {"prompt", "chosen", "rejected"}
    assert dpo["chosen"][0]["content"] == as_json(PLAN)
    assert dpo["rejected"][0]["content"] == as_json(OTHER)
    assert exported([places[0], places[0]], "dpo") == []
    kto = exported(places, "kto")
    assert [row["label"] for row in kto] == [True, False]
    assert all(set(row) == {"prompt", "completion", "label"} for row in kto)
    grpo = exported(places, "grpo")
    assert [row["run"] for row in grpo] == ["good", "other"]
    for row in grpo:
        chat(row["prompt"], "system", "user")
        assert {type(value) for name, value in row.items() if name != "prompt"} <= {str, int, float, type(None)}


def test_openai_rows_have_the_form_of_its_guides(places: list[Path]) -> None:
    for row in exported(places, "openai-sft"):
        assert set(row) == {"messages"}
        chat(row["messages"], "system", "user", "assistant")
    (dpo,) = exported(places, "openai-dpo")
    assert set(dpo) == {"input", "preferred_output", "non_preferred_output"}
    chat(dpo["input"]["messages"], "system", "user")
    chat(dpo["preferred_output"], "assistant")
    chat(dpo["non_preferred_output"], "assistant")
    for row in exported(places, "openai-rft"):
        chat(row["messages"], "system", "user")
        assert row["reference_plan"] == as_json(PLAN)


async def test_a_real_runs_prompt_and_plan_leave_as_they_were_sent_and_said(tmp_path: Path) -> None:
    result = await run_with_models(tmp_path, ResearchJob(subtasks=3, levels=2, seed=5), "real")
    (row,) = exported([tmp_path / "runs" / "real"], "sft")
    assert row["prompt"] == result.exchanges[0]["sent"]
    assert row["completion"] == [{"role": "assistant", "content": result.exchanges[0]["said"]}]


async def test_a_real_run_is_a_trajectory_that_the_atif_package_takes(tmp_path: Path) -> None:
    atif = pytest.importorskip("atif")
    job = ResearchJob(subtasks=3, levels=2, seed=5)
    result = await run_with_models(tmp_path, job, "real")
    (row,) = exported([tmp_path / "runs" / "real"], "atif")
    trajectory = atif.Trajectory.model_validate(row)
    assert len(trajectory.steps) == 1 + 1 + 3 + 1
    assert trajectory.steps[0].message == job.goal
    assert result.report is not None
    assert trajectory.steps[-1].message == result.report.markdown
    spent = [each.metrics.prompt_tokens + each.metrics.completion_tokens for each in trajectory.steps if each.metrics]
    assert sum(spent) == result.usage.total_tokens
    claims = {each.content for step in trajectory.steps if step.observation for each in step.observation.results}
    assert {claim.text for digest in result.digests for claim in digest.claims} <= claims


async def test_spans_of_a_real_run_have_openinference_names(tmp_path: Path) -> None:
    result = await run_with_models(tmp_path, ResearchJob(subtasks=3, levels=2, seed=5), "real")
    rows = exported([tmp_path / "runs" / "real"], "openinference")
    kinds = {row["attributes"]["openinference.span.kind"] for row in rows}
    assert kinds >= {"CHAIN", "AGENT", "LLM"}
    calls = [row["attributes"] for row in rows if row["attributes"]["openinference.span.kind"] == "LLM"]
    assert sum(each["llm.token_count.total"] for each in calls) == result.usage.total_tokens
    assert {each["llm.model_name"] for each in calls} == {"planner", "worker", "writer"}
    ids = {row["context"]["span_id"] for row in rows}
    assert [row["name"] for row in rows if row["parent_id"] not in ids] == ["invoke_workflow"]


def test_trajectories_and_spans_of_a_torn_or_hostile_trace_are_exported(tmp_path: Path) -> None:
    folder = write_trace(tmp_path, "torn", project="<script>alert(1)</script>")
    trace = folder / "trace.jsonl"
    text = trace.read_text().replace('"gen_ai.usage.input_tokens": 30', '"gen_ai.usage.input_tokens": NaN')
    text = text.replace('"gen_ai.usage.output_tokens": 10', f'"gen_ai.usage.output_tokens": {10**400}')
    trace.write_text(text[: text.index("writer")])
    assert [row["end_time"] for row in exported([folder], "openinference")][-1] is None
    pytest.importorskip("atif")
    (row,) = exported([folder], "atif")
    assert row["notes"]
    assert row["extra"]["project"] == "<script>alert(1)</script>"


@pytest.mark.parametrize("form", FORMATS)
def test_no_row_holds_a_secret_and_personal_data_only_unasked(tmp_path: Path, form: str) -> None:
    if form == "atif":
        pytest.importorskip("atif")
    personal = make_plan(make_subtask("a", goal="Ask bob@example.com for hunter2hunter2"))
    other = make_plan(make_subtask("b", goal="Ask bob@example.com again"))
    sent = [{"role": "user", "content": "Call +49 30 1234567, key hunter2hunter2"}]
    places = [
        write_trace(tmp_path, "a", plan=personal, sent=sent, goal="Ask bob@example.com", scores=[rated(1.0)]),
        write_trace(tmp_path, "b", plan=other, sent=sent, goal="Ask bob@example.com", scores=[rated(0.0)]),
        write_trace(tmp_path, "c", plan=personal, sent=sent, goal="Ask bob@example.com", scores=[rated(0.0)]),
    ]
    plain = json.dumps(exported(places, form, Redactor(["hunter2hunter2"])))
    assert "hunter2" not in plain
    assert "bob@example.com" in plain
    careful = json.dumps(exported(places, form, Redactor(["hunter2hunter2"], personal=True)))
    assert "bob@" not in careful
    assert "1234567" not in careful
    assert "[email]" in careful


def test_an_unknown_form_is_a_clear_error() -> None:
    with pytest.raises(InputError, match="openai-rft"):
        exporter("excel")


def test_a_file_that_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("before")

    def fail() -> None:
        with whole_file(path) as out:
            out.write("half")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        fail()
    assert [each.name for each in tmp_path.iterdir()] == ["rows.jsonl"]
    assert path.read_text() == "before"
    with pytest.raises(InputError, match="cannot be written"), whole_file(tmp_path / "no" / "rows.jsonl"):
        pass
