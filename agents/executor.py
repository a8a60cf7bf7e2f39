"""The executor: subtasks of a plan go in as they become known, their results come out; no barrier anywhere.

Each subtask is one LangGraph task with a name of its own, called in plan order from the node that runs the plan. Its
body waits for the subtask's own dependencies, then for a slot (the longest remaining path first), then works. In large
plans tasks are called as they come near: what LangGraph does for a call grows with the calls before, and thousands at
once would hold up the first ones for seconds. Laws:

- A result is kept under its Merkle key before anything can build on it; a key that has a result is not worked on again.
- A failing subtask is a result like any other. It cancels nobody; dependants skip or go on as their `on_missing` says.
- Only cancellation and LangGraph's own signals (a tool that asks the user, a run that is to stop) leave a body as
  exceptions. After such a signal what is under way ends and is kept; nothing that depends on it is begun.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from langgraph.errors import GraphBubbleUp, GraphInterrupt
from langgraph.func import task

from ..core.limits import TIME_IS_UP
from ..core.slots import PrioritySlots
from ..planner.plan import Subtask
from .board import Result
from .keys import brief_key, inputs_key, subtask_key
from .order import RemainingPaths
from .scope import Scope
from .subtask import skip, work_on
from .telling import tell_result

AHEAD = 256
"""Tasks that could start are called this far ahead of those that end; among so many the longest path is chosen."""


@dataclass
class _Entry:
    """One subtask under way: what it waits for, and the LangGraph future that ends with its key."""

    subtask: Subtask
    key: str
    dependencies: list[_Entry]
    level: int = 0
    twin: _Entry | None = None
    future: asyncio.Future[str] | None = None
    startable: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)
    recovery: asyncio.Task[None] | None = None


class Executor:
    """Runs the subtasks of one plan. Lives as long as one call of the node that owns it."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._root = brief_key(scope.brief)
        self._slots = PrioritySlots(scope.context.limits.concurrency)
        self._paths = RemainingPaths()
        self._entries: dict[str, _Entry] = {}
        self._by_key: dict[str, _Entry] = {}
        self._results: dict[str, Result] = {}
        self._uncalled: deque[_Entry] = deque()
        self._startable = 0
        self._ahead = max(AHEAD, 2 * scope.context.limits.concurrency)
        self._room = asyncio.Event()
        self._caller: asyncio.Task[None] | None = None

    def start(self, subtasks: Sequence[Subtask]) -> None:
        """Begin these subtasks. To be called from the node's own body, in plan order, dependencies first."""
        self._paths.add(subtasks)
        self._slots.reprioritise()
        for subtask in subtasks:
            self._register(subtask)
        self._room.set()
        self._caller = self._caller or asyncio.create_task(self._keep_calling())

    async def finish(self) -> list[Result]:
        """The results of all subtasks begun, in plan order, once every one has ended.

        When cancelled, or when results can't be kept, the subtasks under way are cancelled and waited for.

        Raises:
            GraphBubbleUp: a subtask waits for the user, or the run is to stop. What was under way has ended.
        """
        results: list[Result] = []
        signals: list[GraphBubbleUp] = []
        try:
            for entry in self._entries.values():
                try:
                    results.append(await self._result(entry))
                except GraphBubbleUp as signal:
                    signals.append(signal)
            if signals:
                raise _joined(signals)
            await asyncio.gather(*(entry.future for entry in self._entries.values() if entry.future is not None))
            return results
        except BaseException:
            await self.cancel()
            raise

    async def cancel(self) -> None:
        """Stop what is under way; no call of a worker is left running when this returns."""
        begun = [each for entry in self._entries.values() for each in (entry.future, entry.recovery)]
        under_way = [each for each in (self._caller, *begun) if each is not None and not each.done()]
        for each in under_way:
            each.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    def _register(self, subtask: Subtask) -> None:
        dependencies = [self._entries[each] for each in subtask.depends_on]
        key = subtask_key(self._root, subtask, (each.key for each in dependencies))
        level = 1 + max((each.level for each in dependencies), default=-1)
        entry = _Entry(subtask, key, dependencies, level, twin=self._by_key.get(key))
        self._entries[subtask.id] = entry
        self._by_key.setdefault(key, entry)
        self._uncalled.append(entry)

    async def _keep_calling(self) -> None:
        """Call further tasks whenever one has ended. Made by the node, so that the node is the tasks' parent."""
        while True:
            await self._room.wait()
            self._room.clear()
            while self._call_next():
                if self._slots.size >= len(self._entries):
                    await asyncio.sleep(0)  # slots for all: who is called first need not wait for the others' calls

    def _call_next(self) -> bool:
        """Call the next task in plan order unless enough could start: those that wait for others are not counted."""
        if not self._uncalled or self._startable >= self._ahead:
            return False
        entry = self._uncalled.popleft()
        if all(each.over.is_set() for each in self._before(entry)):
            self._count(entry)
        self._call(entry)
        return True

    def _before(self, entry: _Entry) -> Sequence[_Entry]:
        """What has to be over before an entry begins: what it depends on; in waves, all that is above it."""
        if not self._scope.context.waves:
            return entry.dependencies
        return [each for each in self._entries.values() if each.level < entry.level]

    def _call(self, entry: _Entry) -> None:
        async def body(_: str) -> str:
            await self._run(entry)
            return entry.key

        def over(_: object) -> None:
            entry.over.set()
            if entry.startable:
                self._startable -= 1
                self._room.set()

        entry.future = _call(f"{entry.subtask.id}-{entry.key[:12]}", body, entry.key)
        entry.future.add_done_callback(over)

    def _count(self, entry: _Entry) -> None:
        if not entry.startable:
            entry.startable = True
            self._startable += 1

    async def _run(self, entry: _Entry) -> None:
        try:
            if self._scope.context.waves:
                await asyncio.gather(*(each.over.wait() for each in self._before(entry)))
            parents = [(each, await self._result(each)) for each in entry.dependencies]
            if entry.twin is not None:
                await self._result(entry.twin)
        except GraphInterrupt:
            raise GraphBubbleUp from None  # the question is the other subtask's, and asked once
        self._count(entry)
        inputs = inputs_key({each.key: result.digest for each, result in parents})
        async with self._slots.slot(lambda: self._paths.length(entry.subtask.id)):
            kept = await self._scope.board.result(entry.key)
            if kept is not None and self._still_valid(kept, inputs):
                tell_result(self._scope, entry.subtask.id, kept, cached=True)
            else:
                kept = await self._do(entry, [result for _, result in parents], inputs)
                await self._scope.board.keep(entry.key, kept)
                tell_result(self._scope, entry.subtask.id, kept)
            self._results[entry.subtask.id] = kept.of(entry.subtask.id)
            entry.over.set()
            await asyncio.sleep(0)  # dependants queue up before the slot is given away

    async def _do(self, entry: _Entry, parents: Sequence[Result], inputs: str) -> Result:
        self._scope.stop_if_drained()
        missing = [each.digest.subtask for each in parents if not each.usable]
        if missing and entry.subtask.on_missing == "skip":
            reason = f"needs {', '.join(missing)}, which left nothing"
            return skip(entry.subtask, reason, inputs, self._scope.revision)
        if self._scope.seconds_for_work == 0:
            return skip(entry.subtask, TIME_IS_UP, inputs, self._scope.revision)
        usable = tuple(each.digest for each in parents if each.usable)
        priority = self._paths.length(entry.subtask.id)
        return await work_on(self._scope, entry.subtask, usable, tuple(missing), inputs, priority)

    def _still_valid(self, kept: Result, inputs: str) -> bool:
        return kept.inputs == inputs and (kept.usable or kept.revision == self._scope.revision)

    async def _result(self, entry: _Entry) -> Result:
        """An entry's result, once its task has ended.

        LangGraph does not call the body of a task that it knows to be done; its result is then read back by key.
        """
        await entry.over.wait()
        if entry.subtask.id not in self._results:
            if entry.future is not None:
                entry.future.result()
            entry.recovery = entry.recovery or asyncio.create_task(self._run(entry))
            await asyncio.wait([entry.recovery])
            entry.recovery.result()
        return self._results[entry.subtask.id]


def _joined(signals: Sequence[GraphBubbleUp]) -> GraphBubbleUp:
    """One signal for all: every question that is asked, else the first signal."""
    questions = [each for signal in signals if isinstance(signal, GraphInterrupt) for each in signal.args[0]]
    return GraphInterrupt(questions) if questions else signals[0]


def _call(name: str, body: Callable[[str], Awaitable[str]], key: str) -> asyncio.Future[str]:
    """Call `body(key)` as a LangGraph task of this name; in a running loop its future is an asyncio one."""
    decorate: Any = task(name=name)
    future: asyncio.Future[str] = decorate(body)(key)
    return future
