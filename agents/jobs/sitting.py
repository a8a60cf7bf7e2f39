"""One sitting of a job: a worker's work on it, from the moment it is taken until it ends, waits, or is put back.

A job's id and spec go in; what it left comes out as JSON with `state`: the run's `result`, an `error`, or the `plan`
that waits for approval. Law: finished subtasks are never done again, since the run goes on by its keys; and whatever
may pass by itself (a locked file, a database that went away, the day's limit) is waited for, not reported as a failure.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl

from ...core.errors import ForeplanError
from ...core.events import Emit
from ...memory.errors import RunBusy, StorageError
from ...memory.rundir import RunDir, RunDirs
from ...planner.plan import Plan
from ...planner.wire import dump_plan
from ..context import Context
from ..result import RunResult
from ..run import resume
from .book import Book, Progress
from .places import JobPlaces
from .queue import plan_mark
from .spec import JobSpec
from .tally import Tally

_LONGEST_PAUSE_S = 30.0
_LOOK_S = 0.2
DAY_IS_OVER = "the day's limit"
PUT_BACK = "the worker stops"


class Prepare(Protocol):
    """Makes what a job's run needs: its models, sources and tools. The front door has one over settings."""

    def __call__(self, spec: JobSpec, *, emit: Emit) -> AbstractAsyncContextManager[tuple[Context, frozenset[str]]]:
        """The run's context, and the secrets that must not enter its trace."""


class Parked(BaseException):
    """The job stops here and is neither ended nor failed: it goes back into the queue.

    No `Exception`, because DBOS records those as the end of a workflow.
    """


class _PlanWaits(Exception):
    def __init__(self, plan: Plan, fault: str) -> None:
        super().__init__("the plan waits for approval")
        self.plan, self.fault = plan, fault


@dataclass
class Sitting:
    """A sitting that goes on. `control` stops its run in good order; `tally` says how far it is."""

    job: str
    spec: JobSpec
    places: JobPlaces
    book: Book
    prepare: Prepare
    draining: Callable[[], bool]
    over_limit: Callable[[], str]
    log: Callable[[str, BaseException], str]
    tally: Tally = field(init=False)
    control: RunControl = field(init=False, default_factory=RunControl)

    def __post_init__(self) -> None:
        self.tally = Tally(self.book.progress([self.job]).get(self.job, Progress()))

    async def to_the_end(self) -> dict[str, Any]:
        """What the job left.

        Raises:
            Parked: when the worker stops first.
        """
        directory = RunDirs(self.places.home).at(self.job)
        attempts = 0
        while True:
            await self._affordable()
            try:
                result = await self._run(directory)
            except _PlanWaits as waits:
                return {"state": "waiting", "plan": waits.plan.model_dump(mode="json"), "fault": waits.fault}
            except GraphDrained:
                continue
            except RunBusy:
                # A sitting that was cancelled and resumed at once finds the last one still closing.
                await self._pause(_LOOK_S)
            except ForeplanError as error:
                if not _passes(error):
                    return _failure(error)
                attempts += 1
                self.tally.say(f"trying again: {error.message[:200]}")
                await self._pause(min(_LONGEST_PAUSE_S, 0.5 * 2.0 ** min(attempts, 6)))
            except Exception as error:
                return {"state": "error", "error": self.log(self.job, error), "exit_code": 1}
            else:
                return self._ended(result)

    def drain(self, reason: str) -> None:
        """Stop the run where nothing is lost: no subtask is begun any more, those under way end."""
        self.control.request_drain(reason)

    async def _run(self, directory: RunDir) -> RunResult:
        self.control = RunControl()
        async with self.prepare(self.spec, emit=self.tally) as (context, secrets):
            self._lay_out(directory)
            await asyncio.to_thread(self.tally.take_up, directory.trace)
            self.tally.say("")
            return await resume(
                self.job,
                context=context,
                home=self.places.home,
                on_event=self.tally,
                approve=self._approve,
                secrets=secrets,
                control=self.control,
                database=self.places.database,
            )

    def _lay_out(self, directory: RunDir) -> None:
        """The run's directory, as a process that was killed, or one on another machine, may not have left it."""
        if not directory.path.is_dir():
            RunDirs(self.places.home).create(self.job)
        if self.spec.plan is not None and not directory.plan.is_file():
            directory.write(directory.plan, dump_plan(self.spec.plan))
        if not directory.brief.is_file():
            directory.write(directory.brief, self.spec.brief)

    async def _approve(self, plan: Plan, fault: str) -> dict[str, Any]:
        mark = plan_mark(plan)
        if fault:
            await asyncio.to_thread(self.book.unanswer, self.job, mark)
        answer = await asyncio.to_thread(self.book.answered, self.job, mark)
        if answer is None:
            raise _PlanWaits(plan, fault)
        return answer

    async def _affordable(self) -> None:
        """Wait until the day's limit leaves room."""
        while True:
            if self.draining():
                raise Parked
            why = self.over_limit()
            if not why:
                return
            self.tally.say(why)
            await asyncio.sleep(_LOOK_S)

    async def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.draining():
                raise Parked
            await asyncio.sleep(_LOOK_S)

    def _ended(self, result: RunResult) -> dict[str, Any]:
        self.tally.settle(result.usage.total_tokens, result.dollars)
        return {"state": result.state, "result": result.to_json()}


def _passes(error: ForeplanError) -> bool:
    return isinstance(error, StorageError) and error.kind == "transient"


def _failure(error: ForeplanError) -> dict[str, Any]:
    return {"state": "error", "error": str(error), "exit_code": error.exit_code}
