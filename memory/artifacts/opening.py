"""One setting, three stores: which one a user means by a path or a URL."""

from __future__ import annotations

from pathlib import Path

from .base import StoredArtifacts
from .folder import FolderArtifacts
from .sqlite import SqliteArtifacts


def open_artifacts(where: Path | str) -> StoredArtifacts:
    """The store at `where`: a `postgresql://` URL, a `.sqlite` or `.db` file, or else a folder.

    Raises:
        StorageError: when it cannot be opened, or the extra `postgres` is not installed.
    """
    if str(where).startswith(("postgresql://", "postgres://")):
        from .postgres import PostgresArtifacts  # only those who name a server need psycopg

        return PostgresArtifacts(str(where))
    path = Path(where)
    return SqliteArtifacts(path) if path.suffix in {".sqlite", ".db"} else FolderArtifacts(path)
