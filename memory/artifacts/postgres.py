"""Artifacts in a PostgreSQL database that many machines share. Needs the extra `postgres`.

Writers hold an advisory lock together, a garbage collection holds it alone: what is put while garbage is collected
cannot be taken for garbage. Bodies are stored as bytes, because PostgreSQL's text cannot hold the character NUL.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from ..errors import StorageError, UnknownVersion
from .base import ARTIFACTS_VERSION, GRACE_S, StoredArtifacts, StoredRecord

try:
    import psycopg
    from psycopg_pool import ConnectionPool, PoolTimeout
except ImportError as error:
    raise StorageError(
        "Artifacts in PostgreSQL need psycopg.", hint="Install it with: pip install 'foreplan[postgres]'"
    ) from error

_LOCK = 0x466F7265
"""Key of the advisory lock that writers share and a collection holds alone."""

_CONNECT_S = 10.0
_CONNECTIONS = 4

_SCHEMA = """
CREATE TABLE IF NOT EXISTS foreplan_artifact_version (version INTEGER PRIMARY KEY);
INSERT INTO foreplan_artifact_version SELECT {version} WHERE NOT EXISTS (SELECT 1 FROM foreplan_artifact_version);
CREATE TABLE IF NOT EXISTS foreplan_artifact (sha256 BYTEA PRIMARY KEY, labels TEXT NOT NULL, body BYTEA NOT NULL);
CREATE TABLE IF NOT EXISTS foreplan_artifact_use (
    run TEXT NOT NULL, sha256 BYTEA NOT NULL, at DOUBLE PRECISION NOT NULL, PRIMARY KEY (run, sha256)
);
CREATE INDEX IF NOT EXISTS foreplan_artifact_use_sha256 ON foreplan_artifact_use (sha256);
"""

_SAVE = """
INSERT INTO foreplan_artifact (sha256, labels, body) VALUES (%s, %s, %s)
ON CONFLICT (sha256) DO UPDATE SET body = excluded.body WHERE foreplan_artifact.body <> excluded.body
"""

_USE = """
INSERT INTO foreplan_artifact_use (run, sha256, at) VALUES (%s, %s, %s)
ON CONFLICT (run, sha256) DO UPDATE SET at = excluded.at
"""

_FORGET_RUNS = """
DELETE FROM foreplan_artifact_use WHERE run IN (
    SELECT run FROM foreplan_artifact_use WHERE run <> '' AND run <> ALL(%s) GROUP BY run HAVING max(at) < %s
)
"""

_FORGET_RUN = """
WITH forgotten AS (DELETE FROM foreplan_artifact_use WHERE run = %(run)s RETURNING sha256)
DELETE FROM foreplan_artifact a USING forgotten f WHERE a.sha256 = f.sha256
    AND NOT EXISTS (SELECT 1 FROM foreplan_artifact_use u WHERE u.sha256 = a.sha256 AND u.run <> %(run)s)
"""

_DELETE_UNUSED = """
DELETE FROM foreplan_artifact a WHERE NOT EXISTS (SELECT 1 FROM foreplan_artifact_use u WHERE u.sha256 = a.sha256)
"""


class PostgresArtifacts(StoredArtifacts):
    """Keeps artifacts in the database that `conninfo` (a URL or `key=value` pairs) names; makes its tables there."""

    def __init__(self, conninfo: str) -> None:
        self._where = _without_password(conninfo)
        # Checked on the way out, so that a server's restart costs a new connection instead of a failed run.
        self._pool = ConnectionPool(
            conninfo, min_size=1, max_size=_CONNECTIONS, timeout=_CONNECT_S, open=False,
            check=ConnectionPool.check_connection, reconnect_timeout=_CONNECT_S, name="foreplan-artifacts",
        )  # fmt: skip
        try:
            with self._errors("open"):
                psycopg.connect(conninfo, connect_timeout=int(_CONNECT_S)).close()
                self._pool.open()
            self._prepare()
        except BaseException:
            self._pool.close()
            raise

    def use(self, sha256: str, run: str) -> None:
        """See `StoredArtifacts.use`."""
        with self._transaction("note a use in") as connection:
            connection.execute(_USE, (_text(run), bytes.fromhex(sha256), time.time()))

    def collect(self, keep_runs: Collection[str], *, grace_s: float = GRACE_S) -> int:
        """See `StoredArtifacts.collect`."""
        with self._transaction("collect garbage in", alone=True) as connection:
            connection.execute(_FORGET_RUNS, ([_text(run) for run in keep_runs], time.time() - grace_s))
            return connection.execute(_DELETE_UNUSED).rowcount

    def forget(self, run: str) -> int:
        """Delete what one run alone has used; how many that were."""
        with self._transaction("forget a run in", alone=True) as connection:
            return connection.execute(_FORGET_RUN, {"run": _text(run)}).rowcount

    def __len__(self) -> int:
        with self._errors("read"), self._pool.connection() as connection:
            row = connection.execute("SELECT count(*) FROM foreplan_artifact").fetchone()
        return 0 if row is None else int(row[0])

    def __str__(self) -> str:
        return f"PostgreSQL {self._where}"

    def close(self) -> None:
        """See `StoredArtifacts.close`."""
        self._pool.close()

    def _save(self, sha256: str, record: StoredRecord, run: str) -> None:
        key = bytes.fromhex(sha256)
        with self._transaction("write an artifact to") as connection, connection.pipeline():
            connection.execute(_SAVE, (key, record.labels, record.body))
            connection.execute(_USE, (_text(run), key, time.time()))

    def _load(self, sha256: str) -> StoredRecord | None:
        query = "SELECT body, labels FROM foreplan_artifact WHERE sha256 = %s"
        with self._errors("read"), self._pool.connection() as connection:
            row = connection.execute(query, (bytes.fromhex(sha256),), binary=True).fetchone()
        return None if row is None else StoredRecord(bytes(row[0]), row[1])

    def _prepare(self) -> None:
        with self._transaction("prepare", alone=True) as connection:
            connection.execute(_SCHEMA.format(version=ARTIFACTS_VERSION).encode())
            row = connection.execute("SELECT max(version) FROM foreplan_artifact_version").fetchone()
        found = None if row is None else row[0]
        if found != ARTIFACTS_VERSION:
            raise UnknownVersion(f"The artifact tables in {self}", found=found, known=ARTIFACTS_VERSION)

    @contextmanager
    def _transaction(self, doing: str, *, alone: bool = False) -> Iterator[psycopg.Connection]:
        lock = "SELECT pg_advisory_xact_lock(%s)" if alone else "SELECT pg_advisory_xact_lock_shared(%s)"
        with self._errors(doing), self._pool.connection() as connection:
            connection.execute(lock.encode(), (_LOCK,))
            yield connection

    @contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (psycopg.Error, PoolTimeout) as error:
            lost = isinstance(error, (psycopg.OperationalError, PoolTimeout))
            raise StorageError(
                f"Could not {doing} the artifact tables in {self}: {' '.join(str(error).split())[:300]}.",
                hint="Check that the server runs and that this user may make and write tables.",
                kind="transient" if lost else "tool",
            ) from error


def _without_password(conninfo: str) -> str:
    try:
        parts = psycopg.conninfo.conninfo_to_dict(conninfo)
    except psycopg.Error:
        return "server"
    return f"{parts.get('host', 'localhost')}/{parts.get('dbname', '')}"


def _text(run: str) -> str:
    """A run id that PostgreSQL can hold: NUL and lone surrogates as escapes."""
    return run.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
