"""Artifacts in one SQLite file that several threads and processes may share.

Pages of 4 kB waste least on texts of some 20 kB; a write-ahead log with a sync at each commit makes a `put` durable
at the price of one disk flush.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import StorageError, UnknownVersion
from ..files import storage_errors
from .base import ARTIFACTS_VERSION, GRACE_S, StoredArtifacts, StoredRecord

_BUSY_S = 30.0
_MAX_LOG_BYTES = 16 * 1024 * 1024

_SCHEMA = """
CREATE TABLE IF NOT EXISTS artifact (sha256 BLOB NOT NULL UNIQUE, labels TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS use (
    run TEXT NOT NULL, sha256 BLOB NOT NULL, at REAL NOT NULL, PRIMARY KEY (run, sha256)
) WITHOUT ROWID;
"""

_FOUND = "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_master)"

_SAVE = """
INSERT INTO artifact (sha256, labels, body) VALUES (?, ?, ?)
ON CONFLICT (sha256) DO UPDATE SET body = excluded.body WHERE artifact.body IS NOT excluded.body
"""

_USE = "INSERT INTO use (run, sha256, at) VALUES (?, ?, ?) ON CONFLICT (run, sha256) DO UPDATE SET at = excluded.at"

_FORGET_RUNS = """
DELETE FROM use WHERE run IN (
    SELECT run FROM use WHERE run <> '' AND run NOT IN (SELECT run FROM kept) GROUP BY run HAVING max(at) < ?
)
"""


class SqliteArtifacts(StoredArtifacts):
    """Keeps artifacts in the database file `path`, which is made if it does not exist."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        with storage_errors(f"make the folder of {self.path}"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._errors("open"):
            self._connection = sqlite3.connect(
                self.path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def use(self, sha256: str, run: str) -> None:
        """See `StoredArtifacts.use`."""
        with self._writing("note a use in") as connection:
            connection.execute(_USE, (_text(run), bytes.fromhex(sha256), time.time()))

    def collect(self, keep_runs: Collection[str], *, grace_s: float = GRACE_S) -> int:
        """See `StoredArtifacts.collect`."""
        with self._writing("collect garbage in") as connection:
            connection.execute("CREATE TEMP TABLE IF NOT EXISTS kept (run TEXT PRIMARY KEY)")
            connection.execute("DELETE FROM kept")
            connection.executemany("INSERT OR IGNORE INTO kept VALUES (?)", ((_text(run),) for run in keep_runs))
            connection.execute(_FORGET_RUNS, (time.time() - grace_s,))
            deleted = connection.execute("DELETE FROM artifact WHERE sha256 NOT IN (SELECT sha256 FROM use)").rowcount
        self._give_space_back()
        return deleted

    def __len__(self) -> int:
        with self._errors("read"), self._lock:
            return int(self._connection.execute("SELECT count(*) FROM artifact").fetchone()[0])

    def __str__(self) -> str:
        return f"SQLite file {self.path}"

    def close(self) -> None:
        """See `StoredArtifacts.close`."""
        with self._errors("close"), self._lock:
            self._connection.close()

    def _save(self, sha256: str, record: StoredRecord, run: str) -> None:
        key = bytes.fromhex(sha256)
        with self._writing("write an artifact to") as connection:
            connection.execute(_SAVE, (key, record.labels, record.body))
            connection.execute(_USE, (_text(run), key, time.time()))

    def _load(self, sha256: str) -> StoredRecord | None:
        query = "SELECT body, labels FROM artifact WHERE sha256 = ?"
        with self._errors("read"), self._lock:
            row = self._connection.execute(query, (bytes.fromhex(sha256),)).fetchone()
        return None if row is None else StoredRecord(bytes(row[0]), row[1])

    def _prepare(self) -> None:
        with self._errors("open"):
            found, tables = self._connection.execute(_FOUND).fetchone()
        if found == ARTIFACTS_VERSION:
            with self._errors("open"):
                self._connection.execute(f"PRAGMA journal_size_limit = {_MAX_LOG_BYTES}")
                self._connection.execute("PRAGMA synchronous = FULL")
            return
        if found or tables:
            raise UnknownVersion(f"The artifact database {self.path}", found=found, known=ARTIFACTS_VERSION)
        self._create()

    def _create(self) -> None:
        with self._errors("create"):
            for pragma in ("page_size = 4096", "auto_vacuum = INCREMENTAL", "journal_mode = WAL", "synchronous = FULL"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {ARTIFACTS_VERSION}; COMMIT;"
            )
            self._connection.execute(f"PRAGMA journal_size_limit = {_MAX_LOG_BYTES}")

    def _give_space_back(self) -> None:
        with self._errors("shrink"), self._lock:
            self._connection.execute("PRAGMA incremental_vacuum").fetchall()
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextmanager
    def _writing(self, doing: str) -> Iterator[sqlite3.Connection]:
        with self._errors(doing), self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            locked, full = "locked" in str(error), "full" in str(error)
            raise StorageError(
                f"Could not {doing} the artifact database {self.path}: {error}.",
                hint="Another process holds it; try again." if locked else "Check free space, rights and the path.",
                kind="transient" if locked or full else "tool",
            ) from error


def _text(run: str) -> str:
    """A run id that SQLite can bind: lone surrogates as escapes."""
    return run.encode("utf-8", "backslashreplace").decode()
