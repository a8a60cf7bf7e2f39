"""A disk that fills up under a worker: a small tmpfs, which only root can mount."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support.joblab import SCRIPT, JobLab

from foreplan.core.testing.process import ProcessServer

pytest.importorskip("dbos")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

SUBTASKS = 12
FULL_S = 10.0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB: five times what the sources, their index, the jobs and one run take."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("a tmpfs cannot be mounted here: that takes root")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True, timeout=30)


def _fill(file: Path) -> None:
    """Take all the space that is left, down to the last page."""
    with file.open("ab", buffering=0) as filler:
        for size in (1 << 20, 1 << 12):
            with suppress(OSError):
                while filler.write(bytes(size)) == size:
                    pass
    assert os.statvfs(file).f_bavail == 0


def test_a_disk_that_was_full_for_a_while_costs_nothing_and_says_so(small_disk, tmp_path):
    timing = {"worker_s": 1.0, "planner_tokens_per_s": 4_000, "subtasks": SUBTASKS, "writer_s": 1.0}
    with ProcessServer(SCRIPT, timing) as server, JobLab(small_disk / "home", server.url) as lab:
        lab.log = tmp_path / "workers.log"
        job = lab.queue()
        worker = lab.worker()
        lab.wait(lambda: lab.job(job).progress.done >= 3)
        filler = small_disk / "filler"
        _fill(filler)
        lab.wait(lambda: "disk is full" in lab.said())
        time.sleep(FULL_S)
        assert worker.poll() is None
        assert job in lab.run("jobs").stdout
        filler.unlink()
        lab.wait(lambda: lab.ended(job), seconds=90)
        lab.check(job, SUBTASKS)
        lab.check_told(job, SUBTASKS)
