"""Carrying a task out once: a task and its setting go in, what came of it comes out, ready to be graded.

A task that runs leaves a run's directory under an id of its own, so that one that was stopped goes on where it stood.
Law: what is the planner's fault (no valid plan, a budget that does not suffice) is an outcome of score 0; what is an
endpoint's fault is raised, because a score would say nothing.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ...agents.context import Context
from ...agents.planners.choose import planner_for
from ...agents.result import RunResult
from ...agents.run import resume, run
from ...core.errors import BudgetExhausted, FaultKind, ModelError
from ...core.events import Event, LessonLearned, Spent, SubtaskEnded
from ...memory.documents.index import DocumentIndex
from ...memory.rundir import RunDir, RunDirs
from ...memory.trace.reader import read_events
from ...planner.errors import PlanError
from ..baselines.base import Given
from ..baselines.registry import baseline
from ..metrics.run_rows import run_record
from .base import EvalTask
from .done import Done, Setting, record_without_run
from .planned import plan_out
from .said import said_in

OF_ENDPOINTS: frozenset[FaultKind] = frozenset(("transient", "auth", "not_found"))
"""Faults that tell of an endpoint that is down, refuses us or has no such model."""


def run_id_of(task: str, epoch: int) -> str:
    """The id of a task's run: readable, and unlike that of any other task."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", task).strip("-")[:60] or "task"
    return f"{slug}-{hashlib.sha256(task.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}-{epoch}"


async def carry_out(task: EvalTask, epoch: int, setting: Setting) -> Done:
    """Do the task once.

    Raises:
        ForeplanError: an endpoint failed, or the task cannot be done in this setting; what was done is kept.
    """
    context = _context(task, epoch, setting)
    if task.plan_only:
        return await plan_out(task, epoch, setting, context)
    directory = RunDirs(setting.folder).at(run_id_of(task.id, epoch))
    began = time.monotonic()
    try:
        return await _ran(task, epoch, setting, context, directory)
    except (PlanError, BudgetExhausted, ModelError) as error:
        if isinstance(error, ModelError) and error.kind in OF_ENDPOINTS:
            raise
        spent = [each for each in _events(directory.trace) if isinstance(each, Spent)]
        record = record_without_run(task, epoch, setting, spent, seconds=time.monotonic() - began)
        return Done("", None, record, fault=error.message)


def _context(task: EvalTask, epoch: int, setting: Setting) -> Context:
    if setting.baseline is None:
        return setting.context
    given = Given(planner_for(setting.context), seed=epoch, gold=task.gold)
    return baseline(setting.baseline, given).of(setting.context)


async def _ran(task: EvalTask, epoch: int, setting: Setting, context: Context, directory: RunDir) -> Done:
    index = DocumentIndex.in_memory(task.documents) if task.documents else None
    try:
        result = await _run(task, directory, setting, replace(context, sources=index))
    finally:
        if index is not None:
            index.close()
    events = _events(directory.trace)
    _check_endpoints(result, events, directory)
    record = run_record(
        result,
        events,
        task=task.id,
        suite=setting.suite,
        planner=setting.planner,
        score=0.0,
        solved=False,
        epoch=epoch,
        difficulty=task.difficulty,
        oracle_tokens=task.oracle_tokens,
    )
    notes = {"run": result.run_id, "state": result.state, "calls": result.calls}
    return Done(said_in(result.report), result.plan, record, notes=notes)


async def _run(task: EvalTask, directory: RunDir, setting: Setting, context: Context) -> RunResult:
    home, secrets = setting.folder, setting.secrets
    if directory.brief.is_file():
        return await resume(directory.run, context=context, home=home, secrets=secrets)
    if directory.path.is_dir():
        shutil.rmtree(directory.path)  # killed before it had begun
    return await run(task.brief, context=context, home=home, run_id=directory.run, secrets=secrets)


def _events(trace: Path) -> list[Event]:
    return list(read_events(trace)) if trace.is_file() else []


def _check_endpoints(result: RunResult, events: Sequence[Event], directory: RunDir) -> None:
    """See that no subtask failed because an endpoint did; such a run is deleted, to be done anew.

    Raises:
        ModelError: when one did.
    """
    failed = {digest.subtask for digest in result.digests if digest.state == "failed"}
    learned = [each for each in events if isinstance(each, LessonLearned) and not each.tool]
    down = next((each for each in learned if each.kind in OF_ENDPOINTS and each.subtask in failed), None)
    if down is not None:
        ended = [each.reason for each in events if isinstance(each, SubtaskEnded) and each.subtask == down.subtask]
        directory.remove()
        raise ModelError(f"Subtask {down.subtask} could not be done: {ended[-1] if ended else down.text}")
