"""SIGKILL of workers at random moments, while they plan, work, write and finish. Real processes, both databases."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import time

import pytest
from support.joblab import SCRIPT, JobLab

from foreplan.core.events import SubtaskEnded, SubtaskStarted
from foreplan.core.testing.process import ProcessServer

pytest.importorskip("dbos")

SUBTASKS = 40
KILLS = 25
"""Each hits two jobs at once, so that a job's work is cut off fifty times."""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def _kill(worker: subprocess.Popen[bytes]) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait()


def test_a_job_survives_the_death_of_its_worker_at_any_moment(tmp_path):
    draw = random.Random(7)
    timing = {"worker_s": 0.7, "planner_tokens_per_s": 1_500, "subtasks": SUBTASKS, "writer_s": 0.7}
    with ProcessServer(SCRIPT, timing) as server, JobLab(tmp_path, server.url) as lab:
        jobs = [lab.queue(), lab.queue()]
        for _ in range(KILLS):
            worker = lab.worker()
            try:
                worker.wait(timeout=draw.uniform(1.2, 5.0))
            except subprocess.TimeoutExpired:
                _kill(worker)
            else:
                raise AssertionError(lab.said())
            if lab.ended(*jobs[-2:]):
                jobs += [lab.queue(), lab.queue()]
        lab.worker()
        lab.wait(lambda: lab.ended(*jobs), seconds=180)
        server.wait_idle()
        results = [lab.check(job, SUBTASKS) for job in jobs]
        for job in jobs:
            lab.check_told(job, SUBTASKS)
        assert sum(result["spend"]["tokens"] for result in results) >= server.tokens_billed


@pytest.mark.postgres
def test_another_worker_takes_over_within_a_minute_on_postgres(tmp_path, postgres_url):
    """Two homes on one database are two machines. One is killed, again and again; whichever lives goes on."""
    draw = random.Random(11)
    timing = {"worker_s": 0.7, "planner_tokens_per_s": 1_500, "subtasks": SUBTASKS, "writer_s": 0.7}
    with (
        ProcessServer(SCRIPT, timing) as server,
        JobLab(tmp_path / "one", server.url, database=postgres_url) as one,
        JobLab(tmp_path / "two", server.url, database=postgres_url) as two,
    ):
        shutil.rmtree(two.sources)
        two.sources.symlink_to(one.sources)
        jobs = [one.queue() for _ in range(4)]
        living = {lab: lab.worker("--concurrency", "2") for lab in (one, two)}
        for _ in range(KILLS // 2):
            time.sleep(draw.uniform(1.0, 4.0))
            victim = draw.choice([one, two])
            _kill(living[victim])
            if one.ended(*jobs[-4:]):
                jobs += [one.queue() for _ in range(4)]
            living[victim] = victim.worker("--concurrency", "2")
        one.wait(lambda: one.ended(*jobs), seconds=180)
        server.wait_idle()
        results = [one.check(job, SUBTASKS) for job in jobs]
        assert sum(result["spend"]["tokens"] for result in results) >= server.tokens_billed
        _check_begun_once(jobs, one, two)


@pytest.mark.postgres
def test_the_jobs_of_a_worker_that_is_killed_for_good_go_on_elsewhere(tmp_path, postgres_url):
    with (
        ProcessServer(SCRIPT, {"worker_s": 0.5, "subtasks": 20}) as server,
        JobLab(tmp_path / "one", server.url, database=postgres_url) as one,
        JobLab(tmp_path / "two", server.url, database=postgres_url) as two,
    ):
        shutil.rmtree(two.sources)
        two.sources.symlink_to(one.sources)
        job = one.queue()
        first = one.worker()
        one.wait(lambda: one.job(job).progress.done >= 3)
        two.worker()
        two.wait(lambda: len(two.status()) == 1)
        taken = one.job(job).worker
        began = time.monotonic()
        _kill(first)
        assert one.job(job).state == "interrupted"
        two.wait(lambda: two.job(job).state == "running" and two.job(job).worker != taken)
        assert time.monotonic() - began < 60
        two.wait(lambda: two.ended(job))
        two.check(job, 20)
        _check_begun_once([job], one, two)


def _check_begun_once(jobs: list[str], *labs: JobLab) -> None:
    """That no subtask was begun anew after it had ended on whichever machine."""
    for job in jobs:
        told = sorted((event for lab in labs for event in lab.events(job)), key=lambda event: event.at)
        ended: set[str] = set()
        for event in told:
            if isinstance(event, SubtaskStarted) and not event.cached:
                assert event.subtask not in ended
            elif isinstance(event, SubtaskEnded):
                ended.add(event.subtask)
        assert len(ended) == len(labs[0].job(job).outcome["result"]["digests"])
