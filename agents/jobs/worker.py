"""A worker: a process that takes jobs from the queue and works on several at a time, until it is told to stop.

Places, limits and a way to prepare runs go in. DBOS's threads take jobs and run their sittings in one event loop, so
that jobs share the slots of an endpoint; the main thread looks after them (`_look`): it writes their progress, finds
dead workers and gives their jobs back, and minds the day's limit. Laws:

- A worker is known by a name of its own, held by a lock for as long as it lives (`alive`), and by nothing else.
- A worker that has lost its hold on the database does nothing more: its process becomes another worker at once.
- Stopped, it lets what is under way end, puts its jobs back, and ends.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from dbos import DBOS, DBOSPortableJSONSerializer
from sqlalchemy.exc import DBAPIError

from ...core.heap import keep_imports
from ...memory.errors import StorageError
from ..versions import JOBS_VERSION
from .alive import LostHold, Session, WorkerFile, alive_in, new_worker
from .book import Book, today
from .places import JobPlaces
from .queue import APPLICATION, QUEUE, WORKFLOW, JobQueue
from .sitting import DAY_IS_OVER, PUT_BACK, Parked, Prepare, Sitting
from .spec import read_spec

_TURN_S = 0.5
_TAKE_OVER_S = 5.0
_SPEND_S = 2.0
_DUTY_S = 2.0
_POLL_S = 0.2
_SHARED_POLL_S = 1.0


@dataclass(frozen=True)
class WorkerLimits:
    """Jobs at once in this worker and in all, and what all jobs may spend in a day (UTC)."""

    concurrency: int = 4
    in_all: int | None = None
    daily_tokens: int | None = None
    daily_dollars: float | None = None


class Duty(Protocol):
    """What a worker does beside jobs, such as feeds."""

    def register(self, queue: JobQueue, stopping: Callable[[], bool]) -> None:
        """Tell DBOS what its workflows are. Those in the jobs' queue are given back as jobs are when a worker dies."""

    def look(self, queue: JobQueue) -> None:
        """Look after things, every few seconds and not for long."""


