"""Which workers live: each holds a lock that the system takes back when its process dies, however it dies.

A worker's name goes in; whether its lock is held comes out. No clock is read, so a clock that is moved kills nobody.
On one machine the lock is one on a file; with PostgreSQL the worker's session also holds an advisory lock, which the
server takes back when the connection is gone: at once when the process dies, within half a minute when the machine
does.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import zlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout

from ...memory.errors import StorageError
from ...memory.files import storage_errors, write_atomic
from ...memory.home import writable_folder
from .places import JobPlaces

_LOCKS = 0x4650574B
_PING_S = 4


def new_worker() -> str:
    """A fresh name for a worker, which is its DBOS executor id: machine, process, and a few letters."""
    host = "".join(each if each.isalnum() or each in "-." else "-" for each in socket.gethostname())[:40]
    return f"{host or 'host'}-{os.getpid()}-{secrets.token_hex(3)}"


class WorkerFile:
    """This machine's side of a worker: a file that names its process, and a lock beside it held while it lives."""

    def __init__(self, folder: Path, worker: str) -> None:
        self.path = folder / f"{worker}.json"
        self._lock = FileLock(folder / f"{worker}.lock", timeout=0, thread_local=False)

    def __enter__(self) -> Self:
        writable_folder(self.path.parent)
        with storage_errors(f"lock {self.path}"):
            self._lock.acquire()
            write_atomic(self.path, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode())
        return self

    def retire(self) -> None:
        """Say that no more jobs are taken; a new worker may be started beside this one while it ends."""
        self.path.unlink(missing_ok=True)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.retire()
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)


def file_alive(folder: Path, worker: str) -> bool:
    """Whether the worker's process lives on this machine."""
    path = folder / f"{worker}.lock"
    if not path.exists():
        return False
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return True
    except OSError as error:
        raise StorageError(f"Cannot look at {path}: {error.strerror}.") from error
    lock.release()
    return False


def local_workers(places: JobPlaces) -> dict[str, int]:
    """Workers of this machine that live and take jobs, each with its process id. Files of dead ones are removed."""
    found = {}
    for path in sorted(places.workers.glob("*.json")):
        worker = path.stem
        if file_alive(places.workers, worker):
            found[worker] = _pid(path)
        else:
            path.unlink(missing_ok=True)
            path.with_suffix(".lock").unlink(missing_ok=True)
    return {worker: pid for worker, pid in found.items() if pid > 0}


def _pid(path: Path) -> int:
    try:
        return int(json.loads(path.read_bytes())["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


class LostHold(Exception):
    """The worker's session with the database is gone: others may take its jobs for those of a dead worker."""


class Session:
    """A worker's session with PostgreSQL, which holds its advisory lock for as long as it lasts."""

    def __init__(self, database: str, worker: str) -> None:
        import psycopg

        from ..durable_postgres import lasting

        self._errors = psycopg.Error
        # A server that does not answer a ping in time is as good as gone.
        where = psycopg.conninfo.make_conninfo(lasting(database), tcp_user_timeout=_PING_S * 1_000)
        self._connection: Any = psycopg.connect(where, autocommit=True)
        query = "SELECT pg_try_advisory_lock(%s, %s)"
        taken: Any = self._connection.execute(query, (_LOCKS, _number(worker))).fetchone()
        if not taken[0]:
            raise LostHold(f"{worker} is taken")

    def check(self) -> None:
        """See that the session lasts.

        Raises:
            LostHold: when it does not.
        """
        try:
            self._connection.execute("SELECT 1")
        except self._errors as error:
            raise LostHold(str(error)) from error

    def close(self) -> None:
        """Give the lock back."""
        self._connection.close()


def alive_in(places: JobPlaces) -> Callable[[str], bool]:
    """A look at which workers live: on this machine, or among all who share the database."""
    if places.database is None:
        return lambda worker: file_alive(places.workers, worker)
    held = _held(places.database)
    return lambda worker: _number(worker) in held


def _held(database: str) -> set[int]:
    import psycopg

    from ..durable_postgres import lasting

    query = (
        "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = %s AND objsubid = 2 "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with psycopg.connect(lasting(database), autocommit=True) as connection:
        return {int(row[0]) for row in connection.execute(query, (_LOCKS,)).fetchall()}


def _number(worker: str) -> int:
    """An advisory lock's second key, which is a signed integer of 32 bits: kept to 31, to be read back as it is."""
    return zlib.crc32(worker.encode()) & 0x7FFFFFFF
