"""`foreplan traces`, `rate` and `grade` on what real runs left, without a model and with models over HTTP."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from support.commands import DOCUMENTS, QUESTION
from support.traced import lines_of, rated, write_trace

from foreplan.memory.rundir import RunDirs
from foreplan.memory.trace import read_scores
from foreplan.memory.trace.score import Score
from foreplan.testing import Answer, ModelServer, ResearchJob


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def run_id(foreplan: Any) -> str:
    """A finished run in embedded mode."""
    ran = foreplan("run", QUESTION, "--sources", DOCUMENTS, "--project", "lights", "--json")
    assert ran.code == 0, ran.err
    return str(ran.json["run"])


def test_runs_are_listed_with_project_state_spend_and_goal(foreplan, run_id):
    (told,) = foreplan("traces", "list", "--json").json
    assert (told["run"], told["project"], told["state"], told["goal"]) == (run_id, "lights", "done", QUESTION)
    assert (told["score"], told["spend"]["tokens"]) == (None, 0)
    line = foreplan("traces", "list").out
    assert run_id in line
    assert "lights" in line


def test_filters_choose_among_runs(foreplan, home):
    write_trace(home, "old", at=1_600_000_000.0, tokens=900, scores=[rated(0.2)])
    write_trace(home, "new", at=1_700_000_000.0, tokens=100, scores=[rated(0.9)], project="sun")

    def wanted(*flags: str) -> set[str]:
        return {each["run"] for each in foreplan("traces", "list", "--json", *flags).json}

    assert wanted() == {"old", "new"}
    assert wanted("--min-score", "0.5") == {"new"}
    assert wanted("--max-score", "0.5") == {"old"}
    assert wanted("--max-tokens", "500") == {"new"}
    assert wanted("--max-dollars", "0.1") == set()
    assert wanted("--max-dollars", "0.25") == {"old", "new"}
    assert wanted("--project", "moon") == {"old"}
    assert wanted("--since", "2022-01-01") == {"new"}
    assert wanted("--until", "2022-01-01T10:00") == {"old"}
    assert wanted("--since", "2020-09-13", "--until", "2020-09-14") == {"old"}
    assert "No run fits" in foreplan("traces", "list", "--project", "mars").err
    foreplan("traces", "list", "--since", "yesterday").explains("--since", "2026-11-20", code=2)
    foreplan("traces", "list", "--min-score", "7").explains("--min-score", code=2)
    foreplan("traces", "list", "--max-dollars", "nan").explains("--max-dollars", code=2)
    foreplan("traces", "list", "--max-tokens", "-1").explains("--max-tokens", code=2)


def test_a_run_is_shown_as_a_tree_of_spans(foreplan, home):
    write_trace(home, "one", scores=[rated(0.5)])
    shown = foreplan("traces", "show", "one").out.splitlines()
    assert [line.split("  ")[0] for line in shown[:1]] == ["invoke_workflow"]
    assert any(line.startswith("    chat tiny") and "40 tokens" in line and "1.0s" in line for line in shown)
    assert any("invoke_agent b" in line and "nothing there" in line for line in shown)
    assert "rated by the user: 0.50" in shown[-1]
    told = foreplan("traces", "show", "one", "--json").json
    assert len(told["spans"]) == 9
    assert told["scores"][0]["value"] == 0.5


def test_a_killed_run_is_listed_and_shown_as_far_as_it_came(foreplan, home):
    trace = write_trace(home, "killed") / "trace.jsonl"
    text = trace.read_text()
    trace.write_text(text[: text.index("execute_tool fetch") + 30])
    assert foreplan("traces", "list", "--json").json[0]["state"] == "unfinished"
    assert "cut off" in foreplan("traces", "show", "killed").out
    assert foreplan("rate", "killed", "0.1").code == 0
    assert foreplan("traces", "list", "--json").json[0]["score"] == 0.1


def test_hostile_words_reach_no_terminal(foreplan, home):
    write_trace(home, "evil", goal="\u202eevil", project="\x1b[2J<script>", scores=[rated(0.5)])
    for command in (("list",), ("show", "evil"), ("stats",)):
        assert not set("\x1b\u202e") & set(foreplan("traces", *command).out)


def test_stats_count_runs_and_say_how_honest_forecasts_were(foreplan, home):
    write_trace(home, "one", scores=[rated(0.5)])
    write_trace(home, "two", scores=[rated(1.0)])
    told = foreplan("traces", "stats", "--json").json
    assert (told["runs"], told["states"], told["projects"]) == (2, {"partial": 2}, {"moon": 2})
    assert (told["spend"]["tokens"], told["spend"]["calls"]) == (260, 6)
    assert told["scores"] == {"runs": 2, "mean": 0.75}
    success = told["forecasts"]["success"]
    assert (success["subtasks"], success["done"]) == (4, 0.5)
    assert success["brier"] == pytest.approx((0.1**2 + 0.4**2) / 2)
    assert told["forecasts"]["tokens"]["below_p50"] == 1.0
    assert "Brier 0.085" in foreplan("traces", "stats").out
    assert "0 runs" in foreplan("traces", "stats", "--project", "mars").out


def test_stats_say_how_far_a_judge_agrees_with_code_and_with_the_user(foreplan, home):
    for run, judge, code in (("one", 0.9, 1.0), ("two", 0.2, 0.0), ("three", 0.8, 0.0), ("four", 0.1, 0.0)):
        scores = [Score(name="good", value=judge, by="judge"), Score(name="exact", value=code), rated(1.0)]
        write_trace(home, run, scores=scores)
    write_trace(home, "five", scores=[Score(name="exact", value=1.0)])
    exact, user = foreplan("traces", "stats", "--json").json["judges"]
    assert (exact["judge"], exact["against"], exact["samples"], exact["accuracy"]) == ("good", "exact", 4, 0.75)
    assert exact["kappa"] == pytest.approx(0.5)
    assert (user["against"], user["accuracy"], user["kappa"]) == ("user", 0.5, 0.0)
    assert "judge good against exact: 75% of 4 runs alike, kappa 0.50" in foreplan("traces", "stats").out


def test_rows_are_exported_to_a_file_or_to_standard_output(foreplan, home, tmp_path):
    write_trace(home, "one", scores=[rated(0.9)])
    write_trace(home, "two", scores=[rated(0.2)])
    out = tmp_path / "rows.jsonl"
    ran = foreplan("traces", "export", "--format", "sft", "--min-score", "0.5", "-o", out, "--json")
    assert ran.json == {"format": "sft", "runs": 1, "rows": 1, "path": str(out)}
    assert lines_of(out.read_text()) == lines_of(foreplan("traces", "export", "--format", "sft", "--dedupe").out)
    assert len(lines_of(foreplan("traces", "export", "--format", "kto").out)) == 2
    foreplan("traces", "export", "--format", "dpo", "--dedupe").explains("--dedupe", code=2)
    foreplan("traces", "export", "--format", "xml").explains("openinference", code=2)
    foreplan("traces", "export", "--format", "sft", "--json").explains("-o FILE", code=2)
    foreplan("traces", "export", "--format", "sft", "-o", tmp_path / "no" / "rows").explains("folder", code=2)


def test_personal_data_leaves_only_unasked(foreplan, home):
    write_trace(home, "one", goal="Ask bob@example.com", sent=[{"role": "user", "content": "Ask bob@example.com"}])
    assert "bob@example.com" in foreplan("traces", "export", "--format", "sft").out
    assert "bob" not in foreplan("traces", "export", "--format", "sft", "--redact-personal").out


def test_a_configured_key_leaves_in_no_export(foreplan, home, monkeypatch):
    write_trace(home, "one", sent=[{"role": "user", "content": "my key is hunter2hunter2"}])
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2hunter2")
    assert "my key is [redacted]" in foreplan("traces", "export", "--format", "sft").out


def test_a_run_that_gives_no_row_is_told(foreplan, run_id):
    ran = foreplan("traces", "export", "--format", "sft")
    assert (ran.code, ran.out) == (0, "")
    assert "a plan that a model wrote" in ran.err


def test_the_last_rating_counts(foreplan, run_id, home):
    assert foreplan("rate", run_id[:17], "0.2", "--why", "too short").code == 0
    told = foreplan("rate", run_id, "0.75", "--json").json
    assert (told["run"], told["value"], told["by"]) == (run_id, 0.75, "user")
    assert foreplan("traces", "list", "--json").json[0]["score"] == 0.75
    assert "too short" in foreplan("traces", "show", run_id).out
    assert foreplan("show", run_id).code == 0
    for wrong in ("1.5", "nan"):
        foreplan("rate", run_id, wrong).explains("0", "1", code=2)
    foreplan("rate", "nobody", "1").explains("nobody", code=2)


def test_a_run_at_work_is_not_written_into(foreplan, run_id, home):
    with RunDirs(home).at(run_id).working():
        foreplan("rate", run_id, "1").explains(code=2)
    assert list(read_scores(RunDirs(home).at(run_id).trace)) == []


CONTAINS = {"type": "string_check", "name": "names her", "operation": "ilike", "input": "{{sample.output_text}}",
            "reference": "Maud Ferrier"}  # fmt: skip


def test_a_grader_scores_a_run(foreplan, run_id, tmp_path):
    pytest.importorskip("foreplan.evals.graders.load")
    file = tmp_path / "grader.json"
    file.write_text(json.dumps(CONTAINS))
    told = foreplan("grade", run_id, "--grader", file, "--json").json
    assert (told["name"], told["value"], told["by"]) == ("names her", 1.0, "grader")
    assert foreplan("traces", "list", "--json", "--min-score", "1").json[0]["verdicts"] == {"names her": 1.0}
    file.write_text(json.dumps({**CONTAINS, "input": "{{item.brief.goal}}", "operation": "eq"}))
    assert "0.00 by names her" in foreplan("grade", run_id, "--grader", file).out
    assert foreplan("traces", "list", "--json").json[0]["verdicts"] == {"names her": 0.0}
    foreplan("rate", run_id.split("-")[2], "0.5")
    assert foreplan("traces", "list", "--json").json[0]["score"] == 0.5


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"type": "string_check"}', "\x00"])
def test_a_file_that_is_no_grader_is_a_clear_error(foreplan, run_id, tmp_path, text):
    pytest.importorskip("foreplan.evals.graders.load")
    (tmp_path / "grader.json").write_text(text)
    foreplan("grade", run_id, "--grader", tmp_path / "grader.json").explains("grader.json", code=2)
    foreplan("grade", run_id, "--grader", tmp_path / "absent.json").explains("absent.json", code=2)


def test_a_judge_without_a_model_says_how_to_get_one(foreplan, run_id, tmp_path):
    asks = [{"role": "user", "content": "How good is {{sample.output_text}}?"}]
    judge = {"type": "score_model", "name": "good", "model": "any", "input": asks}
    (tmp_path / "grader.json").write_text(json.dumps(judge))
    foreplan("grade", run_id, "--grader", tmp_path / "grader.json").explains("foreplan doctor", code=2)


def test_an_unfinished_run_is_not_graded(foreplan, home, tmp_path):
    pytest.importorskip("foreplan.evals.graders.load")
    write_trace(home, "cut")
    (tmp_path / "grader.json").write_text(json.dumps(CONTAINS))
    foreplan("grade", "cut", "--grader", tmp_path / "grader.json").explains("--resume", code=2)


def test_a_run_sends_its_spans_to_the_collector_that_is_set(foreplan, monkeypatch, tmp_path):
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    pytest.importorskip("opentelemetry.proto")
    from support.collector import Collector

    (tmp_path / "foreplan.toml").write_text('[telemetry.headers]\nauthorization = "Bearer secret-token-1"\n')
    arrived = threading.Event()
    job = ResearchJob(subtasks=2, levels=1, seed=1)

    def script(request: Any) -> Answer:
        # The writer answers once a worker's span is there, so it came while the run went on.
        if "writer" in request.model:
            collector.wait_for(f"invoke_agent {job.places[0].id}")
            arrived.set()
        return job.script(request)

    with Collector() as collector, ModelServer(script) as server:
        monkeypatch.setenv("FOREPLAN_TELEMETRY__ENDPOINT", collector.url)
        sources = job.write(tmp_path / "pages")
        ran = foreplan("run", job.goal, "--sources", sources, "--base-url", server.url, "--planner", "planner",
                       "--worker", "worker", "--writer", "writer", "--json")  # fmt: skip
    assert ran.code == 0, ran.err
    assert arrived.is_set()
    assert "collector" not in ran.err
    assert collector.headers[0]["authorization"] == "Bearer secret-token-1"
    assert {"invoke_workflow", "plan", "chat planner", "chat worker", "chat writer"} <= set(collector.names)
    shown = foreplan("traces", "show", ran.json["run"], "--json").json["spans"]
    assert {each["span_id"] for each in shown} == {span.span_id.hex() for span in collector.spans}


def test_a_dead_collector_is_a_note_after_the_report(foreplan, monkeypatch):
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    monkeypatch.setenv("FOREPLAN_TELEMETRY__ENDPOINT", "http://user:hunter2hunter2@127.0.0.1:9")
    ran = foreplan("run", QUESTION, "--sources", DOCUMENTS)
    assert ran.code == 0
    assert "Maud Ferrier" in ran.out
    assert "did not take 10 spans" in ran.err
    assert "hunter2" not in ran.err


def test_without_the_library_a_set_collector_is_a_clear_error_and_the_machines_a_note(foreplan, monkeypatch):
    monkeypatch.setitem(sys.modules, "foreplan.memory.trace.otlp", None)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    ran = foreplan("run", QUESTION, "--sources", DOCUMENTS)
    assert ran.code == 0
    assert "foreplan[otel]" in ran.err
    monkeypatch.setenv("FOREPLAN_TELEMETRY__ENDPOINT", "http://127.0.0.1:9")
    foreplan("run", QUESTION, "--sources", DOCUMENTS).explains("foreplan[otel]", code=2)
