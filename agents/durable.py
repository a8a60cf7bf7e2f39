"""Opening LangGraph's SQLite savers and stores so that they can be closed at any moment, also by a cancelled run.

Law: when the block ends, however it ends, no lock is left on the file and no task of the store is left running.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiosqlite
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.store.sqlite.aio import AsyncSqliteStore

from ..memory.errors import StorageError


@asynccontextmanager
async def open_saver(path: Path) -> AsyncIterator[AsyncSqliteSaver]:
    """A checkpointer over the SQLite file at `path`, which is made if need be.

    It does not wait for the disk at each commit: a killed process loses nothing, and what a power cut takes of it is
    found again by key in the store, which does wait.
    """
    async with AsyncSqliteSaver.from_conn_string(str(path)) as saver:
        await saver.setup()
        await saver.conn.execute("PRAGMA synchronous = NORMAL")
        try:
            yield saver
        finally:
            await _close(saver.conn, saver.lock)


@asynccontextmanager
async def open_store(path: Path) -> AsyncIterator[AsyncSqliteStore]:
    """A store over the SQLite file at `path`, which is made if need be.

    Raises:
        StorageError: when the file is no database, or one that cannot be read.
    """
    async with AsyncSqliteStore.from_conn_string(str(path)) as store:
        await _set_up(store, path)
        try:
            yield store
        finally:
            await _stop_batches(store)
            await _close(store.conn, store.lock)


async def _set_up(store: AsyncSqliteStore, path: Path) -> None:
    try:
        await store.setup()
    except sqlite3.DatabaseError as error:
        await _stop_batches(store)
        raise StorageError(
            f"The store {path} cannot be used: {error}.", hint="If it is damaged, move it away: a new one is made."
        ) from error


@contextmanager
def database_errors(folder: Path) -> Iterator[None]:
    """Turn what SQLite raises inside the block, such as on a full disk, into a `StorageError` about `folder`."""
    try:
        yield
    except sqlite3.Error as error:
        raise StorageError(
            f"What the run in {folder} does cannot be kept: {_first(error)}.",
            hint="Free some space, or see that its files can be written.",
        ) from error


def _first(error: BaseException) -> BaseException:
    """The fault that came first: a write that fails is followed by a commit that has nothing to commit."""
    before = error.__context__
    return _first(before) if isinstance(before, sqlite3.Error) and before is not error else error


async def _close(connection: aiosqlite.Connection, lock: asyncio.Lock) -> None:
    """Close a connection behind all that is still written through it.

    LangGraph leaves writes under way when a run is cancelled. One of them caught by the close would keep its lock on
    the file for as long as the process lives, since SQLite closes a connection only when its statements are finished.
    """
    async with lock:
        await connection.rollback()
        await connection.close()


async def _stop_batches(store: AsyncSqliteStore) -> None:
    """Stop the task that a store batches its operations in; it outlives the store otherwise."""
    task = store._task  # the store has no public way to stop it
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
