"""Jobs through the commands, without a model: queued, watched, approved, steered, forgotten; the worker's flags."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from foreplan.cli.job_settings import check_keys, with_own_secrets, without_secrets
from foreplan.core.errors import SettingsError
from foreplan.core.settings.shape import Endpoint, Settings

pytest.importorskip("dbos")

Said = subprocess.CompletedProcess[str]
Command = Callable[..., Said]


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("FOREPLAN_", "OPENAI_"))}
    environment["FOREPLAN_HOME"] = str(tmp_path / "home")
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "mill.md").write_text("# The mill\n\nThe mill at Ober was built in 1871 by Anna Roth.")

    def run(*words: str) -> Said:
        return subprocess.run(
            [sys.executable, "-m", "foreplan", *words],
            env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    yield run
    run("worker", "--stop")


ASKED = ("run", "--background", "--embedded", "--sources", "sources", "Who built the mill at Ober?")


def test_a_job_is_queued_watched_and_read(command):
    asked = command(*ASKED)
    assert asked.returncode == 0, asked.stderr
    watched = command("jobs", "watch", (job := asked.stdout.strip()).split("-")[2])
    assert (watched.returncode, "run done" in watched.stderr) == (0, True), watched.stderr
    assert "1871" in command("jobs", "report", job).stdout


@pytest.mark.slow
def test_a_job_that_has_ended_is_listed_and_forgotten(command):
    job = command(*ASKED).stdout.strip()
    assert command("jobs", "watch", job).returncode == 0
    (listed,) = json.loads(command("jobs", "--json").stdout)
    assert (listed["job"], listed["state"], listed["done"]) == (job, "done", listed["subtasks"])
    assert command("jobs", "cancel", job).returncode == 2
    assert command("jobs", "rm", job).returncode == 0
    assert json.loads(command("jobs", "--json").stdout) == []
    assert command("jobs", "report", "nothing").returncode == 2
    assert len(json.loads(command("worker", "--status", "--json").stdout)) == 1


@pytest.mark.slow
def test_a_job_that_waits_is_cancelled_without_a_worker_and_waits_again_when_resumed(command):
    """It stays cancelled until then, and none of cancel and rm begins a worker that would have nothing to do."""
    job = command(*ASKED, "--approve").stdout.strip()
    command("jobs", "watch", job)
    command("worker", "--stop")
    cancelled = command("jobs", "cancel", job)
    assert cancelled.returncode == 0, cancelled.stderr
    assert "is cancelled" in command("jobs", "report", job).stderr
    assert command("worker", "--status", "--json").stdout.strip() == "[]"
    assert command("jobs", "resume", job).returncode == 0
    assert "Its plan waits" in command("jobs", "watch", job).stderr
    command("worker", "--stop")
    assert command("jobs", "rm", job).returncode == 0
    assert command("worker", "--status", "--json").stdout.strip() == "[]"
    assert command("jobs", "--json").stdout.strip() == "[]"


@pytest.mark.slow
def test_a_plan_that_is_rejected_took_no_time(command):
    job = command(*ASKED, "--approve").stdout.strip()
    command("jobs", "watch", job)
    command("jobs", "approve", job, "--reject")
    watched = command("jobs", "watch", job)
    assert (watched.returncode, "rejected" in watched.stderr) == (6, True), watched.stderr
    (ended,) = [json.loads(line) for line in command("jobs", "logs", job, "--json").stdout.splitlines()][-1:]
    assert (ended["type"], str(ended["seconds"])) == ("run_ended", "0.0")


@pytest.mark.slow
def test_an_id_that_is_empty_names_no_job_although_there_is_only_one(command):
    """So that `jobs rm "$id"` with a variable that is not set deletes nothing."""
    job = command(*ASKED).stdout.strip()
    assert command("jobs", "watch", job).returncode == 0
    for words in (("jobs", "rm", ""), ("jobs", "retry", ""), ("show", ""), ("rate", "", "0.5")):
        refused = command(*words)
        assert (refused.returncode, "is empty" in refused.stderr) == (2, True), refused.stderr
    (listed,) = json.loads(command("jobs", "--json").stdout)
    assert listed["job"] == job


@pytest.mark.slow
def test_a_job_whose_run_never_began_says_why_in_its_logs(command, tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "mill.bin").write_bytes(bytes(range(256)))
    job = command("run", "--background", "--embedded", "--sources", "pictures", "Who built it?").stdout.strip()
    assert command("jobs", "watch", job).returncode == 1
    said = command("jobs", "logs", job).stderr
    assert "nothing to read" in said
    assert "own machine" not in said
    assert f"jobs resume {job}" in command("jobs", "report", job).stderr


@pytest.mark.slow
def test_a_plan_waits_for_approval_and_an_edited_one_is_run(command, tmp_path):
    job = command(*ASKED, "--approve").stdout.strip()
    watched = command("jobs", "watch", job)
    assert "Its plan waits" in watched.stderr
    plan = json.loads(command("jobs", "approve", job, "--json").stdout)["plan"]
    plan["subtasks"] = plan["subtasks"][:1]
    (tmp_path / "edited.json").write_text(json.dumps({"version": 1, **plan}))
    decided = command("jobs", "approve", job, "--plan", "edited.json")
    assert decided.returncode == 0, decided.stderr
    command("jobs", "watch", job)
    result = json.loads(command("jobs", "report", job, "--json").stdout)
    assert [each["id"] for each in result["plan"]["subtasks"]] == [plan["subtasks"][0]["id"]]


@pytest.mark.slow
def test_a_job_may_be_about_a_single_file(command):
    asked = command("run", "--background", "--embedded", "--sources", "sources/mill.md", "Who built the mill at Ober?")
    assert asked.returncode == 0, asked.stderr
    assert command("jobs", "watch", job := asked.stdout.strip()).returncode == 0
    assert "1871" in command("jobs", "report", job).stdout


@pytest.mark.slow
def test_what_could_never_begin_is_refused_at_once(command, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "nothing to read" in command("run", "--background", "--embedded", "--sources", "empty", "Who?").stderr
    assert "nothing" in command("run", "--background", "--embedded", "--sources", "nothing", "Who?").stderr
    assert command("run", "--background", "--embedded", "Who built the mill?").returncode == 2
    assert command("worker", "--stop", "--status").returncode == 2


@pytest.mark.slow
def test_of_workers_started_at_once_one_stays(command):
    begun = [command(*ASKED) for _ in range(3)]
    assert all(each.returncode == 0 for each in begun)
    assert command("worker", "--stop").stderr.strip() == "stopped 1"
    assert json.loads(command("worker", "--status", "--json").stdout) == []


def test_settings_travel_without_keys_and_get_the_workers_own_for_the_same_endpoint():
    own = Settings(base_url="http://one/v1", api_key=SecretStr("k1"), writer=Endpoint(model="w"))
    sent = without_secrets(own)
    assert "k1" not in json.dumps(sent)
    assert with_own_secrets(sent, own).api_key == own.api_key
    unlimited = Settings.model_validate({"limits": {"tokens": "none"}})
    assert with_own_secrets(without_secrets(unlimited), own).limits.tokens is None
    elsewhere = own.model_copy(update={"base_url": "http://two/v1"})
    assert with_own_secrets(sent, elsewhere).api_key is None
    check_keys(own, own)
    with pytest.raises(SettingsError, match="key"):
        check_keys(own, elsewhere)


def test_spend_counts_once_for_the_day_it_was_spent_on(tmp_path, monkeypatch):
    from foreplan.agents.jobs import book as module
    from foreplan.agents.jobs.book import Book, Progress

    book = Book(f"sqlite:///{tmp_path / 'book.sqlite'}")
    monkeypatch.setattr(module, "today", lambda: "2026-11-20")
    for _ in range(2):
        book.tell("a", Progress(tokens=100, dollars=0.5))
    book.tell("b", Progress(tokens=7))
    monkeypatch.setattr(module, "today", lambda: "2026-11-21")
    book.tell("a", Progress(tokens=130, dollars=0.5))
    assert book.spent_on("2026-11-20") == (107, 0.5)
    assert book.spent_on("2026-11-21") == (30, 0.0)
    book.close()
