"""LangGraph's savers and stores in a PostgreSQL database that many machines share. Needs the extra `postgres`.

The URL of a database in, a saver or a store over its tables out. Law: tables are made by one process at a time, and a
connection to a machine that is gone is given up within half a minute, on both ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..memory.errors import StorageError

try:
    import psycopg
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    from langgraph.store.postgres.aio import AsyncPostgresStore
    from psycopg_pool import PoolTimeout
except ImportError as error:
    raise StorageError(
        "Runs in PostgreSQL need psycopg.", hint="Install it with: pip install 'foreplan[postgres]'"
    ) from error

_SETUP_LOCK = 0x466F7270
_LOOK_S = 0.05

_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "connect_timeout": 10}
_SERVER_KEEPALIVE = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"

_ready: set[str] = set()
"""Databases whose tables this process has seen made."""


def lasting(url: str) -> str:
    """The URL with what makes both ends notice that the other is gone; what it says itself stays."""
    parts = psycopg.conninfo.conninfo_to_dict(url)
    known = {name: value for name, value in _KEEPALIVE.items() if name not in parts}
    options = f"{_SERVER_KEEPALIVE} {parts.get('options', '')}".strip()
    return psycopg.conninfo.make_conninfo(url, **known, options=options)


def lost(error: BaseException) -> bool:
    """Whether the connection is gone, so that the same may work over a new one."""
    return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout))


@asynccontextmanager
async def postgres_saver(url: str) -> AsyncIterator[AsyncPostgresSaver]:
    """A checkpointer over the tables of the database at `url`, which are made if need be."""
    await _tables(url)
    async with AsyncPostgresSaver.from_conn_string(lasting(url)) as saver:
        yield saver


@asynccontextmanager
async def postgres_store(url: str) -> AsyncIterator[AsyncPostgresStore]:
    """A store over the tables of the database at `url`, which are made if need be."""
    await _tables(url)
    async with AsyncPostgresStore.from_conn_string(lasting(url)) as store:
        yield store


async def _tables(url: str) -> None:
    """Make the tables, unless they are known to be there."""
    if url in _ready:
        return
    async with await psycopg.AsyncConnection.connect(lasting(url), autocommit=True) as connection:
        # Asked for again and again, since indexes that are made concurrently wait for all who wait for a lock.
        while not await _taken(connection):  # noqa: ASYNC110 (another process holds it)
            await asyncio.sleep(_LOOK_S)
        async with AsyncPostgresSaver.from_conn_string(url) as saver:
            await saver.setup()
        async with AsyncPostgresStore.from_conn_string(url) as store:
            await store.setup()
    _ready.add(url)


async def _taken(connection: psycopg.AsyncConnection) -> bool:
    row = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", (_SETUP_LOCK,))).fetchone()
    return row is not None and bool(row[0])
