"""`foreplan eval` as a user types it: real tasks through the real graph, logs that Inspect reads, records that last."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support.released import GSM, written

from foreplan.core.events import Spent
from foreplan.evals.records import read_records
from foreplan.memory.rundir import RunDirs
from foreplan.memory.trace.reader import read_events
from foreplan.testing import Constant, ModelServer, ResearchJob

pytest.importorskip("inspect_ai")


@pytest.fixture
def job():
    return ResearchJob(subtasks=4, levels=2, distractors=4)


@pytest.fixture
def data(job, tmp_path):
    """Two questions over the job's pages, in the common shape."""
    docs = [{"id": name, "title": name, "text": text} for name, text in job.documents.items()]
    row = {"question": job.goal, "answer": "a number", "docs": docs}
    return written(tmp_path, [{**row, "id": "one"}, {**row, "id": "two"}], "tasks.jsonl")


def model_flags(server: ModelServer) -> list[str]:
    return ["--base-url", server.url, "--model", "planner-worker-writer"]


def log_of(ran: Any) -> Any:
    from inspect_ai.log import read_eval_log

    return read_eval_log(ran.json["log"])


def test_smoke_leaves_a_log_that_inspect_reads_and_records(foreplan):
    ran = foreplan("eval", "smoke", "--limit", "2", "--json")
    assert (ran.code, ran.json["tasks"], ran.json["planner"]) == (0, 2, "embedded")
    assert ran.err.count("fanout-") == 2
    log = log_of(ran)
    assert (log.status, log.eval.metadata["suite"]) == ("success", "smoke")
    records = {each.task: each for each in read_records(Path(ran.json["folder"]) / "records.jsonl")}
    for sample in log.samples:
        assert sample.scores["foreplan"].value == records[sample.id].score
        assert {"answer", "facts", "precision"} <= sample.scores["foreplan"].metadata.keys()
        assert sample.metadata["plan"]["subtasks"]
        assert sample.metadata["spend"]["tokens"] == records[sample.id].tokens == 0
        assert sample.output.completion
    assert log.results.scores[0].metrics["mean"].value == pytest.approx(ran.json["score"])


@pytest.mark.slow
def test_all_tokens_of_a_run_are_in_its_record_and_epochs_are_runs_of_their_own(foreplan, job, data):
    with ModelServer(job.script) as server:
        ran = foreplan("eval", "multihop", "--data", data, "--epochs", "2", *model_flags(server), "--json")
        assert ran.code == 0, ran.err
        billed = server.tokens_billed
    assert ran.json["tokens"] == billed
    folder = Path(ran.json["folder"])
    records = read_records(folder / "records.jsonl")
    assert sorted((each.task, each.epoch) for each in records) == [("one", 0), ("one", 1), ("two", 0), ("two", 1)]
    for run in RunDirs(folder).list():
        accounts = {each.account for each in read_events(run.trace) if isinstance(each, Spent)}
        assert {"planner", "writer"} <= accounts
    assert all(len(each.subtasks) == 4 and each.calls >= 2 for each in records)


def test_the_same_tasks_by_a_baseline_are_compared_at_what_they_cost(foreplan, job, data, tmp_path):
    with ModelServer(job.script) as server:
        a = foreplan("eval", "multihop", "--data", data, *model_flags(server), "--json").json
        b = foreplan(
            "eval", "multihop", "--data", data, *model_flags(server), "--planner", "baseline:waves", "--json"
        ).json
    page = tmp_path / "page.html"
    ran = foreplan("eval", "compare", a["eval"], b["folder"], "-o", page)
    assert ran.code == 0, ran.err
    assert "baseline:waves" in ran.out
    assert "Tokens, planner included" in ran.out
    assert "<script" not in page.read_text(encoding="utf-8")
    assert page.read_text(encoding="utf-8").count("<svg") >= 4
    told = foreplan("eval", "compare", a["eval"], f"{b['folder']}/records.jsonl", "--json").json
    assert told["tokens_a"] == a["tokens"]
    assert [each["eval"] for each in foreplan("eval", "list", "--json").json] == [b["eval"], a["eval"]]
    assert a["eval"] in foreplan("eval", "list").out


@pytest.mark.slow
def test_an_endpoint_that_refuses_is_an_error_and_what_was_done_is_gone_on_with(foreplan, job, data):
    with ModelServer(job.script) as server:
        ran = foreplan("eval", "multihop", "--data", data, "--limit", "1", *model_flags(server), "--json")
        folder, spent = Path(ran.json["folder"]), server.tokens_billed
    spec = json.loads((folder / "eval.json").read_text())
    (folder / "eval.json").write_text(json.dumps({**spec, "limit": None}))
    with ModelServer(job.script, models=["another"]) as server:
        ran = foreplan("eval", "multihop", "--resume", ran.json["eval"], *model_flags(server))
    ran.explains("planner-worker-writer", "--resume", str(folder), code=3)
    assert [each.task for each in read_records(folder / "records.jsonl")] == ["one"]
    with ModelServer(job.script) as server:
        ran = foreplan("eval", "multihop", "--resume", folder, *model_flags(server), "--json")
        assert (ran.code, ran.json["tasks"]) == (0, 2)
        assert server.tokens_billed == spent
    assert {sample.id for sample in log_of(ran).samples} == {"one", "two"}
    assert all(sample.metadata["plan"] for sample in log_of(ran).samples)


