"""Getting a run's plan: written by the planner while it already runs, by hand, or by the extractive planner.

Laws of a plan that is written while it runs: an item is committed before its subtask starts; what was committed before
a crash is never planned anew, the planner goes on from there; only the caller starts subtasks, in plan order.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from ..core.errors import ForeplanError
from ..core.events import Noted, PlanReady
from ..core.limits import out_of_time
from ..planner.embedded import facets
from ..planner.exchange import Hear
from ..planner.forecast.correct import correcting
from ..planner.plan import Plan, PlanHead, PlanPrefix, Subtask
from ..planner.propose import propose_stream
from .listening import listening
from .scope import Scope
from .telling import tell_items

_Start = Callable[[Sequence[Subtask]], None]
_Item = PlanHead | Subtask


async def written_plan(scope: Scope, start: _Start) -> Plan:
    """The plan, once it is whole; each of its subtasks is committed and then started as soon as it is known.

    A planner that fails after its first subtask leaves a shorter plan: what is begun is worth finishing.

    Raises:
        GraphDrained: the run is to stop before the plan is whole; the planner is asked for the rest when it goes on.
        PlanError: the planner failed before it had written a subtask.
    """
    prefix, whole = await scope.board.plan()
    writing = _Writing(scope, start, prefix)
    if prefix is not None:
        writing.begin(prefix.subtasks)
    if not whole:
        cut_short = await _write(scope, writing, prefix)
        await scope.board.close_plan(len(writing.subtasks), cut_short)
    plan = writing.plan()
    scope.emit(PlanReady(mode=plan.mode, subtasks=len(plan.subtasks), revision=scope.revision))
    return plan


async def _write(scope: Scope, writing: _Writing, prefix: PlanPrefix | None) -> str:
    try:
        async with listening(scope) as hear:
            await _write_in_time(scope, writing, prefix, hear)
    except ForeplanError as error:
        if not writing.subtasks:
            raise
        scope.emit(Noted(text=f"The plan ends early: {error.message}", level="warning"))
        return error.message
    return ""


async def _write_in_time(scope: Scope, writing: _Writing, prefix: PlanPrefix | None, hear: Hear) -> None:
    batches = _batches(_items(scope, prefix, hear))
    try:
        async with asyncio.timeout(scope.seconds_for_work) as limit, aclosing(batches):
            async for batch in batches:
                await writing.add(batch)
                scope.stop_if_drained()
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise out_of_time() from error


class _Writing:
    """A plan as far as it is written."""

    def __init__(self, scope: Scope, start: _Start, prefix: PlanPrefix | None) -> None:
        self._scope, self._start = scope, start
        self._head = prefix.head if prefix else None
        self.subtasks: list[Subtask] = []

    async def add(self, items: Sequence[_Item]) -> None:
        """Commit these items together, then start their subtasks."""
        heads = [each for each in items if not isinstance(each, Subtask)]
        subtasks = [each for each in items if isinstance(each, Subtask)]
        if heads:
            self._head = heads[0]
        await self._scope.board.commit(heads[0] if heads else None, len(self.subtasks), subtasks)
        self.begin(subtasks)

    def begin(self, subtasks: Sequence[Subtask]) -> None:
        """Start subtasks that are committed."""
        self.subtasks += subtasks
        tell_items(self._scope, subtasks)
        self._start(subtasks)

    def plan(self) -> Plan:
        """What was written, as a plan."""
        if self._head is None:
            raise ForeplanError("The planner wrote no plan.", kind="malformed")
        return PlanPrefix(self._head, tuple(self.subtasks)).plan()


def _items(scope: Scope, prefix: PlanPrefix | None, hear: Hear) -> AsyncIterator[_Item]:
    models = scope.context.models
    if models.embedded:
        return _embedded_items(scope, prefix)
    return propose_stream(
        models.planner,
        scope.brief,
        account=scope.planner_account,
        rules=scope.rules,
        workers=scope.offers,
        lessons=scope.lessons.texts(scope.brief.goal),
        committed=prefix,
        emit=scope.emit,
        hear=hear,
        correct=correcting(scope.context.history),
    )


async def _embedded_items(scope: Scope, prefix: PlanPrefix | None) -> AsyncIterator[_Item]:
    plan = facets(scope.brief)
    if prefix is None:
        yield plan.head
    for subtask in plan.subtasks[len(prefix.subtasks) if prefix else 0 :]:
        yield subtask


async def _batches(items: AsyncIterator[_Item]) -> AsyncGenerator[list[_Item], None]:
    """All items that are there, again and again: a task of its own reads ahead, so that committing never delays it."""
    queue: asyncio.Queue[_Item | _End] = asyncio.Queue()
    pump = asyncio.create_task(_pump(items, queue))
    try:
        end: _End | None = None
        while end is None:
            waiting = [await queue.get()]
            while not queue.empty():
                waiting.append(queue.get_nowait())
            end = next((each for each in waiting if isinstance(each, _End)), None)
            if batch := [each for each in waiting if not isinstance(each, _End)]:
                yield batch
        if end.error is not None:
            raise end.error
    finally:
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)


@dataclass(frozen=True)
class _End:
    """The planner's stream is over, with an error or without."""

    error: Exception | None = None


async def _pump(items: AsyncIterator[_Item], queue: asyncio.Queue[_Item | _End]) -> None:
    try:
        async for item in items:
            queue.put_nowait(item)
    except Exception as error:  # handed to the reader, which raises it
        queue.put_nowait(_End(error))
    else:
        queue.put_nowait(_End())
