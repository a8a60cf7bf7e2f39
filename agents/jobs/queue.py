"""The queue of jobs as apps and commands use it: a `JobSpec` goes in under an id, jobs come out as they are.

Built on DBOS's client: one workflow a job, whose id is the job's and the run's. Law: what a call has returned from is
durable. The only private part of DBOS that is used is `_sys_db`, in three places that say why.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from dbos import DBOSClient, DBOSPortableJSONSerializer

from ...core.errors import InputError
from ...memory.errors import StorageError
from ...memory.home import writable_folder
from ...memory.rundir import RunDirs, meant_ids, new_run_id
from ...planner.plan import Plan
from ..errors import JobRefused, UnknownJob
from ..versions import JOBS_VERSION
from .alive import alive_in
from .book import Book, Progress
from .places import JobPlaces
from .spec import FIRST, LAST, USUAL, JobSpec, read_spec
from .state import ACTIVE, STOPPED, Job, job_of

APPLICATION = "foreplan"
QUEUE = "foreplan-jobs"
WORKFLOW = "foreplan.job"
GOAL_CHARS = 300
NEWEST = 200


class JobQueue:
    """The jobs of one installation. Use it as a context manager, or `close` it.

    Raises:
        StorageError: when the database cannot be reached, here or at any call.
    """

    def __init__(self, places: JobPlaces) -> None:
        self.places = places
        writable_folder(places.folder)
        try:
            self.client = DBOSClient(
                system_database_url=places.url,
                serializer=DBOSPortableJSONSerializer(),
                application_name=APPLICATION,
                retry_connection_errors=False,
                lazy=True,
            )
            # The client cannot make DBOS's tables, and the first job may come before the first worker.
            self.client._sys_db.run_migrations()
            self.book = Book(places.url)
        except Exception as error:
            raise _unreachable(places, error) from error

    def add(
        self, spec: JobSpec, *, job: str | None = None, priority: int = USUAL, within: sa.Connection | None = None
    ) -> str:
        """Put a job into the queue; its id, which is its run's. An id that is taken stays the job it is.

        With `within`, a transaction in the same database, it is in the queue once that is committed.

        Raises:
            InputError: when the priority is out of bounds or the id cannot name a run.
        """
        if not FIRST <= priority <= LAST:
            raise InputError(f"{priority} is no priority.", hint=f"Give one from {FIRST} (first) to {LAST} (last).")
        name = RunDirs(self.places.home).at(job or new_run_id()).run
        options: Any = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": name,
            "app_version": JOBS_VERSION,
            "priority": priority,
            "attributes": {"goal": _plain(spec.brief.goal[:GOAL_CHARS])},
        }
        data = _clean(spec.model_dump(mode="json"))
        if within is None:
            self.client.enqueue(options, data)
        else:
            self.client.enqueue_in_transaction(within, options, data)
        return name

    def newest(self, *, limit: int = NEWEST) -> Sequence[Job]:
        """The newest jobs, newest first."""
        rows = self.client.list_workflows(
            name=WORKFLOW, sort_desc=True, limit=limit, load_input=False, application_name=APPLICATION
        )
        known = self.book.progress([row.workflow_id for row in rows])
        alive = self._alive(rows)
        return [job_of(row, known.get(row.workflow_id, Progress()), alive) for row in rows]

    def find(self, prefix: str) -> Job:
        """The job whose id is `prefix`, or the only one whose id begins with it or has it as its word, such as `heron`.

        Words are looked for among the newest jobs.

        Raises:
            UnknownJob: when there is none or more than one, or the id is empty.
        """
        if not prefix:
            raise UnknownJob("The id of the job is empty.", hint="`foreplan jobs` lists them.")
        rows = self.client.list_workflows(
            name=WORKFLOW, workflow_id_prefix=prefix, load_input=False, limit=20, application_name=APPLICATION
        ) or self.client.list_workflows(
            name=WORKFLOW, sort_desc=True, load_input=False, limit=NEWEST, application_name=APPLICATION
        )
        meant = set(meant_ids([row.workflow_id for row in rows], prefix))
        exact = [row for row in rows if row.workflow_id in meant]
        if len(exact) != 1:
            what = "More than one job has" if exact else "No job has"
            names = ", ".join(row.workflow_id for row in exact[:5])
            raise UnknownJob(
                f"{what} an id that begins with {prefix[:100]!r}, or has it as its word.",
                hint=f"Candidates: {names}." if names else "`foreplan jobs` lists them.",
            )
        row = exact[0]
        known = self.book.progress([row.workflow_id])
        return job_of(row, known.get(row.workflow_id, Progress()), self._alive(exact))

    def spec(self, job: str) -> JobSpec:
        """What a job was begun with."""
        rows = self.client.list_workflows(workflow_ids=[job], load_output=False)
        return read_spec(rows[0].input["args"][0] if rows and rows[0].input else None)

    def cancel(self, job: Job) -> None:
        """Stop a job for good unless it is resumed; a running one stops within some two seconds.

        Raises:
            JobRefused: when it has ended.
        """
        if job.state != "waiting" and job.state not in ACTIVE:
            raise JobRefused(f"Job {job.id} has ended ({job.state}).")
        if job.state == "waiting":
            # To DBOS a job that waits has ended, and it cancels only those that have not.
            self._again(job.id)
        self.client.cancel_workflow(job.id)

    def resume(self, job: Job) -> None:
        """Let a job that was stopped go on from its finished subtasks.

        Raises:
            JobRefused: when it was not stopped, or another version of Foreplan began it.
        """
        if job.state not in STOPPED:
            raise JobRefused(f"Job {job.id} was not stopped ({job.state}).", hint="`foreplan jobs retry` begins anew.")
        if job.version != JOBS_VERSION:
            raise JobRefused(
                f"Job {job.id} was begun by another version of Foreplan.", hint="Begin it anew with `jobs retry`."
            )
        self._again(job.id)

    def retry(self, job: Job) -> str:
        """Begin a job anew, under a new id, with what it was begun with. Another version's may be retried too."""
        return self.add(self.spec(job.id), priority=max(FIRST, job.priority))

    def answer(self, job: Job, answer: Mapping[str, Any]) -> None:
        """Decide about the plan that a job waits with, in the form that node `approve` takes. The job goes on.

        Raises:
            JobRefused: when it does not wait.
        """
        if job.state != "waiting":
            raise JobRefused(f"Job {job.id} does not wait for approval ({job.state}).")
        self.book.answer(job.id, plan_mark(Plan.model_validate(job.outcome["plan"])), answer)
        self._again(job.id)

    def remove(self, job: Job) -> None:
        """Forget a job that is not active, and what its run kept in PostgreSQL; its directory stays, as any run's.

        Raises:
            JobRefused: when it is active.
        """
        if job.state in ACTIVE and job.state != "other version":
            raise JobRefused(f"Job {job.id} is {job.state}.", hint=f"Stop it first: foreplan jobs cancel {job.id}")
        if self.places.database is not None:
            from ..forget import forget_run

            # In a thread of its own, since an app may call this where an event loop runs already.
            with ThreadPoolExecutor(max_workers=1) as thread:
                thread.submit(asyncio.run, forget_run(self.places.database, job.id)).result()
        self.client.delete_workflow(job.id)
        self.book.forget(job.id)

    def held(self) -> dict[str, list[str]]:
        """Jobs, and whatever else is in their queue, that workers have taken and not ended, by worker."""
        rows = self.client.list_workflows(
            queue_name=QUEUE, status="PENDING", app_version=JOBS_VERSION, load_input=False, load_output=False
        )
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row.executor_id or "", []).append(row.workflow_id)
        return found

    def give_back(self, jobs: Sequence[str], worker: str) -> None:
        """Put jobs that a worker has taken, and does not work on any more, back into the queue.

        DBOS does this in one statement that asks for the worker, so that of several who try only the first changes
        anything; its public form does it only for a process's own executor.
        """
        for job in jobs:
            self.client._sys_db.reenqueue_for_recovery(job, [worker], QUEUE)

    def close(self) -> None:
        """Close the connections."""
        self.book.close()
        self.client.destroy()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _again(self, job: str) -> None:
        """Back into the queue, whatever its end was; DBOS has one way for each end, and only one of them applies."""
        row = self.client.list_workflows(workflow_ids=[job], load_input=False, load_output=False)[0]
        if row.status in ("SUCCESS", "ERROR"):
            self.client.rewind_workflow(job, queue_name=QUEUE)
        else:
            self.client.resume_workflow(job, queue_name=QUEUE)

    def _alive(self, rows: Sequence[Any]) -> Callable[[str], bool]:
        """A look at workers, if any of these jobs has one."""
        return alive_in(self.places) if any(row.status == "PENDING" for row in rows) else lambda worker: False


def plan_mark(plan: Plan) -> str:
    """A fingerprint of a plan, so that an answer counts for the plan it was given for."""
    return hashlib.sha256(json.dumps(plan.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()[:32]


def _unreachable(places: JobPlaces, error: Exception) -> StorageError:
    where = "The PostgreSQL database of jobs.database" if places.database else f"The jobs in {places.folder}"
    return StorageError(
        f"{where} cannot be used: {' '.join(str(error).split())[:300]}.",
        hint="See that the server runs." if places.database else "Free some space, or see that it can be written.",
        kind="transient",
    )


def _plain(text: str) -> str:
    """Text that every database takes: no NUL, no lone surrogate."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def _clean(data: Any) -> Any:
    if isinstance(data, str):
        return _plain(data)
    if isinstance(data, dict):
        return {_plain(str(name)): _clean(value) for name, value in data.items()}
    return [_clean(each) for each in data] if isinstance(data, (list, tuple)) else data
