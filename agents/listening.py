"""Listening: what the planner is sent and says is kept with the run as it goes, so that a resumed run has all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..planner.exchange import Exchange, Hear
from .scope import Scope


@asynccontextmanager
async def listening(scope: Scope) -> AsyncIterator[Hear]:
    """A `Hear` for one node; what it is told is kept when the block ends, however it ends."""
    heard: list[Exchange] = []
    try:
        yield heard.append
    finally:
        await scope.board.keep_exchanges(scope.revision, heard)
