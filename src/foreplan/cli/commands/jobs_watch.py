"""`foreplan jobs watch`: a job's id goes in; the same live tree as that of `foreplan run` is shown until the job rests.

Any number of watchers read the trace that the job's worker writes; none of them changes anything.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

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
        resting = _Resting(queue, job)
        if flags["as_json"]:
            for event in follow_events(trace, resting):
                print(event.model_dump_json(), flush=True)
        elif resting.job.state not in ACTIVE and not trace.is_file():
            print("It leaves no trace on this machine.", file=sys.stderr)
        else:
            with progress() as shown:
                for event in follow_events(trace, resting):
                    shown(event)
        job = resting.job
    if flags["as_json"]:
        print(json.dumps(job.to_json()))
    else:
        print(f"{job.id}: {line_of(job)}", file=sys.stderr)
        if job.state == "waiting":
            print(f"Its plan waits: foreplan jobs approve {job.id}", file=sys.stderr)
        elif "result" in job.outcome:
            print(f"Read its report: foreplan jobs report {job.id}", file=sys.stderr)
    return EXIT_OF_STATE.get(job.state, UNEXPECTED)


class _Resting:
    """Whether nothing more happens in a job, looked up now and then. A job on another machine is told of in words."""

    def __init__(self, queue: JobQueue, job: Job) -> None:
        self._queue = queue
        self.job = job
        self._looked_at = 0.0

    def __call__(self) -> bool:
        if time.monotonic() - self._looked_at >= _LOOK_S:
            self.job = self._queue.find(self.job.id)
            self._looked_at = time.monotonic()
        return self.job.state not in ACTIVE
