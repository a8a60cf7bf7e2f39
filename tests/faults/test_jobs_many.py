"""Many jobs: order by priority, memory, limits of endpoints and days; a database that goes away under load."""

from __future__ import annotations

import os
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from support.joblab import SCRIPT, JobLab

from foreplan.core.testing.process import ProcessServer

pytest.importorskip("dbos")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

JOBS = 200


def _resident_mb(pid: int) -> float:
    if not Path("/proc/self/statm").exists():
        pytest.skip("memory is read from /proc")
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_two_hundred_jobs_end_in_order_of_priority_in_flat_memory(tmp_path):
    timing = {"worker_s": 0.01, "planner_tokens_per_s": 100_000, "subtasks": 2}
    with ProcessServer(SCRIPT, timing) as server, JobLab(tmp_path, server.url, toml="concurrency = 8\n") as lab:
        from foreplan.agents.jobs.queue import JobQueue
        from foreplan.agents.jobs.spec import JobSpec
        from foreplan.cli.job_settings import without_secrets
        from foreplan.core.settings import load_settings
        from foreplan.planner.brief import Brief

        settings = without_secrets(load_settings({}, config=lab.config))
        spec = JobSpec(brief=Brief(goal="What do the parts weigh?", sources=(str(lab.sources),)), settings=settings)
        with JobQueue(lab.places) as queue:
            asked = {queue.add(spec, priority=1 + (index * 7) % 5): 1 + (index * 7) % 5 for index in range(JOBS)}
        worker = lab.worker()
        memory: dict[int, float] = {}
        running = 0

        def over() -> bool:
            nonlocal running
            states = Counter(job.state for job in lab.jobs().values())
            running = max(running, states["running"])
            memory[JOBS - states["queued"] - states["running"]] = _resident_mb(worker.pid)
            return states["queued"] + states["running"] == 0

        lab.wait(over, seconds=300, every=1.0)
        jobs = lab.jobs()
        assert {job.state for job in jobs.values()} == {"done"}
        assert running <= 8
        begun = sorted(asked, key=lambda job: lab.events(job)[0].at)
        late = [place for place, job in enumerate(begun) if asked[job] < asked[begun[max(0, place - 16)]]]
        assert not late, "a job was begun after sixteen others of a lower priority"
        warm = [size for ended, size in memory.items() if 40 <= ended <= 100]
        assert memory[max(memory)] < max(warm) + 30, memory


STORM = """
import time
from foreplan.core.testing.endpoint import Endpoint
from foreplan.core.testing.faults import Fault
from support.kill_script import kill_script


def storm(until: float) -> Endpoint:
    def fault(request):
        return Fault("rate_limit", retry_after_s=1.0) if time.time() < until else None

    return Endpoint(kill_script(worker_s=0.05, planner_tokens_per_s=10_000), faults=fault)
"""


def test_a_storm_of_429_slows_jobs_down_and_fails_none(tmp_path):
    script = tmp_path / "storm.py"
    script.write_text(STORM)
    storm_s = 25.0
    with (
        ProcessServer(f"{script}:storm", {"until": time.time() + storm_s}) as server,
        JobLab(tmp_path / "home", server.url) as lab,
    ):
        jobs = [lab.queue() for _ in range(4)]
        lab.worker()
        lab.wait(lambda: lab.ended(*jobs), seconds=120)
        for job in jobs:
            lab.check(job, 10)
        refused = [entry for entry in server.log if entry.status == 429]
        assert 3 <= len(refused) <= 4 * storm_s


def test_jobs_wait_for_the_next_day_once_the_day_is_spent_and_say_so(tmp_path):
    with (
        ProcessServer(SCRIPT, {"worker_s": 1.5, "planner_tokens_per_s": 10_000}) as server,
        JobLab(tmp_path, server.url, toml="concurrency = 1\ndaily_tokens = 3_000\n") as lab,
    ):
        jobs = [lab.queue(), lab.queue("--priority", "200")]
        worker = lab.worker()
        lab.wait(lambda: "next day" in lab.job(jobs[0]).progress.note)
        spent = lab.job(jobs[0]).progress.tokens
        time.sleep(3)
        assert lab.job(jobs[0]).progress.tokens == spent >= 3_000
        assert lab.job(jobs[1]).state == "queued"
        assert "next day" in lab.run("jobs").stdout
        worker.terminate()
        assert worker.wait(timeout=20) == 0
        lab.config.write_text(lab.config.read_text().replace("daily_tokens = 3_000", ""))
        lab.worker()
        lab.wait(lambda: lab.ended(*jobs))
        for job in jobs:
            lab.check(job, 10)
            lab.check_told(job, 10)


def _further(lab: JobLab, job: str, done: int) -> bool:
    return bool(lab.job(job).progress.done >= done or lab.ended(job))


@pytest.mark.postgres
def test_postgres_restarted_under_load_costs_no_job_and_no_result(tmp_path, postgres_url, postgres_restart):
    """Three times: in good order, by a crash of the server, and only by every connection being cut."""
    with (
        ProcessServer(SCRIPT, {"worker_s": 0.5, "subtasks": 20}) as server,
        JobLab(tmp_path, server.url, database=postgres_url) as lab,
    ):
        jobs = [lab.queue() for _ in range(3)]
        lab.worker()
        blows = [lambda: postgres_restart("fast"), lambda: postgres_restart("immediate"), lambda: _cut(postgres_url)]
        for done, blow in zip((2, 6, 10), blows, strict=True):
            lab.wait(partial(_further, lab, jobs[0], done))
            blow()
        lab.wait(lambda: lab.ended(*jobs), seconds=120)
        for job in jobs:
            lab.check(job, 20)
            lab.check_told(job, 20)


def _cut(url: str) -> None:
    import psycopg

    query = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(query)
