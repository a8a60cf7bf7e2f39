"""One subtask, from its parents' digests to its result: pack, attempt, select, and turn every failure into data."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Sequence

from langgraph.errors import GraphBubbleUp

from ..core.errors import FaultKind, ForeplanError, classify
from ..core.events import LessonLearned, Noted, SubtaskStarted
from ..core.ledger import Account
from ..core.limits import TIME_IS_UP, out_of_time
from ..memory.digest import Digest
from ..memory.errors import StorageError
from ..planner.plan import Subtask
from .board import Result
from .errors import of_database
from .packing import inherit
from .roles import Assignment, Worker
from .scope import Scope
from .select.base import Attempts, fullest
from .select.choose import selector_for
from .workers.choose import workers_for
from .workers.condense import compressor_of


def skip(subtask: Subtask, reason: str, inputs: str, revision: int) -> Result:
    """The result of a subtask that is not run."""
    digest = Digest(subtask=subtask.id, state="skipped", failures=(reason,))
    return Result(digest=digest, inputs=inputs, revision=revision, reason=reason)


async def work_on(
    scope: Scope,
    subtask: Subtask,
    parents: tuple[Digest, ...],
    missing: tuple[str, ...],
    inputs: str,
    priority: float,
) -> Result:
    """Do a subtask. Whatever goes wrong is in the result; only cancellation and interrupts are raised."""
    account = scope.account_of(subtask, priority=priority)
    workers = workers_for(scope.context, scope.lessons, subtask)
    scope.emit(SubtaskStarted(subtask=subtask.id, worker=workers[0].name))
    started, before = time.monotonic(), account.spent.total_tokens
    kind: FaultKind | None = None
    try:
        digest = await _attempt(scope, subtask, workers, account, parents, missing)
        reason = "; ".join(digest.failures)[:500] if digest.state != "done" else ""
    except GraphBubbleUp:
        raise
    except Exception as error:  # a subtask's failure is data: its siblings go on, and the planner may revise
        if of_database(error) or (isinstance(error, StorageError) and error.kind == "transient"):
            raise  # nothing can be kept now: the run stops, and goes on where it stands
        kind, reason = classify(error), _describe(error)
        digest = Digest(subtask=subtask.id, state="failed", failures=(reason,))
        lesson = scope.lessons.record("", {"goal": subtask.goal}, kind=kind, happened=reason, tried=subtask.goal)
        scope.emit(LessonLearned(subtask=subtask.id, kind=kind, text=lesson.text))
    return Result(
        digest=digest,
        inputs=inputs,
        revision=scope.revision,
        tokens=account.spent.total_tokens - before,
        seconds=time.monotonic() - started,
        reason=reason,
        kind=kind,
    )


async def _attempt(
    scope: Scope,
    subtask: Subtask,
    workers: Sequence[Worker],
    account: Account,
    parents: tuple[Digest, ...],
    missing: tuple[str, ...],
) -> Digest:
    inherited = inherit(scope, subtask, parents)
    seconds = scope.seconds_for_work
    deadline = None if seconds is None else asyncio.get_running_loop().time() + seconds

    shares: dict[int, int | None] = {}

    async def draw(attempt: int) -> Digest:
        left = account.tokens_left
        # Attempts side by side have equal shares: what is left when the first of them begins.
        share = shares.setdefault(attempts.batch, left and left // (subtask.attempts - attempts.batch))
        assignment = Assignment(
            brief=scope.brief,
            subtask=subtask,
            parents=inherited.digests,
            left_out=inherited.left_out,
            account=account,
            artifacts=scope.context.artifacts,
            sources=scope.context.sources,
            tools=scope.context.tools,
            compressor=compressor_of(scope.context.models),
            emit=scope.emit,
            attempt=attempt,
            share_tokens=share,
            missing=missing,
            deadline=deadline,
        )
        try:
            return await workers[attempt % len(workers)].work(assignment)
        except Exception as error:
            if subtask.attempts > 1 and not isinstance(error, GraphBubbleUp):
                scope.emit(Noted(text=_failed_attempt(subtask, attempt, error), level="warning"))
            raise

    attempts = Attempts(draw, subtask.attempts)
    last = None if deadline is None else deadline + scope.grace_s
    digest = await _select(scope, subtask, account, attempts, last)
    short = missing and digest.state == "done"
    return digest.model_copy(update={"state": "partial"}) if short else digest


async def _select(
    scope: Scope, subtask: Subtask, account: Account, attempts: Attempts, deadline: float | None
) -> Digest:
    """The digest to keep; at the deadline, the fullest of those that there are.

    Raises:
        BudgetExhausted: when the run's time is up and there is none.
    """
    try:
        async with asyncio.timeout_at(deadline) as limit:
            return await selector_for(scope.context, subtask, account, scope.emit).select(attempts)
    except TimeoutError as error:
        if not limit.expired():
            raise
        if attempts.digests:
            kept = fullest(attempts.digests)
            return kept.model_copy(update={"state": "capped", "failures": (*kept.failures, TIME_IS_UP)})
        raise out_of_time() from error


def _failed_attempt(subtask: Subtask, attempt: int, error: Exception) -> str:
    """Of several attempts the others may hide that one failed."""
    return f"{subtask.id}: attempt {attempt + 1} of {subtask.attempts} failed: {_describe(error)}"


def _describe(error: Exception) -> str:
    """One line about an error; for a bug, with the place where it happened."""
    if isinstance(error, ForeplanError):
        return error.message
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
    return f"{type(error).__name__} in {place}: {str(error)[:300]}"