class Worker:
    """One worker of one installation; a process has at most one, because DBOS has.

    Args:
        places: where its jobs are.
        limits: how much it takes.
        prepare: makes what a job's run needs.
        log: told a job's id and what went wrong unexpectedly; returns a sentence for the job's error.
        on_lost: called when PostgreSQL took this worker for dead; has to end the process or become another, at once.
        duty: what it does beside jobs.
    """

    def __init__(
        self,
        places: JobPlaces,
        limits: WorkerLimits,
        prepare: Prepare,
        *,
        log: Callable[[str, BaseException], str],
        on_lost: Callable[[LostHold], NoReturn],
        duty: Duty | None = None,
    ) -> None:
        self.places, self.limits, self.prepare, self.log, self._on_lost = places, limits, prepare, log, on_lost
        self.name = new_worker()
        self._duty = duty
        self._sittings: dict[str, Sitting] = {}
        self._untold: dict[str, Sitting] = {}
        self._telling = threading.Lock()
        self._stop = threading.Event()
        self._why_over = ""
        self._suspects: set[str] = set()
        self._left: set[str] = set()
        self._unrecorded: set[str] = set()
        self._due: dict[str, float] = {}

    def stop(self) -> None:
        """Let what is under way end, and take nothing more. Safe in a signal's handler."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stop.is_set()

    def run(self) -> None:
        """Work until stopped.

        Raises:
            StorageError: when the database cannot be reached at the start.
        """
        with ExitStack() as stack:
            held = stack.enter_context(WorkerFile(self.places.workers, self.name))
            self._queue = stack.enter_context(JobQueue(self.places))
            self._book: Book = self._queue.book
            self._session = self._open_session(stack)
            self._mind_the_day()
            self._launch()
            keep_imports()
            try:
                while not self._stop.wait(_TURN_S):
                    self._turn()
                held.retire()
                self._drain()
            except LostHold as error:
                self._on_lost(error)
            finally:
                DBOS.destroy(workflow_completion_timeout_sec=0)
            self._put_back()

    def _open_session(self, stack: ExitStack) -> Session | None:
        if self.places.database is None:
            return None
        session = Session(self.places.database, self.name)
        stack.callback(session.close)
        return session

    def _launch(self) -> None:
        config: Any = {
            "name": APPLICATION,
            "system_database_url": self.places.url,
            "executor_id": self.name,
            "application_version": JOBS_VERSION,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "ERROR",
            "run_migrations": False,
        }
        DBOS(config=config)
        register(self.sit)
        if self._duty is not None:
            self._duty.register(self._queue, self._stop.is_set)
        DBOS.launch()
        in_all = self.limits.in_all
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=min(self.limits.concurrency, in_all or self.limits.concurrency),
            global_concurrency=in_all,
            polling_interval_sec=_SHARED_POLL_S if self.places.database else _POLL_S,
            on_conflict="always_update",
        )

    async def sit(self, job: str, data: Any) -> dict[str, Any]:
        """One sitting of a job; called by DBOS.

        Raises:
            Parked: when the worker stops before the job ends.
        """
        if self._stop.is_set():
            raise Parked
        sitting = Sitting(
            job, read_spec(data), self.places, self._book, self.prepare,
            draining=self._stop.is_set, over_limit=lambda: self._why_over, log=self.log,
        )  # fmt: skip
        self._left.discard(job)
        self._sittings[job] = sitting
        try:
            return await sitting.to_the_end()
        finally:
            del self._sittings[job]
            self._left.add(job)
            with suppress(DBAPIError):
                # In a thread, because a database that is locked would hold up the jobs beside this one.
                await asyncio.to_thread(self._tell, sitting)

    def _turn(self) -> None:
        """One turn of looking after the jobs. What the database refuses now is done in a later turn."""
        if self._session is not None:
            self._session.check()
        try:
            self._look()
        except (DBAPIError, StorageError) as error:
            sys.stderr.write(f"the database refuses: {' '.join(str(error).split())[:300]}\n")
            sys.stderr.flush()

    def _look(self) -> None:
        for sitting in [*self._untold.values(), *self._sittings.values()]:
            self._tell(sitting)
        if self._is_due("spend", _SPEND_S):
            self._mind_the_day()
        if self._is_due("dead", _TAKE_OVER_S):
            self._take_over()
        if self._duty is not None and self._is_due("duty", _DUTY_S):
            self._duty.look(self._queue)

    def _tell(self, sitting: Sitting) -> None:
        """Write how far a job is. One at a time: what was true earlier must not be written over what is true now."""
        with self._telling:
            if sitting.tally.fresh:
                sitting.tally.fresh = False
                self._untold[sitting.job] = sitting
                try:
                    self._book.tell(sitting.job, sitting.tally.progress())
                except DBAPIError:
                    sitting.tally.fresh = True
                    raise
            self._untold.pop(sitting.job, None)

    def _mind_the_day(self) -> None:
        """See what the day's limits leave; stop all runs in good order once they leave nothing."""
        limits = self.limits
        if limits.daily_tokens is None and limits.daily_dollars is None:
            return
        tokens, dollars = self._book.spent_on(today())
        over = limits.daily_tokens is not None and tokens >= limits.daily_tokens
        over = over or (limits.daily_dollars is not None and dollars >= limits.daily_dollars)
        self._why_over = f"waits for the next day (UTC): {tokens:,} tokens, ${dollars:.2f} spent today" if over else ""
        if over:
            for sitting in list(self._sittings.values()):
                sitting.drain(DAY_IS_OVER)

    def _take_over(self) -> None:
        """Give back what dead workers held, once they were found dead in two looks running.

        Twice, because a worker whose connection was cut is dead to PostgreSQL a moment before it knows it itself. A
        lock on a file is not lost so, and one look is enough.
        """
        left = set(self._left)
        held = self._queue.held()
        self._give_back_unrecorded(left, set(held.get(self.name, ())))
        others = [worker for worker in held if worker != self.name]
        alive = alive_in(self.places) if others else bool
        dead = {worker for worker in others if not alive(worker)}
        sure = dead if self.places.database is None else dead & self._suspects
        for worker in sure:
            self._queue.give_back(held[worker], worker)
        self._suspects = dead

    def _give_back_unrecorded(self, left: set[str], held: set[str]) -> None:
        """Give back what this worker has left and still holds in two looks running.

        DBOS gives a job up whose outcome it could not write, for example because the disk was full. Its run has ended
        or goes on by its keys, so that nothing is done twice.
        """
        self._left -= left - held
        sure = left & held & self._unrecorded
        self._queue.give_back(sorted(sure), self.name)
        self._unrecorded = left & held

    def _drain(self) -> None:
        """Wait until each job stands at a place from which it goes on without loss."""
        while self._sittings:
            for sitting in list(self._sittings.values()):
                sitting.drain(PUT_BACK)
                with suppress(DBAPIError):
                    self._tell(sitting)
            if self._session is not None:
                self._session.check()
            time.sleep(_TURN_S / 5)

    def _put_back(self) -> None:
        """Put back what was taken and not ended, so that another worker need not find this one dead first."""
        self._queue.give_back(self._queue.held().get(self.name, []), self.name)

    def _is_due(self, what: str, every_s: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every_s
        return True


def register(sit: Callable[[str, Any], Any]) -> None:
    """Tell DBOS what a job is: one workflow with one step, which is cancelled with it.

    The step is recorded once the job has left something, so a worker that dies before the workflow's own end is written
    does not run it again.
    """

    @DBOS.step(name="foreplan.sitting", preemptible=True)
    async def step(job: str, data: Any) -> Any:
        return await sit(job, data)

    @DBOS.workflow(name=WORKFLOW)
    async def workflow(data: Any) -> Any:
        job = DBOS.workflow_id
        assert job is not None  # noqa: S101 (inside a workflow there is one)
        return await step(job, data)
