"""Where jobs are kept: a data home and perhaps a PostgreSQL URL go in, files and database URLs come out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from ...core.errors import SettingsError


@dataclass(frozen=True)
class JobPlaces:
    """The places of one installation. `database` is a PostgreSQL URL; None means a SQLite file below `home`."""

    home: Path
    database: str | None = None

    @property
    def folder(self) -> Path:
        """What this machine's workers keep: their locks, their log, and the SQLite file."""
        return self.home / "jobs"

    @property
    def workers(self) -> Path:
        """A file for each worker of this machine."""
        return self.folder / "workers"

    @property
    def log(self) -> Path:
        """What workers that were started in the background say."""
        return self.folder / "worker.log"

    @property
    def url(self) -> str:
        """The database as SQLAlchemy and DBOS take it.

        Raises:
            SettingsError: when the PostgreSQL URL is none, or the extra `postgres` is not installed.
        """
        if self.database is None:
            return f"sqlite:///{self.folder / 'jobs.sqlite'}"
        return _sqlalchemy_url(self.database)


def _sqlalchemy_url(url: str) -> str:
    try:
        from psycopg import Error, conninfo
    except ImportError as error:
        raise SettingsError(
            "Jobs in PostgreSQL need psycopg.", hint="Install it with: pip install 'foreplan[postgres]'"
        ) from error
    try:
        parts = {name: str(value) for name, value in conninfo.conninfo_to_dict(url).items()}
    except Error as error:
        raise SettingsError("jobs.database is no PostgreSQL URL.", hint="Write postgresql://USER@HOST/NAME.") from error
    port = parts.pop("port", None)
    made = sa.URL.create(
        "postgresql+psycopg",
        username=parts.pop("user", None),
        password=parts.pop("password", None),
        # A folder is a socket's, which stands in the query.
        host=parts.pop("host") if parts.get("host") and not parts["host"].startswith("/") else None,
        port=int(port) if port else None,
        database=parts.pop("dbname", None) or "postgres",
        query=parts,
    )
    return made.render_as_string(hide_password=False)
