"""Opening LangGraph's savers and stores so that they can be closed at any moment, also by a cancelled run.

A path in, and they are SQLite files; the URL of a PostgreSQL database in, and they are its tables. Law: when the block
ends, however it ends, no lock is left on the file and no task of the store is left running.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import aiosqlite
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.store.base import BaseStore
from langgraph.store.base.batch import AsyncBatchedBaseStore
from langgraph.store.sqlite.aio import AsyncSqliteStore
from langgraph.store.sqlite.base import SqliteStore

from ..memory.errors import StorageError
from .errors import of_database

_PATIENCE_S = 30.0
"""How long to wait for somebody else who makes the tables of the same store."""


@asynccontextmanager
async def open_saver(where: Path | str) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """A checkpointer over the SQLite file at a path, which is made if need be, or over the database at a URL.

    SQLite does not wait for the disk at each commit here: a killed process loses nothing, and what a power cut takes of
    it is found again by key in the store, which does wait.

    Raises:
        StorageError: when the database cannot be reached.
    """
    if isinstance(where, str):
        from .durable_postgres import postgres_saver  # only those who name a server need psycopg

        async with postgres_saver(where) as shared:
            yield shared
        return
    async with AsyncSqliteSaver.from_conn_string(str(where)) as saver:
        await saver.setup()
        await saver.conn.execute("PRAGMA synchronous = NORMAL")
        try:
            yield saver
        finally:
            await _close(saver.conn, saver.lock)


@asynccontextmanager
async def open_store(where: Path | str) -> AsyncIterator[BaseStore]:
    """A store over the SQLite file at a path, which is made if need be, or over the database at a URL.

    Raises:
        StorageError: when the file is no database, or one that cannot be read, or the database cannot be reached.
    """
    if isinstance(where, str):
        from .durable_postgres import postgres_store

        async with postgres_store(where) as shared:
            try:
                yield shared
            finally:
                await stop_batches(shared)
        return
    async with AsyncSqliteStore.from_conn_string(str(where)) as store:
        await _set_up(store, where)
        try:
            yield store
        finally:
            await stop_batches(store)
            await _close(store.conn, store.lock)


async def _set_up(store: AsyncSqliteStore, path: Path) -> None:
    try:
        await asyncio.to_thread(_make_tables, path)
        await store.setup()
    except sqlite3.DatabaseError as error:
        await stop_batches(store)
        raise StorageError(
            f"The store {path} cannot be used: {error}.",
            hint="If it is damaged, move it away: a new one is made.",
            kind="transient" if _passes(error) else "tool",
        ) from error


def _make_tables(path: Path) -> None:
    """Make a new store's tables in one transaction.

    LangGraph commits each of its migrations and the number of it separately. Cut off between the two, it would try to
    add a column again that is there, for ever; two who open a store for the first time at once would do the same.
    """
    with closing(sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE_S)) as file:
        if _has_tables(file):
            return
        file.execute("BEGIN IMMEDIATE")
        if not _has_tables(file):
            for statement in _tables():
                file.execute(statement)
        file.execute("COMMIT")


def _has_tables(file: sqlite3.Connection) -> bool:
    return file.execute("SELECT 1 FROM sqlite_master").fetchone() is not None


@cache
def _tables() -> tuple[str, ...]:
    """What makes the tables of a store as LangGraph makes them."""
    with SqliteStore.from_conn_string(":memory:") as model:
        model.setup()
        return tuple(each for each in model.conn.iterdump() if each not in ("BEGIN TRANSACTION;", "COMMIT;"))


@contextmanager
def database_errors(folder: Path) -> Iterator[None]:
    """Turn what a database raises inside the block, such as on a full disk, into a `StorageError` about `folder`.

    Its kind is `transient` when the same may work later: a locked file, a full disk, a server that went away.
    """
    try:
        yield
    except sqlite3.Error as error:
        first = _first(error)
        raise StorageError(
            f"What the run in {folder} does cannot be kept: {first}.",
            hint="Free some space, or see that its files can be written.",
            kind="transient" if _passes(first) else "tool",
        ) from error
    except Exception as error:
        if not of_database(error):
            raise
        from .durable_postgres import lost

        raise StorageError(
            f"What the run in {folder} does cannot be kept in PostgreSQL: {' '.join(str(error).split())[:300]}.",
            hint="See that the server runs, then go on with the run.",
            kind="transient" if lost(error) else "tool",
        ) from error


def _passes(error: BaseException) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL)


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


async def stop_batches(store: AsyncBatchedBaseStore) -> None:
    """Stop the task that a store batches its operations in; it outlives the store otherwise."""
    task = store._task  # the store has no public way to stop it
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
