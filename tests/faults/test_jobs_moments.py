"""Jobs at the moments that hurt: SIGKILL during cancel, approval and the report; drains, locks, clocks, upgrades."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.joblab import SCRIPT, JobLab

from foreplan.core.events import RunEnded, SubtaskEnded
from foreplan.core.testing.process import ProcessServer

pytest.importorskip("dbos")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

SUBTASKS, LONG = 12, 24


@pytest.fixture
def server() -> Iterator[ProcessServer]:
    timing = {"worker_s": 0.4, "planner_tokens_per_s": 2_000, "subtasks": SUBTASKS, "writer_s": 1.5}
    with ProcessServer(SCRIPT, timing) as running:
        yield running


@pytest.fixture
def lab(tmp_path: Path, server: ProcessServer) -> Iterator[JobLab]:
    with JobLab(tmp_path, server.url) as made:
        yield made


@pytest.fixture
def long_lab(tmp_path: Path) -> Iterator[JobLab]:
    timing = {"worker_s": 2.0, "planner_tokens_per_s": 2_000, "subtasks": LONG}
    with ProcessServer(SCRIPT, timing) as running, JobLab(tmp_path, running.url) as made:
        yield made


def _kill(worker: subprocess.Popen[bytes]) -> None:
    worker.kill()
    worker.wait()


def _killed_after(command: list[str], seconds: float, lab: JobLab) -> bool:
    """Whether the command was still at work when it was killed."""
    process = subprocess.Popen(
        command, env=lab.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        _kill(process)
        return True
    return False


def test_a_cancel_that_is_killed_is_done_or_not_done_and_a_resumed_job_repeats_nothing(long_lab):
    """Three times: what is cancelled is paid by the run each time, and no subtask ends at its cap for it."""
    lab, patience_s = long_lab, 0.7
    job = lab.queue()
    for _ in range(3):
        before = lab.job(job).progress.done
        worker = lab.worker()
        lab.wait(lambda before=before: lab.job(job).progress.done > before)
        while lab.job(job).state == "running":
            _killed_after(lab.command("jobs", "cancel", job), patience_s, lab)
            patience_s += 0.2
        time.sleep(1.0)
        assert lab.job(job).state == "cancelled"
        _kill(worker)
        lab.run("jobs", "resume", job)
    lab.worker()
    lab.wait(lambda: lab.ended(job))
    result = lab.check(job, LONG)
    lab.check_told(job, LONG)
    assert {digest["state"] for digest in result["digests"]} == {"done"}


def test_a_running_job_stops_soon_when_it_is_cancelled(lab, server):
    job = lab.queue()
    lab.worker()
    lab.wait(lambda: lab.job(job).progress.done >= 2)
    lab.run("jobs", "cancel", job)
    lab.wait(lambda: lab.job(job).state != "running", seconds=5)
    time.sleep(1.5)
    asked = len(server.log)
    time.sleep(1.5)
    assert len(server.log) == asked
    assert lab.run("jobs", "watch", job, check=False).returncode == 130
    assert "does" in lab.run("jobs", "approve", job, "--yes", check=False).stderr


def test_an_approval_that_is_killed_counts_once_or_not_at_all(lab):
    draw = random.Random(2)
    job = lab.queue("--approve")
    worker = lab.worker()
    lab.wait(lambda: lab.job(job).state == "waiting")
    plan = lab.json("jobs", "approve", job)["plan"]
    kills = 0
    while lab.job(job).state == "waiting":
        # A slow machine needs patience to let one through.
        patience_s = draw.uniform(0.3, 0.8) + 0.1 * kills
        kills += _killed_after(lab.command("jobs", "approve", job, "--yes"), patience_s, lab)
    for _ in range(3):
        time.sleep(draw.uniform(0.1, 1.0))
        _kill(worker)
        worker = lab.worker()
    lab.wait(lambda: lab.ended(job))
    result = lab.check(job, SUBTASKS)
    assert result["plan"]["subtasks"] == plan["subtasks"]


def test_a_report_that_is_cut_off_while_it_is_written_is_written_again_and_nothing_else_is(lab):
    draw = random.Random(3)
    job = lab.queue()
    for _ in range(5):
        worker = lab.worker()
        lab.wait(lambda: sum(isinstance(event, SubtaskEnded) for event in lab.events(job)) >= SUBTASKS)
        time.sleep(draw.uniform(0.2, 2.2))
        _kill(worker)
    lab.worker()
    lab.wait(lambda: lab.ended(job))
    lab.check(job, SUBTASKS)
    lab.check_told(job, SUBTASKS)
    assert [event.state for event in lab.events(job) if isinstance(event, RunEnded)][-1] == "done"


def test_a_worker_that_is_stopped_loses_nothing_and_pays_nothing_twice(lab, server):
    job = lab.queue()
    for _ in range(3):
        before = lab.job(job).progress.done
        worker = lab.worker()
        lab.wait(lambda before=before: lab.job(job).progress.done > before)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=5) == 0
        assert lab.job(job).state == "queued"
    lab.worker()
    lab.wait(lambda: lab.ended(job))
    result = lab.check(job, SUBTASKS)
    lab.check_told(job, SUBTASKS)
    server.wait_idle()
    assert result["spend"]["tokens"] == server.tokens_billed


def test_files_that_another_process_locks_are_waited_for(lab):
    job = lab.queue()
    lab.worker()
    lab.wait(lambda: lab.job(job).progress.done >= 2)
    for file in (lab.home / "runs" / job / "store.sqlite", lab.home / "jobs" / "jobs.sqlite"):
        other = sqlite3.connect(file, isolation_level=None, timeout=20)
        other.execute("BEGIN EXCLUSIVE")
        time.sleep(8)
        other.execute("ROLLBACK")
        other.close()
    lab.wait(lambda: lab.ended(job))
    lab.check(job, SUBTASKS)
    lab.check_told(job, SUBTASKS)


def _faketime() -> str:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not found:
        pytest.skip("libfaketime is not installed")
    return str(found[0])


@pytest.mark.parametrize("shift", ["+3600s", "-3600s"])
def test_a_clock_that_is_moved_by_an_hour_stops_and_repeats_nothing(lab, tmp_path, shift):
    clock = tmp_path / "clock"
    clock.write_text("+0s")
    moved = {
        "LD_PRELOAD": _faketime(), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip
    job = lab.queue()
    worker = lab.worker(environment=moved)
    lab.wait(lambda: lab.job(job).progress.done >= 2)
    clock.write_text(shift)
    lab.wait(lambda: lab.job(job).progress.done >= 5)
    _kill(worker)
    worker = lab.worker(environment=moved)
    lab.wait(lambda: lab.job(job).progress.done >= 8)
    clock.write_text("+0s")
    lab.wait(lambda: lab.ended(job))
    lab.check(job, SUBTASKS)
    lab.check_told(job, SUBTASKS)


OLD = "import foreplan.agents.versions as v; v.JOBS_VERSION = '0.old'; from foreplan.cli import main; main()"


def test_a_job_of_another_version_is_finished_by_that_version_or_begun_anew_and_never_mixed(lab):
    job = lab.queue()
    current = lab.worker()
    lab.wait(lambda: lab.job(job).progress.done >= 3)
    _kill(current)

    def as_old(*words: str) -> list[str]:
        return [sys.executable, "-c", OLD, *lab.command(*words)[3:]]

    old = subprocess.Popen(as_old("worker"), env=lab.environment, stderr=subprocess.DEVNULL)
    lab.workers.append(old)
    lab.wait(lambda: bool(lab.status()))
    time.sleep(7)
    seen = subprocess.run(as_old("jobs", "--json"), env=lab.environment, capture_output=True, text=True, check=True)
    assert '"other version"' in seen.stdout
    refused = subprocess.run(
        as_old("jobs", "resume", job), env=lab.environment, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert len([event for event in lab.events(job) if isinstance(event, SubtaskEnded)]) < SUBTASKS
    _kill(old)
    lab.worker()
    lab.wait(lambda: lab.ended(job))
    lab.check(job, SUBTASKS)
    lab.check_told(job, SUBTASKS)
