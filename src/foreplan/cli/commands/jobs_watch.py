"""`foreplan jobs watch`: a job's id goes in; the same live tree as that of `foreplan run` is shown until the job rests.

Any number of watchers read the trace that the job's worker writes; none of them changes anything. The trace stays on
that worker's machine: from another one, a job's state is told by a line whenever it changes.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from foreplan.agents.jobs.alive import file_alive
from foreplan.agents.jobs.queue import JobQueue
from foreplan.agents.jobs.state import ACTIVE, Job
from foreplan.cli.commands.jobs import line_of
from foreplan.cli.exits import DONE, PARTS_MISSING, REJECTED, STOPPED, UNEXPECTED
from foreplan.cli.job_places import queue_from
from foreplan.cli.progress import progress
from foreplan.memory.rundir import RunDirs
from foreplan.memory.trace.follow import follow_events

EXIT_OF_STATE = {
    "done": DONE, "partial": PARTS_MISSING, "failed": PARTS_MISSING, "rejected": REJECTED, "cancelled": STOPPED,
    "waiting": DONE,
}  # fmt: skip
_LOOK_S = 0.5


def main(**flags: Any) -> int:
    """Watch until the job has ended or waits; the exit code says how it stands, as that of `foreplan run` does."""
    with queue_from(flags) as queue:
        job = queue.find(flags["job"])
        trace = RunDirs(queue.places.home).at(job.id).trace
        watched = _Watched(queue, job)
        told = False
        while not (told and watched.resting):
            tell = _tell_state if watched.elsewhere else _tell_events
            tell(watched, trace, as_json=flags["as_json"])
            told = True
        job = watched.job
    if flags["as_json"]:
        print(json.dumps(job.to_json()))
    else:
        print(f"{job.id}: {line_of(job)}", file=sys.stderr)
        if job.state == "waiting":
            print(f"Its plan waits: foreplan jobs approve {job.id}", file=sys.stderr)
        elif "result" in job.outcome:
            print(f"Read its report: foreplan jobs report {job.id}", file=sys.stderr)
    return EXIT_OF_STATE.get(job.state, UNEXPECTED)


def _tell_events(watched: _Watched, trace: Path, *, as_json: bool) -> None:
    """Show what the trace on this machine tells, until the job rests or goes on elsewhere."""
    if as_json:
        for event in follow_events(trace, watched.over):
            print(event.model_dump_json(), flush=True)
    elif watched.resting and not trace.is_file():
        print("It leaves no trace on this machine.", file=sys.stderr)
    else:
        with progress() as shown:
            for event in follow_events(trace, watched.over):
                shown(event)


def _tell_state(watched: _Watched, _trace: Path, *, as_json: bool) -> None:
    """Say how the job is whenever that changes, until it rests or a worker of this machine takes it."""
    if not as_json:
        print(f"Worker {watched.job.worker} keeps its tree on its own machine; here is its state.", file=sys.stderr)
    told = ""
    while watched.elsewhere and not watched.resting:
        job = watched.job
        if (state := f"{job.state} {job.progress}") != told:
            told = state
            line = json.dumps(job.to_json()) if as_json else f"{job.id}: {line_of(job)}"
            print(line, file=sys.stdout if as_json else sys.stderr, flush=True)
        time.sleep(_LOOK_S)


class _Watched:
    """A job as it was at the last look, which is made now and then."""

    def __init__(self, queue: JobQueue, job: Job) -> None:
        self._queue, self._job = queue, job
        self._looked_at = time.monotonic()

    @property
    def job(self) -> Job:
        """The job; looked up again when the last look is old."""
        if time.monotonic() - self._looked_at >= _LOOK_S:
            self._job = self._queue.find(self._job.id)
            self._looked_at = time.monotonic()
        return self._job

    @property
    def resting(self) -> bool:
        """Whether nothing more happens in it."""
        return self.job.state not in ACTIVE

    @property
    def elsewhere(self) -> bool:
        """Whether a worker of another machine is at work on it, whose trace cannot be read here."""
        places, job = self._queue.places, self.job
        return places.database is not None and job.state == "running" and not file_alive(places.workers, job.worker)

    def over(self) -> bool:
        """Whether nothing more will be written into the trace on this machine."""
        return self.resting or self.elsewhere
