"""Running a brief in a directory of its own, durably: what the command line does, as a function.

In go a brief and a context; out come a `RunResult` and a directory with brief, plan, report, page, result, trace,
artifacts and state. Law: a run killed at any point goes on from its finished subtasks with `resume`; nothing paid is
paid again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from langgraph.runtime import RunControl

from ..core.events import Event, Noted, silent
from ..core.models.roles import ROLES
from ..memory.artifacts import open_artifacts
from ..memory.redact import Redactor
from ..memory.rundir import RunDir, RunDirs
from ..memory.trace.writer import TraceWriter
from ..planner.brief import Brief
from ..planner.plan import Plan
from ..planner.wire import dump_plan, load_plan
from .context import Context
from .durable import database_errors, open_saver, open_store
from .loop import Approve, run_graph
from .page.page import run_page
from .result import RunResult

OnEvent = Callable[[Event], None]

LESSONS = "lessons.sqlite"
"""The store of all runs' lessons, in the data home."""


async def run(
    brief: Brief,
    *,
    context: Context,
    home: Path,
    run_id: str | None = None,
    plan: Plan | None = None,
    on_event: OnEvent = silent,
    approve: Approve | None = None,
    secrets: Iterable[str] = (),
    control: RunControl | None = None,
) -> RunResult:
    """Take a brief to its report.

    Args:
        brief: what the user wants.
        context: models, sources, tools and limits. Its artifact store is replaced by the run's own.
        home: the data home; the run's directory is made below it.
        run_id: the new run's id; None for a fresh one.
        plan: run this plan instead of asking the planner.
        on_event: told everything that happens, in order.
        approve: asked for a decision when `context.approve` is on.
        secrets: what must not enter the trace, beside the models' own keys.
        control: see `run_graph`.

    Raises:
        GraphDrained: the run was stopped by `control`.
        ForeplanError: the run cannot go on. What it has done is kept: `resume` goes on from there.
    """
    directory = RunDirs(home).create(run_id)
    directory.write(directory.brief, brief)
    if plan is not None:
        directory.write(directory.plan, dump_plan(plan))
    return await _Drive(
        directory, brief, plan, context, home, on_event, approve, frozenset(secrets), control
    ).to_the_end()


async def resume(
    run_id: str,
    *,
    context: Context,
    home: Path,
    on_event: OnEvent = silent,
    approve: Approve | None = None,
    secrets: Iterable[str] = (),
    control: RunControl | None = None,
    database: str | None = None,
) -> RunResult:
    """Go on with a run that was stopped or killed; one that is finished gives its result again.

    With `database`, the URL of a PostgreSQL database, its state, store and artifacts are there, so that it goes on on
    any machine that has its directory with brief and plan; `run` keeps them in the directory.

    Raises:
        UnknownRun: `run_id` names no run, or several.
        ForeplanError: as for `run`.
    """
    directory = RunDirs(home).find(run_id)
    brief = Brief.model_validate(directory.read(directory.brief))
    plan = load_plan(directory.plan) if directory.plan.is_file() else None
    return await _Drive(
        directory, brief, plan, context, home, on_event, approve, frozenset(secrets), control, database
    ).to_the_end()


@dataclass(frozen=True)
class _Drive:
    """One sitting of a run: begun or gone on with, up to its end."""

    directory: RunDir
    brief: Brief
    plan: Plan | None
    context: Context
    home: Path
    on_event: OnEvent
    approve: Approve | None
    secrets: frozenset[str]
    control: RunControl | None
    database: str | None = None

    async def to_the_end(self) -> RunResult:
        """The run's result, once its directory holds all of it."""
        redactor = Redactor(self.secrets | _keys(self.context))
        with (
            self.directory.working(),
            TraceWriter(self.directory.trace, redactor=redactor, on_record=self.context.on_record) as trace,
        ):
            trace.keep("brief", self.brief)
            with database_errors(self.directory.path):
                result = await self._run(trace)
            if not self.directory.finished:
                _leave(self.directory, result, trace)
                await self._leave_page()
        return result

    async def _leave_page(self) -> None:
        """Write the page about the run. One whose page cannot be written is over all the same."""
        try:
            # In a thread: the page of a large run takes a second or two.
            await asyncio.to_thread(self._write_page)
        except Exception as error:  # whatever it is, the run has its result
            self.on_event(Noted(text=f"The page about the run could not be written: {error}", level="warning"))

    def _write_page(self) -> None:
        with closing(open_artifacts(self.database or self.directory.artifacts)) as artifacts:
            self.directory.write(self.directory.page, run_page(self.directory, artifacts=artifacts))

    async def _run(self, trace: TraceWriter) -> RunResult:
        finished = self.directory.finished

        def tell(event: Event) -> None:
            if not finished:
                trace(event)
                self.on_event(event)

        async with AsyncExitStack() as stack:
            checkpointer = await stack.enter_async_context(open_saver(self.database or self.directory.state))
            store = await stack.enter_async_context(open_store(self.database or self.directory.store))
            lessons = store if self.database else await stack.enter_async_context(open_store(self.home / LESSONS))
            kept = stack.enter_context(closing(open_artifacts(self.database or self.directory.artifacts)))
            artifacts = kept.for_run(self.directory.run) if self.database else kept
            return await run_graph(
                self.brief,
                run_id=self.directory.run,
                context=replace(self.context, artifacts=artifacts, lessons=lessons),
                checkpointer=checkpointer,
                store=store,
                plan=self.plan,
                on_event=tell,
                approve=self.approve,
                control=self.control,
            )


def _leave(directory: RunDir, result: RunResult, trace: TraceWriter) -> None:
    """Write what a finished run leaves; the result last, because its presence means that the run is finished."""
    for exchange in result.exchanges:
        trace.keep("messages", exchange)
    if result.plan is not None:
        directory.write(directory.plan, dump_plan(result.plan))
        trace.keep("plan", result.plan)
    for digest in result.digests:
        trace.keep("digest", digest, subtask=digest.subtask)
    if result.report is not None:
        directory.write(directory.report, result.report.markdown)
        trace.keep("report", result.report)
    directory.write(directory.result, result.to_json())


def _keys(context: Context) -> set[str]:
    """The secrets that must not enter the trace."""
    models = {} if context.models.embedded else context.models.workers
    roles = [] if context.models.embedded else [context.models.role(role) for role in ROLES]
    return {model.spec.key for model in (*models.values(), *roles) if model.spec.key}
