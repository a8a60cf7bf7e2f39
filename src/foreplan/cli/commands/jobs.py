"""`foreplan jobs`: lists jobs, prints what they left, steers them. Flags go in, lines or one JSON value come out."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from foreplan.agents.jobs.alive import file_alive
from foreplan.agents.jobs.queue import JobQueue
from foreplan.agents.jobs.state import ACTIVE, STOPPED, Job
from foreplan.cli.job_places import places_from, queue_from
from foreplan.cli.progress import PlainLines
from foreplan.cli.text import duration, number, one_line, safe
from foreplan.cli.worker_start import ensure_worker
from foreplan.core.errors import InputError
from foreplan.core.events import RunEnded
from foreplan.memory.rundir import RunDirs
from foreplan.memory.trace.reader import read_events

GOAL_WIDTH = 48


def main(**flags: Any) -> int:
    """Do what `action` says; 0 when it was done.

    Raises:
        UnknownJob: when no job has that id.
        JobRefused: when it cannot be done to this job.
    """
    with queue_from(flags) as queue:
        if flags["action"] == "list":
            jobs = queue.newest(limit=flags["limit"])
            _list(jobs, as_json=flags["as_json"])
            if len(jobs) == flags["limit"]:
                print("There may be older jobs: see --limit.", file=sys.stderr)
            return 0
        job = queue.find(flags["job"])
        if flags["action"] == "report":
            _report(queue, job, as_json=flags["as_json"])
        elif flags["action"] == "logs":
            _logs(queue, job, as_json=flags["as_json"])
        else:
            _steer(queue, job, flags)
    return 0


def _list(jobs: Sequence[Job], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([job.to_json() for job in jobs]))
        return
    width = max((len(job.id) for job in jobs), default=0)
    for job in jobs:
        print(f"{job.id:<{width}}  {line_of(job)}")
    if not jobs:
        print("There are no jobs.", file=sys.stderr)


def line_of(job: Job) -> str:
    """One line about a job."""
    progress = job.progress
    done = f"{progress.done}/{progress.total}" if progress.total else "-"
    spent = f"{number(progress.tokens)} tokens ${progress.dollars:.2f}"
    why = progress.note if job.state == "running" else job.outcome.get("error", "")
    note = f"  ({one_line(str(why), 120)})" if why else ""
    return f"{job.state:<11} {done:>7}  {spent:<20} {duration(job.seconds):>7}  {one_line(job.goal, GOAL_WIDTH)}{note}"


def _report(queue: JobQueue, job: Job, *, as_json: bool) -> None:
    result = job.outcome.get("result")
    if not isinstance(result, dict):
        command = "resume" if job.state in STOPPED else "approve" if job.state == "waiting" else "watch"
        raise InputError(
            f"Job {job.id} has no report: {_standing(job)}.", hint=f"See: foreplan jobs {command} {job.id}"
        )
    print(json.dumps(result) if as_json else safe(str(result.get("report") or "")))


def _standing(job: Job) -> str:
    """How a job is, with what went wrong."""
    error = str(job.outcome.get("error") or "")
    return f"it is {job.state}{f' ({one_line(error, 300)})' if error else ''}"


def _of_no_trace(queue: JobQueue, job: Job) -> str:
    if not job.worker:
        return "No worker has taken it yet."
    if queue.places.database is not None and not file_alive(queue.places.workers, job.worker):
        return f"Worker {job.worker} keeps it on its own machine."
    return (
        f"Its run has not begun. See: foreplan jobs watch {job.id}" if job.state in ACTIVE else "Its run never began."
    )


def _logs(queue: JobQueue, job: Job, *, as_json: bool) -> None:
    trace = RunDirs(queue.places.home).at(job.id).trace
    if not trace.is_file():
        raise InputError(f"Job {job.id} has left no trace here: {_standing(job)}.", hint=_of_no_trace(queue, job))
    lines, whole = PlainLines(), job.state in ("queued", "waiting")
    for event in read_events(trace):
        whole = whole or isinstance(event, RunEnded)
        if as_json:
            print(event.model_dump_json())
        elif line := lines.line(event):
            print(safe(line))
    if job.outcome.get("error") and not as_json:
        print(safe(f"error: {job.outcome['error']}"))
    if queue.places.database is not None and not whole and not file_alive(queue.places.workers, job.worker):
        print(f"Worker {job.worker} went on with it, and keeps the rest on its own machine.", file=sys.stderr)


def _steer(queue: JobQueue, job: Job, flags: Mapping[str, Any]) -> None:
    told = {"job": job.id}
    match flags["action"]:
        case "cancel":
            queue.cancel(job)
        case "resume":
            queue.resume(job)
        case "retry":
            told = {"job": queue.retry(job), "retried": job.id}
        case "rm":
            queue.remove(job)
            directory = RunDirs(queue.places.home).at(job.id)
            if directory.path.is_dir():
                directory.remove()
    if flags["action"] in ("resume", "retry"):
        ensure_worker(places_from(flags), flags)
    print(json.dumps(told) if flags["as_json"] else told["job"])
