"""SIGKILL of workers at random moments, while they plan, work, write and finish. Real processes, both databases."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence

import pytest
from support.joblab import SCRIPT, JobLab

from foreplan.core.testing.process import ProcessServer

pytest.importorskip("dbos")

SUBTASKS, KILLS = 40, 50
TIMING = {"worker_s": 0.4, "planner_tokens_per_s": 2_000, "subtasks": SUBTASKS, "writer_s": 0.5}
_LOOK_S = 0.02
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def _kill(worker: subprocess.Popen[bytes]) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait()


def _working(*labs: JobLab, since: Sequence[int]) -> JobLab:
    """The first of these machines whose worker tells something, waited for."""
    until = time.monotonic() + 120
    while True:
        for lab, before in zip(labs, since, strict=True):
            if lab.trace_bytes() > before:
                return lab
        assert time.monotonic() < until, [lab.said() for lab in labs]
        time.sleep(_LOOK_S)


def test_a_job_survives_the_death_of_its_worker_at_any_moment(tmp_path):
    """Fifty deaths while at work; the next worker starts meanwhile, and finds the work of a dead one."""
    draw = random.Random(7)
    with ProcessServer(SCRIPT, TIMING) as server, JobLab(tmp_path, server.url) as lab:
        jobs = [lab.queue(), lab.queue()]
        worker = lab.worker()
        for _ in range(KILLS):
            following, before = lab.worker(), lab.trace_bytes()
            _working(lab, since=[before])
            time.sleep(draw.uniform(0.0, 1.2))
            _kill(worker)
            worker = following
            if lab.ended(*jobs[-2:]):
                jobs += [lab.queue(), lab.queue()]
        lab.wait(lambda: lab.ended(*jobs), seconds=180)
        server.wait_idle()
        results = [lab.check(job, SUBTASKS) for job in jobs]
        for job in jobs:
            lab.check_told(job, SUBTASKS)
        assert sum(result["spend"]["tokens"] for result in results) >= server.tokens_billed


@pytest.mark.postgres
def test_another_worker_takes_over_within_a_minute_on_postgres(tmp_path, postgres_url):
    """Two homes on one database are two machines. One at work is killed, fifty times; whichever lives goes on."""
    draw = random.Random(11)
    with (
        ProcessServer(SCRIPT, TIMING) as server,
        JobLab(tmp_path / "one", server.url, database=postgres_url) as one,
        JobLab(tmp_path / "two", server.url, database=postgres_url) as two,
    ):
        shutil.rmtree(two.sources)
        two.sources.symlink_to(one.sources)
        labs = (one, two)
        jobs = [one.queue() for _ in range(4)]
        living = {lab: lab.worker("--concurrency", "2") for lab in labs}
        for _ in range(KILLS):
            before = {lab: lab.trace_bytes() for lab in labs}
            time.sleep(draw.uniform(0.0, 1.2))
            order = draw.sample(labs, 2)
            victim = _working(*order, since=[before[lab] for lab in order])
            _kill(living[victim])
            living[victim] = victim.worker("--concurrency", "2")
            if one.ended(*jobs[-4:]):
                jobs += [one.queue() for _ in range(4)]
        one.wait(lambda: one.ended(*jobs), seconds=180)
        server.wait_idle()
        results = [one.check(job, SUBTASKS) for job in jobs]
        for job in jobs:
            one.check_told(job, SUBTASKS, two)
        assert sum(result["spend"]["tokens"] for result in results) >= server.tokens_billed


@pytest.mark.postgres
def test_the_jobs_of_a_worker_that_is_killed_for_good_go_on_elsewhere(tmp_path, postgres_url):
    with (
        ProcessServer(SCRIPT, {"worker_s": 2.0, "subtasks": 20}) as server,
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
        two.check_told(job, 20, one)
