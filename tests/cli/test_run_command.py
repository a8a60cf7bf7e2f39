"""`foreplan run` and `foreplan plan` from the question to the printed report, embedded and over real HTTP."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

import pytest
from support.commands import DOCUMENTS, QUESTION, Ran
from support.terminal import in_terminal

from foreplan.testing import Answer, ModelServer, ResearchJob, Timing


def test_an_embedded_run_prints_a_cited_report_and_says_that_no_model_is_configured(foreplan):
    ran = foreplan("run", QUESTION, "--sources", DOCUMENTS)
    assert ran.code == 0, ran.err
    assert "Maud Ferrier" in ran.out
    assert "Aldwick College" in ran.out
    assert "[1]" in ran.out
    assert "No model is configured" in ran.err
    assert "OPENAI_API_KEY" in ran.err


def test_json_is_one_object_with_plan_digests_report_citations_and_spend(foreplan):
    ran = foreplan("run", QUESTION, "--sources", DOCUMENTS, "--json")
    told = ran.json
    assert {"plan", "digests", "report", "citations", "spend"} <= set(told)
    quotes = {(each["source"], each["quote"]) for each in told["citations"] if not each["source"].endswith(".csv")}
    assert quotes
    for source, quote in quotes:
        assert quote in (DOCUMENTS / source).read_text(encoding="utf-8")
    assert told["spend"]["tokens"] == 0


def test_a_report_goes_to_the_file_that_was_named(foreplan, tmp_path):
    ran = foreplan("run", QUESTION, "--sources", DOCUMENTS, "-o", tmp_path / "report.md")
    assert ran.code == 0, ran.err
    assert ran.out == ""
    assert "Maud Ferrier" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_a_plan_is_saved_edited_and_run_with_no_more_said(foreplan, tmp_path):
    path = tmp_path / "plan.json"
    assert foreplan("plan", QUESTION, "--sources", DOCUMENTS, "-o", path).code == 0
    plan = json.loads(path.read_text(encoding="utf-8"))
    assert plan["brief"]["goal"] == QUESTION
    plan["subtasks"] = [{**plan["subtasks"][0], "goal": "How tall is Tern Rock in metres?", "depends_on": []}]
    path.write_text(json.dumps(plan), encoding="utf-8")
    ran = foreplan("run", "--plan", path, "--json")
    assert ran.code == 0, ran.err
    assert [each["goal"] for each in ran.json["plan"]["subtasks"]] == ["How tall is Tern Rock in metres?"]
    assert "28" in ran.json["report"]


def test_a_plan_is_printed_for_people_and_for_programs(foreplan):
    ran = foreplan("plan", QUESTION, "--sources", DOCUMENTS)
    assert ran.out.startswith("plan: ")
    assert foreplan("plan", QUESTION, "--sources", DOCUMENTS, "--json").json["mode"] == "plan"


def test_show_lists_runs_and_shows_one(foreplan):
    run = foreplan("run", QUESTION, "--sources", DOCUMENTS, "--json").json["run"]
    assert run in foreplan("show").out
    shown = foreplan("show", run[:15])
    assert QUESTION in shown.out
    assert "over · " in shown.out
    assert "Maud Ferrier" in shown.out
    assert foreplan("show", run, "--json").json["run"] == run
    assert foreplan("show", "--json").json[0]["state"] == "done"
    assert "Maud Ferrier" in foreplan("show", "--report", run).out
    foreplan("show", "nothing").explains("nothing", code=2)


def test_old_runs_are_deleted_when_a_new_one_starts(foreplan, tmp_path, monkeypatch):
    run = foreplan("run", QUESTION, "--sources", DOCUMENTS, "--json").json["run"]
    result = tmp_path / "home" / "runs" / run / "result.json"
    os.utime(result, (0, 0))
    monkeypatch.setenv("FOREPLAN_STORAGE__KEEP_DAYS", "none")
    assert foreplan("run", QUESTION, "--sources", DOCUMENTS).code == 0
    assert result.exists()
    monkeypatch.setenv("FOREPLAN_STORAGE__KEEP_DAYS", "30")
    assert foreplan("run", QUESTION, "--sources", DOCUMENTS).code == 0
    assert not result.exists()


def test_sources_are_indexed_once_and_their_status_told(foreplan, tmp_path):
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "one.md").write_text("# One\n\nThe first page.\n")
    (folder / "blob.bin").write_bytes(bytes(range(256)) * 40)
    first = foreplan("sources", "index", folder, "--json").json
    assert (first["documents"], first["added"]) == (1, 1)
    assert "blob.bin" in first["skipped"][0]["path"]
    assert foreplan("sources", "index", folder, "--json").json["unchanged"] == 1
    status = foreplan("sources", "status", folder)
    assert "one.md" in status.out
    assert "blob.bin" in status.out
    foreplan("sources", "status", tmp_path).explains("foreplan sources index", code=2)


@pytest.fixture
def job(tmp_path):
    # A call cut off by a stop counts in full, so budgets have room for it.
    made = ResearchJob(subtasks=4, levels=2, distractors=4, budget_tokens=30_000)
    made.write(tmp_path / "pages")
    return made


def models(server: ModelServer) -> list[str]:
    return ["--base-url", server.url, "--planner", "planner", "--worker", "worker", "--writer", "writer"]


def test_a_run_with_models_finds_every_fact_and_tells_what_it_spent(foreplan, job):
    with ModelServer(job.script) as server:
        ran = foreplan("run", job.goal, "--sources", "pages", *models(server), "--json")
        assert ran.code == 0, ran.err
        assert set(job.found(ran.json["report"])) == set(job.facts)
        assert ran.json["spend"]["tokens"] == server.tokens_billed
        assert "No model is configured" not in ran.err


def test_a_plan_by_a_model_runs_later(foreplan, job, tmp_path):
    with ModelServer(job.script) as server:
        planned = foreplan("plan", job.goal, "--sources", "pages", *models(server)[:4], "-o", "plan.json")
        assert planned.code == 0, planned.err
        ran = foreplan("run", "--plan", "plan.json", *models(server), "--json")
    assert set(job.found(ran.json["report"])) == set(job.facts)


def test_doctor_reaches_each_endpoint_and_tells_what_to_fix(foreplan, job):
    with ModelServer(lambda _: Answer(json={"ok": True}), models=["planner", "worker"], key="sk-right") as server:
        os.environ["OPENAI_API_KEY"] = "sk-right"
        well = foreplan("doctor", "--base-url", server.url, "--planner", "planner", "--worker", "worker")
        unknown = foreplan("doctor", "--base-url", server.url, "--model", "nobody", "--json")
        os.environ["OPENAI_API_KEY"] = "sk-wrong"
        wrong = foreplan("doctor", "--base-url", server.url, "--model", "planner")
        url = server.url
    dead = foreplan("doctor", "--base-url", url, "--model", "planner")
    assert well.code == 0, well.out
    assert unknown.code == wrong.code == dead.code == 3
    assert any("nobody" in each["about"] and not each["ok"] and each["fix"] for each in unknown.json)
    assert "FIX" in wrong.out
    assert "FIX" in dead.out
    assert "sk-" not in well.out + wrong.out + dead.out


def test_doctor_without_anything_is_content(foreplan, monkeypatch):
    monkeypatch.setenv("FOREPLAN_MODLE", "x")
    ran = foreplan("doctor")
    assert ran.code == 0
    assert "embedded" in ran.out
    assert "FOREPLAN_MODEL" in ran.out


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("how", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
def test_a_stopped_run_goes_on_where_it_stopped(foreplan, job, tmp_path, how):
    stopped = threading.Event()

    def latency(request):
        """From the fourth call on nothing is answered until the run was stopped, however slow this machine is."""
        return Timing(total_s=60.0 if request.number >= 3 and not stopped.is_set() else 0.0)

    with ModelServer(job.script, latency=latency) as server:
        command = [sys.executable, "-m", "foreplan", "run", job.goal, "--sources", "pages", *models(server)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: len(server.log) >= 4, process)
        process.send_signal(how)
        out, err = process.communicate(timeout=30)
        stopped.set()
        assert server.wait_idle()
        [run] = [path.name for path in (tmp_path / "home" / "runs").iterdir() if path.is_dir()]
        if how == signal.SIGINT:
            assert process.returncode == 130
            assert f"--resume {run}" in err
            assert "Traceback" not in out + err
        ran = foreplan("run", "--resume", run, *models(server), "--json")
    assert ran.code == 0, ran.err
    assert set(job.found(ran.json["report"])) == set(job.facts)


@pytest.mark.skipif(sys.platform != "linux", reason="limits the files of another process")
def test_a_disk_that_fills_up_during_a_run_is_told_and_the_run_goes_on_later(foreplan, job, tmp_path):
    import resource

    def latency(request):
        return Timing(total_s=2.0 if request.number == 3 else 0.0)

    with ModelServer(job.script, latency=latency) as server:
        command = [sys.executable, "-m", "foreplan", "run", job.goal, "--sources", "pages", *models(server)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: len(server.log) >= 4, process)
        [run] = [path for path in (tmp_path / "home" / "runs").iterdir() if path.is_dir()]
        _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (40_000, hard))
        out, err = process.communicate(timeout=30)
        Ran(process.returncode, out, err).explains("Free some space", f"--resume {run.name}", code=2)
        assert "Traceback" not in err
        ran = foreplan("run", "--resume", run.name, *models(server), "--json")
    assert ran.code == 0, ran.err
    assert set(job.found(ran.json["report"])) == set(job.facts)


def wait_for(holds, process) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo terminal")
@pytest.mark.parametrize("columns", [40, 100])
def test_a_terminal_gets_a_live_tree_that_fits(tmp_path, columns):
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", in_terminal(["run", QUESTION, "--sources", str(DOCUMENTS)], columns))
    rows = [line for line in re.split(r"[\r\n]+", shown) if "part-1" in line]
    assert any(line.startswith("✓ ") for line in rows)
    assert all(len(line) <= columns for line in rows)


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo terminal")
@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 6)])
def test_a_plan_is_approved_or_rejected_on_the_terminal(tmp_path, answer, code):
    shown = in_terminal(["run", QUESTION, "--sources", str(DOCUMENTS), "--approve"], 100, answer=answer, code=code)
    assert "Run this plan?" in shown


def test_approval_without_a_terminal_is_refused(foreplan, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    foreplan("run", QUESTION, "--sources", DOCUMENTS, "--approve").explains("--plan", code=2)
