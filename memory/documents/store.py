"""Documents as the index keeps them (SQLite): files and what they were when last read, documents, and their passages.

A document's text is kept once, as its passages in order: joined they are the text, so that every span is exact. All
changes of an update become visible together; `dirty` is set for good before the full text changes and taken back with
the same commit that makes the documents visible, so that a crash in between is seen.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from .base import Document, Passage, Skipped
from .fulltext import Numbered
from .passages import split

_TABLES = """
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY, source TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    checked_ns INTEGER NOT NULL, sha256 TEXT NOT NULL, document TEXT, reason TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS skipped (path TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS documents (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, source TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS passages (
    number INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT NOT NULL, start INTEGER NOT NULL, text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS passages_of ON passages (document, start);
"""


class FileRecord(NamedTuple):
    """What a file was when it was last looked at: either a document came of it or a reason why none did."""

    path: str
    source: str
    size: int
    mtime_ns: int
    checked_ns: int
    sha256: str
    document: str | None
    reason: str | None


class DocumentStore:
    """Documents in the file `path`, or in memory without one. Safe to use from several threads."""

    def __init__(self, path: Path | None = None) -> None:
        """Open or create.

        Raises:
            sqlite3.Error: when the file is no database, damaged, or cannot be written.
        """
        self._lock = threading.RLock()
        self._db = sqlite3.connect(
            str(path) if path else ":memory:", timeout=30, isolation_level=None, check_same_thread=False
        )
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_TABLES)
        except sqlite3.Error:
            self._db.close()
            raise

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; one writer at a time, among processes too."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @property
    def dirty(self) -> bool:
        """Whether the full text may hold what is not here, or lack what is."""
        rows = self._rows("SELECT value FROM state WHERE name = 'dirty'")
        return bool(rows and rows[0][0])

    @dirty.setter
    def dirty(self, value: bool) -> None:
        self._rows("INSERT OR REPLACE INTO state VALUES ('dirty', ?)", int(value))

    def changes(self) -> int:
        """A number that differs after another connection has changed something."""
        return int(self._rows("PRAGMA data_version")[0][0])

    def files(self) -> dict[str, FileRecord]:
        """All files by path."""
        return {row[0]: FileRecord(*row) for row in self._rows("SELECT * FROM files")}

    def put_file(self, record: FileRecord) -> None:
        """Keep what a file is now."""
        self._rows("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *record)

    def drop_file(self, path: str) -> None:
        """Forget a file; its document is dropped apart."""
        self._rows("DELETE FROM files WHERE path = ?", path)

    def skipped(self) -> list[Skipped]:
        """What the last update passed over, by name."""
        return [Skipped(path, reason) for path, reason in self._rows("SELECT path, reason FROM skipped ORDER BY path")]

    def put_skipped(self, skipped: Iterable[Skipped]) -> None:
        """Keep what an update passed over, in place of what the one before did."""
        with self.transaction():
            self._rows("DELETE FROM skipped")
            self._db.executemany("INSERT INTO skipped VALUES (?, ?)", ((skip.path, skip.reason) for skip in skipped))

    def put_document(self, document: Document) -> tuple[str, list[Numbered]]:
        """Keep a document. Its id, and its passages to index; none when it is there already."""
        name = document_id(document)
        with self._lock:
            new = self._db.execute(
                "INSERT OR IGNORE INTO documents VALUES (?, ?, ?)", (name, document.title, document.source)
            )
            if not new.rowcount:
                return name, []
            numbered = []
            for span in split(document.text):
                text = span.of(document.text)
                cursor = self._db.execute(
                    "INSERT INTO passages (document, start, text) VALUES (?, ?, ?)", (name, span.start, text)
                )
                numbered.append(Numbered(cursor.lastrowid or 0, name, document.title, text))
        return name, numbered

    def drop_document(self, name: str) -> None:
        """Remove a document and its passages."""
        self._rows("DELETE FROM passages WHERE document = ?", name)
        self._rows("DELETE FROM documents WHERE id = ?", name)

    def text(self, name: str) -> str | None:
        """A document's text; None when it is not here."""
        rows = self._rows("SELECT text FROM passages WHERE document = ? ORDER BY start", name)
        return "".join(text for (text,) in rows) if rows else None

    def passages(self, hits: Iterable[tuple[int, float]]) -> list[Passage]:
        """The passages of these (number, score) pairs, in the same order; unknown numbers are left out."""
        found = []
        for number, score in hits:
            rows = self._rows(
                "SELECT document, start, text, title, source FROM passages JOIN documents ON id = document"
                " WHERE number = ?",
                number,
            )
            found += [
                _passage(document, start, text, title, source, score) for document, start, text, title, source in rows
            ]
        return found

    def all_passages(self) -> Iterator[Numbered]:
        """Every passage, for building the full text anew."""
        last = 0
        while rows := self._rows(
            "SELECT number, document, title, text FROM passages p JOIN documents d ON d.id = p.document"
            " WHERE number > ? ORDER BY number LIMIT 1000",
            last,
        ):
            yield from (Numbered(*row) for row in rows)
            last = rows[-1][0]

    def count(self) -> int:
        """How many documents there are."""
        return int(self._rows("SELECT count(*) FROM documents")[0][0])

    def count_passages(self) -> int:
        """How many passages there are."""
        return int(self._rows("SELECT count(*) FROM passages")[0][0])

    def documents(self) -> list[tuple[str, str, str]]:
        """(id, title, source) of every document, by source."""
        return list(self._rows("SELECT id, title, source FROM documents ORDER BY source, id"))

    def _rows(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            return self._db.execute(query, values).fetchall()


def document_id(document: Document) -> str:
    """Twenty hexadecimal digits that stand for a document's source, title and text."""
    content = "\0".join((document.source, document.title, document.text))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _passage(document: str, start: int, text: str, title: str, source: str, score: float) -> Passage:
    """A passage without the blank space at its ends, its offsets moved accordingly."""
    trimmed = text.strip()
    start += text.index(trimmed)
    return Passage(document, start, start + len(trimmed), trimmed, title, source, score)
