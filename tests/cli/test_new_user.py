"""What a new user meets first: messages that name the flag they typed, hints that can be copied, nothing drawn over."""

import json
import re
import shlex
from pathlib import Path

import pytest
from support.commands import DOCUMENTS, QUESTION
from support.terminal import in_terminal

from foreplan.cli.progress import PlainLines
from foreplan.core.errors import InputError
from foreplan.core.events import PlanItem, RunStarted, SubtaskEnded, SubtaskStarted
from foreplan.testing import ModelServer, ResearchJob


@pytest.fixture
def job(tmp_path):
    made = ResearchJob(subtasks=4, levels=2, distractors=4)
    made.write(tmp_path / "pages")
    return made


@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [
        ("--budget", "-5", "greater than or equal to 1"),
        ("--seconds", "nan", "finite number"),
        ("--base-url", "127.0.0.1:8000", "begins with http:// or https://"),
    ],
)
def test_a_flag_that_cannot_be_is_named_as_it_was_typed(foreplan, flag, value, said):
    ran = foreplan("run", QUESTION, "--sources", DOCUMENTS, flag, value)
    ran.explains(f"{flag}: ", said, "--help", code=2)
    assert "^" not in ran.err


def test_a_url_in_the_settings_file_is_told_in_words_and_by_its_key(foreplan):
    Path("foreplan.toml").write_text('[worker]\nbase_url = "ftp://x"\n')
    foreplan("doctor").explains("`worker.base_url` in foreplan.toml", "http://", "docs/configuration.md", code=2)


@pytest.mark.parametrize(
    ("message", "hint", "said"),
    [
        ("It broke: no such thing", "Mend it.", "It broke: no such thing. Mend it."),
        ("It broke.", "Mend it.", "It broke. Mend it."),
        ("Faults:\n- one", "\nMend it.", "Faults:\n- one\nMend it."),
        ("It broke", "", "It broke"),
    ],
)
def test_what_was_wrong_and_what_to_do_are_two_sentences(message, hint, said):
    assert str(InputError(message, hint=hint)) == said


def test_a_place_holder_for_a_key_is_not_taken_out_of_messages(foreplan, job, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    with ModelServer(job.script, models=["another"]) as server:
        ran = foreplan("run", job.goal, "--sources", "pages", "--base-url", server.url, "--model", "planner")
    ran.explains("does not exist", code=3)
    assert "[key]" not in ran.err


def test_the_hint_to_go_on_names_the_same_models(foreplan, job):
    flags = ["--base-url", "", "--planner", "planner", "--worker", "worker", "--writer", "writer"]
    with ModelServer(job.script) as server:
        flags[1] = server.url
        stopped = foreplan("run", job.goal, "--sources", "pages", *flags, "--budget", "200")
    assert stopped.code == 4, stopped.err
    command = shlex.split(stopped.err[stopped.err.index("foreplan run --resume") :])
    assert {*zip(flags[::2], flags[1::2], strict=True)} <= {*zip(command[2::2], command[3::2], strict=True)}
    assert "--budget" not in command


def test_a_run_begun_with_models_does_not_go_on_without_any_unasked(foreplan, job):
    with ModelServer(job.script) as server:
        models = ["--base-url", server.url, "--planner", "planner", "--worker", "worker", "--writer", "writer"]
        assert foreplan("run", job.goal, "--sources", "pages", *models, "--budget", "200").code == 4
    [run] = [each["run"] for each in foreplan("show", "--json").json]
    foreplan("run", "--resume", run).explains("--base-url", "--embedded", code=2)
    assert foreplan("run", "--resume", run, "--embedded").code in (0, 5)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_report_that_cannot_be_written_is_not_lost(foreplan):
    ran = foreplan("run", QUESTION, "--sources", DOCUMENTS, "-o", "/dev/full")
    ran.explains("nothing is lost", code=2)
    command = shlex.split(ran.err[ran.err.index("foreplan show") :])
    assert "Maud Ferrier" in foreplan(*command[1:]).out


def test_a_plan_made_without_a_model_says_so(foreplan):
    assert "No model is configured" in foreplan("plan", QUESTION, "--sources", DOCUMENTS).err
    assert "as asked" in foreplan("plan", QUESTION, "--sources", DOCUMENTS, "--embedded").err


def test_the_command_that_runs_a_saved_plan_can_be_copied(foreplan):
    ran = foreplan("plan", QUESTION, "--sources", DOCUMENTS, "-o", "my plan.json")
    command = shlex.split(ran.err[ran.err.index("foreplan run") :])
    assert foreplan(*command[1:]).code == 0
    assert json.loads(Path("my plan.json").read_text(encoding="utf-8"))["brief"]["goal"] == QUESTION


def test_runs_are_listed_in_columns(foreplan):
    for question in (QUESTION, "Where is Port Sallow?", "What is the Hallam medal?"):
        foreplan("run", question, "--sources", DOCUMENTS)
    lines = foreplan("show").out.splitlines()
    assert len(lines) == 3
    assert len({line.index(" done ") for line in lines}) == 1


def test_one_claim_is_no_claims_and_what_was_kept_is_not_started(capsys):
    lines = PlainLines()
    for event in (
        RunStarted(at=0, run="r", goal="g"),
        PlanItem(at=1, subtask="a", goal="find"),
        SubtaskStarted(at=1, subtask="a", cached=True),
        SubtaskEnded(at=2, subtask="a", state="done", claims=1, tokens=0, seconds=0),
    ):
        lines(event)
    assert capsys.readouterr().err.splitlines() == ["done a: kept, 1 claim, 0.0s"]


def test_the_plan_one_is_asked_about_stays_on_the_screen():
    shown = in_terminal(["run", QUESTION, "--sources", str(DOCUMENTS), "--approve"], 100, answer="y")
    before_the_heading = shown.partition("Run this plan?")[2].partition(QUESTION)[0]
    assert not re.search(r"\x1b\[\d*A", before_the_heading)


def test_a_line_of_the_tree_leaves_room_for_what_a_terminal_writes_at_ctrl_c():
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", in_terminal(["run", QUESTION, "--sources", str(DOCUMENTS)], 60))
    rows = [line for line in re.split(r"[\r\n]+", shown) if "part-1" in line]
    assert rows
    assert all(len(line) <= 58 for line in rows)
