"""Two homes on one PostgreSQL database are two machines: what each sees of the other's jobs, and what `rm` leaves."""

from __future__ import annotations

import json
import shutil

import pytest
from support.joblab import SCRIPT, JobLab

from foreplan.core.testing.process import ProcessServer

pytest.importorskip("dbos")
pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(240)]

SUBTASKS = 8
_TABLES = (
    "checkpoints", "checkpoint_blobs", "checkpoint_writes", "store", "foreplan_artifact", "foreplan_artifact_use",
    "foreplan_job_progress", "foreplan_job_answer", "dbos.workflow_status",
)  # fmt: skip


def _rows(url: str) -> dict[str, int]:
    """Rows of each table that knows of runs or jobs, but what a job spent, which counts for its day."""
    import psycopg
    from psycopg.sql import SQL, Identifier

    found: dict[str, int] = {}
    with psycopg.connect(url) as connection:
        for name in _TABLES:
            query = SQL("SELECT count(*) FROM {}").format(Identifier(*name.split(".")))
            found[name] = sum(row[0] for row in connection.execute(query))
    return found


def test_a_job_of_another_machine_is_watched_by_its_state_and_removed_with_all_it_kept(tmp_path, postgres_url):
    with (
        ProcessServer(SCRIPT, {"worker_s": 2.0, "planner_tokens_per_s": 4_000, "subtasks": SUBTASKS}) as server,
        JobLab(tmp_path / "one", server.url, database=postgres_url) as one,
        JobLab(tmp_path / "two", server.url, database=postgres_url) as two,
    ):
        shutil.rmtree(two.sources)
        two.sources.symlink_to(one.sources)
        kept = one.queue(question="What do the other parts weigh?")
        one.worker()
        one.wait(lambda: one.ended(kept))
        before = _rows(postgres_url)

        job = one.queue()
        one.wait(lambda: one.job(job).progress.done >= 1)
        watched = two.run("jobs", "watch", job)
        assert "keeps its tree on its own machine" in watched.stderr
        lines = [line for line in watched.stderr.splitlines() if line.startswith(job)]
        assert sum("running" in line for line in lines) >= 2, lines
        assert "on its own machine" in two.run("jobs", "logs", job, check=False).stderr
        assert "Part" in two.run("jobs", "report", job).stdout
        assert "run done" in one.run("jobs", "watch", job).stderr
        told = [json.loads(line) for line in two.run("jobs", "watch", job, "--json").stdout.splitlines()]
        assert [each["state"] for each in told] == ["done"]

        assert _rows(postgres_url)["checkpoints"] > before["checkpoints"]
        two.run("jobs", "rm", job)
        assert _rows(postgres_url) == before
        one.check(kept, SUBTASKS)
        assert "Part" in one.run("jobs", "report", kept).stdout
