"""Fixtures shared by all tests.

`postgres_url`: a throw-away PostgreSQL with a fresh database for each test. `postgres_restart`: its restart.
`read_only`: folders that cannot be written, also when the tests run as root.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

# A shell ignores SIGINT for what it runs in its background, and processes that tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

_SETTINGS = "-c listen_addresses='' -c fsync=off -c full_page_writes=off -c max_connections=60 -c shared_buffers=32MB"


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: _version(path.parents[1].name))
    found += [Path(path) for path in [shutil.which("initdb")] if path]
    return found[0].resolve().parent if found else None


def _version(name: str) -> float:
    return -float(name) if name.replace(".", "", 1).isdigit() else 0.0


def _unprivileged() -> str | None:
    """Whom to run the server as: PostgreSQL refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


class _Cluster(NamedTuple):
    """A running server: its URL, and how to restart it (in one of pg_ctl's modes of stopping) where that is ours."""

    url: str
    restart: Callable[[str], None] | None = None


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[_Cluster]:
    """The server that FOREPLAN_TEST_POSTGRES names, or one started for the session."""
    given = os.environ.get("FOREPLAN_TEST_POSTGRES")
    if given:
        yield _Cluster(given)
        return
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL: set FOREPLAN_TEST_POSTGRES to a server's URL, or install its binaries")
    # A socket's path may have some 100 characters at most, which pytest's own temporary folders exceed.
    folder = Path(tempfile.mkdtemp(prefix="fp-pg-"))
    user = _unprivileged()
    if user:
        shutil.chown(folder, user)

    def server(*command: str) -> None:
        subprocess.run(
            [binaries / command[0], *command[1:]], user=user, cwd=folder, check=True, timeout=60,
            stdout=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C"},
        )  # fmt: skip

    data, log = str(folder / "data"), str(folder / "log")
    server("initdb", "-D", data, "-U", "foreplan", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
    server("pg_ctl", "-D", data, "-l", log, "-w", "-o", f"{_SETTINGS} -k {folder}", "start")
    try:
        yield _Cluster(
            f"postgresql://foreplan@/postgres?host={folder}",
            lambda mode: server("pg_ctl", "-D", data, "-l", log, "-w", "-m", mode, "restart"),
        )
    finally:
        server("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server(postgres_cluster: _Cluster) -> str:
    """A server's URL, whose database is never touched."""
    return postgres_cluster.url


@pytest.fixture
def postgres_restart(postgres_cluster: _Cluster) -> Callable[[str], None]:
    """Restarts the server: `fast` ends every connection, `immediate` is a crash."""
    if postgres_cluster.restart is None:
        pytest.skip("only a server that the tests have started is restarted: unset FOREPLAN_TEST_POSTGRES")
    return postgres_cluster.restart


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """URL of a database of its own for the test; it is dropped afterwards, whoever is still connected."""
    psycopg = pytest.importorskip("psycopg")
    name = f"foreplan_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        parts = psycopg.conninfo.conninfo_to_dict(postgres_server)
        yield f"postgresql:///?{urlencode({**parts, 'dbname': name})}"
    finally:
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A temporary folder that other users may enter; pytest's own are closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="fp-open-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def read_only() -> Callable[[Path], AbstractContextManager[None]]:
    """`with read_only(folder)`: nothing below the folder can be written. Root becomes somebody else for the block."""

    @contextmanager
    def locked(folder: Path) -> Iterator[None]:
        paths = [folder, *folder.rglob("*")]
        modes = [path.stat().st_mode for path in paths]
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(user)
            for path, mode in zip(paths, modes, strict=True):
                path.chmod(mode)

    return locked
