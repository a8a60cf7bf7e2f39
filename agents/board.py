"""What a run keeps by key in a LangGraph store: the plan's items, the subtasks' results, the ledger's journal.

In go JSON values, each durable when its call returns (as durable as the store is); out they come after a crash.
Law: nothing here depends on the order of LangGraph's calls, so an edited plan or state reads only what is still true.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from langgraph.store.base import BaseStore
from pydantic import BaseModel, ConfigDict

from ..core.errors import FaultKind
from ..memory.digest import Digest
from ..memory.plain import plain_data
from ..planner.exchange import Exchange
from ..planner.plan import PlanHead, PlanPrefix, Subtask

_MOST = 10_000_000
"""More than a run can keep. Read in one search: stores order by time, where equals could get lost between two pages."""

_FEW = 50
"""So many results are read one by one; more of them in one search."""


class Result(BaseModel):
    """How a subtask ended: its digest, for which inputs, in which revision of the plan, at what cost."""

    model_config = ConfigDict(frozen=True)

    digest: Digest
    inputs: str
    revision: int = 0
    tokens: int = 0
    seconds: float = 0.0
    reason: str = ""
    kind: FaultKind | None = None

    @property
    def usable(self) -> bool:
        """Whether dependants can build on it."""
        return self.digest.state in ("done", "capped", "partial")

    def of(self, subtask: str) -> Result:
        """The same result under a subtask's id, which may not be the id it was first worked on under."""
        return self.model_copy(update={"digest": self.digest.model_copy(update={"subtask": subtask})})


class Board:
    """One run's shelf in a store. `run` may be any text; it is hashed into the namespace."""

    def __init__(self, store: BaseStore, run: str) -> None:
        self._store = store
        shelf = hashlib.sha256(run.encode()).hexdigest()[:32]
        self._shelf = ("foreplan", "run", shelf)
        self._plan, self._results, self._journal, self._exchanges = (
            (*self._shelf, part) for part in ("plan", "result", "journal", "exchange")
        )

    async def commit(self, head: PlanHead | None, position: int, subtasks: Sequence[Subtask]) -> None:
        """Keep the plan's head, and subtasks at their positions in the plan."""
        items = [(f"{position + i:06d}", subtask.model_dump(mode="json")) for i, subtask in enumerate(subtasks)]
        if head is not None:
            items.append(("head", head.model_dump(mode="json")))
        await asyncio.gather(*(self._store.aput(self._plan, key, value, index=False) for key, value in items))

    async def close_plan(self, subtasks: int, cut_short: str = "") -> None:
        """Keep that the plan is whole, with this many subtasks, or why no more of it could be had."""
        await self._store.aput(self._plan, "whole", {"subtasks": subtasks, "cut_short": cut_short}, index=False)

    async def cut_short(self) -> str:
        """Why the plan ends before the planner meant it to; empty when it does not."""
        item = await self._store.aget(self._plan, "whole")
        return "" if item is None else str(item.value.get("cut_short", ""))

    async def plan(self) -> tuple[PlanPrefix | None, bool]:
        """What was committed of the plan, in order, and whether that is all of it."""
        items = await self._all(self._plan)
        head, whole = items.pop("head", None), items.pop("whole", None)
        if head is None:
            return None, False
        # What the planner wrote when its time was up may have been kept, but does not belong to a plan that was closed.
        keys = sorted(items)[: None if whole is None else whole["subtasks"]]
        subtasks = tuple(Subtask.model_validate(items[key]) for key in keys)
        return PlanPrefix(PlanHead.model_validate(head), subtasks), whole is not None

    async def keep(self, key: str, result: Result) -> None:
        """Keep a result under its Merkle key."""
        await self._store.aput(self._results, key, result.model_dump(mode="json"), index=False)

    async def result(self, key: str) -> Result | None:
        """The result under a Merkle key, or None."""
        item = await self._store.aget(self._results, key)
        return None if item is None else Result.model_validate(item.value)

    async def results(self, keys: Sequence[str]) -> list[Result | None]:
        """The results under these keys, in their order. Many are read in one search instead of one by one."""
        if len(keys) <= _FEW:
            return list(await asyncio.gather(*map(self.result, keys)))
        kept = await self._all(self._results)
        return [Result.model_validate(kept[key]) if key in kept else None for key in keys]

    async def write(self, key: str, entry: dict[str, Any]) -> None:
        """Keep an entry of the ledger's journal (`core.ledger.Journal`)."""
        await self._store.aput(self._journal, key, entry, index=False)

    async def journal(self) -> list[dict[str, Any]]:
        """All journal entries."""
        return list((await self._all(self._journal)).values())

    async def keep_exchanges(self, revision: int, exchanges: Sequence[Exchange]) -> None:
        """Keep what the planner was sent and said for one revision of the plan."""
        began_ns = time.time_ns()
        for number, exchange in enumerate(exchanges):
            value = plain_data({"revision": revision, **asdict(exchange)})
            await self._store.aput(self._exchanges, f"{began_ns:020d}-{number:03d}", value, index=False)

    async def exchanges(self) -> list[dict[str, Any]]:
        """What was kept of the planner's exchanges, in order: `revision`, `sent`, `said` and `reasoning` of each."""
        return [value for _, value in sorted((await self._all(self._exchanges)).items())]

    async def forget(self) -> None:
        """Delete all that is kept of the run."""
        items = await self._store.asearch(self._shelf, limit=_MOST)
        await asyncio.gather(*(self._store.adelete(tuple(item.namespace), item.key) for item in items))

    async def _all(self, namespace: tuple[str, ...]) -> dict[str, dict[str, Any]]:
        return {item.key: item.value for item in await self._store.asearch(namespace, limit=_MOST)}
