"""Bad input gets one clear paragraph with what to do, an exit code, and no traceback; nothing is lost."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import DOCUMENTS, QUESTION, foreplan_process

from foreplan.testing import Answer, Fault, ModelServer, ResearchJob


def test_no_sources(foreplan):
    foreplan("run", QUESTION).explains("--sources", code=2)


def test_a_folder_that_is_not_there(foreplan):
    foreplan("run", QUESTION, "--sources", "nowhere").explains("nowhere", code=2)


def test_a_deadline_that_has_passed_or_is_none(foreplan):
    asked = ("run", QUESTION, "--sources", DOCUMENTS, "--embedded", "--deadline")
    foreplan(*asked, "2020-01-01T07:00").explains("--deadline", "passed", code=2)
    for none in ("tomorrow", "0001-01-01T00:00+14:00"):
        foreplan(*asked, none).explains("--deadline", code=2)


def test_a_place_in_the_queue_of_a_run_that_does_not_queue(foreplan):
    foreplan("run", QUESTION, "--sources", DOCUMENTS, "--priority", "3").explains("--background", code=2)


def test_a_planner_that_can_only_be_a_folder_and_is_none(foreplan):
    foreplan("plan", QUESTION, "--sources", DOCUMENTS, "--planner", "./nowhere").explains("foreplan train", code=2)


def test_an_empty_folder(foreplan, tmp_path):
    (tmp_path / "empty").mkdir()
    foreplan("run", QUESTION, "--sources", "empty").explains("nothing to read", code=2)


def test_files_that_cannot_be_read_are_skipped_and_listed(foreplan, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "good.txt").write_text("The Harrow bridge was built in 1911 by Ida Marsh.\n")
    (folder / "latin.txt").write_bytes("Die Brücke über die Harle wurde 1911 eröffnet.\n".encode("latin-1"))
    (folder / "binary.dat").write_bytes(bytes(range(256)) * 100)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 this is none")
    with (folder / "huge.txt").open("wb") as huge:
        huge.truncate(1_000_000_000)
    if os.name == "posix":
        os.mkfifo(folder / "pipe.txt")
    ran = foreplan("run", "Who built the Harrow bridge?", "--sources", folder)
    assert ran.code == 0, ran.err
    assert "Ida Marsh" in ran.out
    for name in ("binary.dat", "broken.pdf", "huge.txt"):
        assert f"skipped {name}" in ran.err


def test_only_unreadable_files(foreplan, tmp_path):
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "a.bin").write_bytes(bytes(range(256)) * 100)
    ran = foreplan("run", QUESTION, "--sources", "blobs")
    ran.explains("nothing to read", code=2)
    assert "skipped a.bin" in ran.err


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission(foreplan, tmp_path):
    (tmp_path / "locked").mkdir()
    (tmp_path / "locked" / "a.txt").write_text("secret")
    (tmp_path / "locked" / "a.txt").chmod(0)
    foreplan("run", QUESTION, "--sources", "locked").explains("nothing to read", code=2)


@pytest.mark.parametrize("question", ["", " \n"])
def test_no_question(foreplan, question):
    foreplan("run", question, "--sources", DOCUMENTS).explains("empty", code=2)


def test_a_question_of_a_million_characters():
    done = foreplan_process("run", "-", "--sources", DOCUMENTS, input="x" * 1_000_000, env=dict(os.environ))
    done.explains("20,000", code=2)


def test_no_arguments_at_all_show_the_help(foreplan):
    ran = foreplan()
    assert ran.code == 2
    assert "Usage: foreplan" in ran.out + ran.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "JSON"),
        ("[]", "plan"),
        ('{"version": 99}', "version"),
        ("\x00\x01", "JSON"),
        ('{"version": 1, "brief": {"goal": 7}, "mode": "plan"}', "plan"),
        ("[" * 100_000, "JSON"),
    ],
)
def test_a_plan_file_that_is_none(foreplan, tmp_path, content, said):
    (tmp_path / "plan.json").write_text(content)
    foreplan("run", "--plan", "plan.json", "--sources", DOCUMENTS).explains(said, code=2)


def test_a_plan_file_that_is_not_there(foreplan):
    foreplan("run", "--plan", "none.json").explains("none.json", code=2)


def test_a_plan_file_with_a_cycle_names_it(foreplan, tmp_path):
    foreplan("plan", QUESTION, "--sources", DOCUMENTS, "-o", "plan.json")
    plan = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    first = plan["subtasks"][0]
    plan["subtasks"] = [{**first, "id": "a", "depends_on": ["b"]}, {**first, "id": "b", "depends_on": ["a"]}]
    Path("plan.json").write_text(json.dumps(plan), encoding="utf-8")
    foreplan("run", "--plan", "plan.json").explains("cycle", code=2)


def test_a_budget_too_small_for_the_plan(foreplan, tmp_path):
    foreplan("plan", QUESTION, "--sources", DOCUMENTS, "-o", "plan.json")
    plan = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    plan["subtasks"] = [{**each, "budget": 50_000} for each in plan["subtasks"]]
    Path("plan.json").write_text(json.dumps(plan), encoding="utf-8")
    ran = foreplan("run", "--plan", "plan.json", "--budget", "10000")
    assert ran.code in (2, 4)
    ran.explains("budget", code=ran.code)


def test_a_settings_file_with_an_unknown_key(foreplan):
    Path("foreplan.toml").write_text("[limits]\ntokns = 3\n")
    foreplan("run", QUESTION, "--sources", DOCUMENTS).explains("tokens", "foreplan.toml", code=2)


def test_an_unknown_run(foreplan):
    foreplan("run", "--resume", "nothing").explains("nothing", code=2)
    foreplan("run", "--resume", "../../etc").explains("..", code=2)


def test_an_output_file_that_cannot_be(foreplan, tmp_path):
    foreplan("run", QUESTION, "--sources", DOCUMENTS, "-o", "none/report.md").explains("-o FILE", code=2)
    foreplan("run", QUESTION, "--sources", DOCUMENTS, "-o", tmp_path).explains("folder", code=2)


@pytest.mark.parametrize("command", [["run", QUESTION, "--sources", str(DOCUMENTS)], ["doctor"]])
def test_a_data_folder_that_cannot_be_written(foreplan, tmp_path, command):
    (tmp_path / "file").write_text("in the way")
    foreplan_home = str(tmp_path / "file" / "home")
    ran = foreplan(*command, "--home", foreplan_home)
    assert ran.code not in (0, 1)
    assert "Traceback" not in ran.err
    assert "--home" in ran.out + ran.err


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_data_folder(foreplan, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home").chmod(0o500)
    ran = foreplan("run", QUESTION, "--sources", DOCUMENTS)
    ran.explains("--home", code=ran.code)
    assert ran.code not in (0, 1)


@pytest.mark.skipif(sys.platform != "linux", reason="the user's entry in the password file gives a home elsewhere")
def test_no_home_is_no_crash(tmp_path):
    env = {"PATH": os.environ["PATH"], "FOREPLAN_HOME": str(tmp_path / "data")}
    ran = foreplan_process("run", QUESTION, "--sources", DOCUMENTS, env=env, cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert not (tmp_path / "~").exists()


@pytest.fixture
def job(tmp_path):
    made = ResearchJob(subtasks=4, levels=2, distractors=4)
    made.write(tmp_path / "pages")
    return made


def ask(foreplan, job, url, *more):
    return foreplan("run", job.goal, "--sources", "pages", "--base-url", url, "--model", "planner-worker-writer", *more)


def test_a_wrong_key(foreplan, job, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-and-secret")
    with ModelServer(job.script, key="sk-right") as server:
        ran = ask(foreplan, job, server.url)
        ran.explains("key", code=3)
        assert "sk-wrong-and-secret" not in ran.err
        assert len(server.log) == 1


def test_a_dead_endpoint(foreplan, job):
    with ModelServer(job.script) as server:
        url = server.url
    ask(foreplan, job, url, "--seconds", "5").explains(url, code=3)


def test_an_unknown_model(foreplan, job):
    with ModelServer(job.script, models=["another"]) as server:
        ask(foreplan, job, server.url).explains("planner-worker-writer", code=3)


def test_a_context_that_overflows(foreplan, job):
    with ModelServer(job.script, window=300) as server:
        ran = ask(foreplan, job, server.url)
        ran.explains("context", code=ran.code)
        assert ran.code in (3, 4)


def test_a_planner_that_writes_no_plan(foreplan, job, tmp_path):
    with ModelServer(lambda request: Answer(text="I would rather not.")) as server:
        ran = ask(foreplan, job, server.url)
        ran.explains("plan", "--resume", "unusable-answer.txt", code=3)
    [kept] = (tmp_path / "home" / "runs").glob("*/unusable-answer.txt")
    assert "I would rather not." in kept.read_text(encoding="utf-8")


def test_dollars_cannot_limit_a_model_without_a_price(foreplan, job):
    foreplan("run", "hi", "--base-url", "http://127.0.0.1:9/v1", "--model", "m", "--dollars", "1").explains(
        "price_prompt", code=2
    )


def test_a_terminal_that_cannot_show_a_character_loses_no_report():
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ran = foreplan_process("run", "Who is Maud Ferrier\u2013the engineer?", "--sources", DOCUMENTS, env=env)
    assert ran.code == 0, ran.err
    assert "Maud Ferrier" in ran.out


def test_a_budget_too_small_for_one_call(foreplan, job):
    with ModelServer(job.script) as server:
        ask(foreplan, job, server.url, "--budget", "200").explains("--budget", code=4)
        assert server.tokens_billed == 0


def test_workers_that_all_fail_leave_a_report_that_says_so(foreplan, job):
    def faults(request):
        return Fault("refusal") if "submit_digest" in json.dumps(request.body) else None

    with ModelServer(job.script, faults=faults) as server:
        ran = ask(foreplan, job, server.url)
    assert ran.code == 5, ran.err
    assert job.places[0].id in ran.out or "missing" in ran.out.lower()


def test_an_unexpected_fault_is_logged_and_not_shown(foreplan, monkeypatch, tmp_path):
    def broken(**_):
        raise RuntimeError("the sky fell\nand more")

    monkeypatch.setattr("foreplan.cli.commands.doctor.main", broken)
    ran = foreplan("doctor")
    ran.explains("the sky fell", str(tmp_path / "home" / "foreplan.log"), code=1)
    assert "Traceback" in (tmp_path / "home" / "foreplan.log").read_text(encoding="utf-8")


def test_an_unexpected_fault_of_a_run_tells_how_to_go_on(foreplan, monkeypatch):
    async def broken(*_, **__):
        raise RuntimeError("the sky fell")

    monkeypatch.setattr("foreplan.cli.commands.run.run", broken)
    foreplan("run", QUESTION, "--sources", DOCUMENTS).explains("the sky fell", "foreplan.log", "--resume", code=1)


@pytest.mark.skipif(os.name != "posix", reason="pipes as POSIX has them")
def test_a_reader_that_goes_away_is_no_error(foreplan):
    assert foreplan("run", QUESTION, "--sources", DOCUMENTS).code == 0
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "foreplan", "show", "--json"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert done.returncode == 0
    assert done.stderr == ""