@pytest.mark.parametrize("planner", ["baseline:single", None])
@pytest.mark.slow
def test_a_dead_endpoint_is_an_error_and_no_score_of_nought(foreplan, tmp_path, job, planner):
    data = written(tmp_path, [{**GSM, "answer": "1003", "id": "g"}], "tasks.jsonl")
    with ModelServer(job.script) as server:
        flags = [*model_flags(server), *(["--planner", planner] if planner else [])]
    ran = foreplan("eval", "math", "--data", data, *flags, "-o", tmp_path / "out")
    ran.explains(flags[1], "--resume", code=3)
    assert not (tmp_path / "out" / "records.jsonl").exists()


@pytest.mark.slow
def test_workers_without_their_model_are_no_score_of_nought(foreplan, tmp_path, job):
    data = written(tmp_path, [{**GSM, "answer": "1003", "id": "g"}], "tasks.jsonl")
    with ModelServer(job.script, models=["another"]) as server:
        flags = [*model_flags(server), "--planner", "baseline:single"]
        ran = foreplan("eval", "math", "--data", data, *flags, "-o", tmp_path / "out")
    ran.explains("planner-worker-writer", "--resume", code=3)
    assert not (tmp_path / "out" / "records.jsonl").exists()


def test_a_task_whose_budget_does_not_suffice_is_not_solved_and_the_others_go_on(foreplan, job, data):
    with ModelServer(job.script) as server:
        ran = foreplan("eval", "multihop", "--data", data, "--budget", "300", *model_flags(server), "--json")
    assert (ran.code, ran.json["score"], ran.json["tokens"]) == (0, 0.0, 0)
    assert all("budget" in sample.scores["foreplan"].explanation for sample in log_of(ran).samples)


def test_what_a_finished_evaluation_says_to_type_next_can_be_typed(foreplan, tmp_path):
    for place in ((), ("-o", tmp_path / "else where")):
        ran = foreplan("eval", "smoke", "--limit", "1", *place)
        (said,) = [line for line in ran.out.splitlines() if line.startswith("compare")]
        words = shlex.split(said)[2:-1]
        assert foreplan(*words, words[-1]).code == 0, said


def test_what_is_gone_on_with_is_what_was_begun(foreplan):
    begun = foreplan("eval", "smoke", "--limit", "1", "--json").json
    foreplan("eval", "worlds", "--resume", begun["eval"]).explains("suite", "smoke", code=2)
    foreplan("eval", "smoke", "--resume", begun["eval"], "--limit", "3").explains("limit", code=2)
    foreplan("eval", "smoke", "--resume", begun["eval"], "--planner", "baseline:single").explains("planner", code=2)
    foreplan("eval", "smoke", "--resume", "nonesuch").explains("nonesuch", begun["eval"], code=2)
    foreplan("eval", "smoke", "-o", begun["folder"]).explains("already", code=2)
    again = foreplan("eval", "smoke", "--resume", begun["eval"][:12], "--json")
    assert again.json["score"] == begun["score"]
    assert not [line for line in again.err.splitlines() if line.startswith("1/1")]


@pytest.mark.slow
def test_a_record_cut_short_by_a_kill_is_made_again(foreplan):
    begun = foreplan("eval", "smoke", "--limit", "2", "--json").json
    file = Path(begun["folder"]) / "records.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    assert foreplan("eval", "compare", begun["eval"], begun["eval"]).code == 2
    again = foreplan("eval", "smoke", "--resume", begun["eval"], "--json").json
    assert (again["score"], len(read_records(file))) == (begun["score"], 2)


def test_what_cannot_be_compared_says_why(foreplan):
    one, two = (foreplan("eval", "smoke", "--limit", str(count), "--json").json["eval"] for count in (1, 2))
    foreplan("eval", "compare", one, two).explains("did not do the same tasks", code=2)
    foreplan("eval", "compare", one, "nothing").explains("nothing", code=2)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_keeps_what_is_done(foreplan, job, data, tmp_path):
    env = {**os.environ, "FOREPLAN_HOME": str(tmp_path / "home")}
    with ModelServer(job.script, latency=Constant(0.4)) as server:
        command = ["eval", "multihop", "--data", data, "--epochs", "6", "--concurrency", "1", *model_flags(server)]
        arguments = [sys.executable, "-m", "foreplan", *map(str, command)]
        process = subprocess.Popen(arguments, env=env, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("2/12"):
                break
        time.sleep(0.2)  # into the next run
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(30) == 130, rest
        assert "go on with: foreplan eval multihop --resume" in rest
        folder = rest.partition("--resume ")[2].split()[0]
        done = read_records(Path(folder) / "records.jsonl")
        assert 2 <= len(done) < 12
        ran = foreplan("eval", "multihop", "--resume", folder, *model_flags(server), "--json")
        assert (ran.code, len(log_of(ran).samples)) == (0, 12)
        # A call that was cut off counts in full.
        assert ran.json["tokens"] >= server.tokens_billed


@pytest.mark.slow
def test_smoke_takes_less_than_a_minute():
    from foreplan.bench.smoke import run

    numbers = run()
    assert numbers["tasks"] == 20
    assert numbers["seconds"] <= 60
