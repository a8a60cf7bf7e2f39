"""The document index: folders in, passages out. Unchanged files are not read again.

`DocumentIndex.open(folder)` keeps it on disk, `.in_memory(documents)` does not. On disk it is a cache of the user's
files: a damaged or half-written one is built anew, several processes may use it at once, and only one updates it at a
time.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import StorageError, UnknownDocument
from .base import Document, Passage, Skipped
from .fulltext import FullText
from .readers.base import clean
from .store import DocumentStore
from .update import IndexReport, Progress, Update, rebuild

__all__ = ["DocumentIndex", "IndexReport", "Progress"]

INDEX_VERSION = 1
"""Part of the folder's name: each version has its own files, and none meets another's."""

LOCK_TIMEOUT_S = 600.0
_DATABASE = "documents.sqlite"


class DocumentIndex:
    """Documents that can be searched and read. Satisfies `Sources`; safe to use from several threads."""

    def __init__(self, store: DocumentStore, fulltext: FullText, folder: Path | None = None) -> None:
        self._store = store
        self._fulltext = fulltext
        self._folder = folder
        self._reading = threading.Lock()
        self._seen_changes = store.changes()

    @classmethod
    def open(cls, path: Path) -> DocumentIndex:
        """The index kept under `path`, made when there is none, built anew when it is damaged.

        Raises:
            StorageError: when the folder cannot be written.
        """
        folder = path / f"index-{INDEX_VERSION}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _locked(folder):
                return cls(*_repaired(folder), folder)
        except OSError as error:
            raise StorageError(
                f"The index folder {folder} cannot be written: {error.strerror or error}.",
                hint="Choose another data folder.",
            ) from error

    @classmethod
    def in_memory(cls, documents: Iterable[Document]) -> DocumentIndex:
        """An index of these documents that leaves nothing on disk. Empty ones and repetitions are left out."""
        index = cls(DocumentStore(), FullText())
        with index._store.transaction(), index._fulltext.writer() as writer:
            for document in documents:
                tidy = Document(clean(document.title), clean(document.text), clean(document.source))
                if tidy.text.strip():
                    writer.add(index._store.put_document(tidy)[1])
        return index

    def search(self, query: str, *, limit: int = 6) -> list[Passage]:
        """The passages most relevant to the query, best first. Any query is allowed; nonsense finds nothing."""
        self._refresh()
        return self._store.passages(self._fulltext.search(query, limit))

    def text(self, document: str) -> str:
        """A document's whole text.

        Raises:
            UnknownDocument: when the index has no such document.
        """
        found = self._store.text(document)
        if found is None:
            raise UnknownDocument(f"The index has no document {document[:100]!r}.", hint="Use an id from a search.")
        return found

    def __len__(self) -> int:
        return self._store.count()

    def documents(self) -> list[tuple[str, str, str]]:
        """(id, title, source) of every document, by source."""
        return self._store.documents()

    def skipped(self) -> list[Skipped]:
        """Files that were found unreadable at the last update, by name."""
        return self._store.skipped()

    def update(self, folders: Sequence[Path], *, progress: Progress | None = None) -> IndexReport:
        """Make the index hold what these folders and files hold now, and nothing else.

        Raises:
            SourceError: when a named folder does not exist or cannot be listed. The index is then as before.
            StorageError: when the index cannot be written, or another process keeps updating it.
        """
        with _locked(self._folder):
            if self._folder is None:
                return Update(self._store, self._fulltext, progress).run(folders)
            # A connection of its own: searches go on meanwhile, in what was there before.
            store = DocumentStore(self._folder / _DATABASE)
            try:
                return Update(store, self._fulltext, progress).run(folders)
            finally:
                store.close()

    def close(self) -> None:
        """Release the files."""
        self._store.close()

    def _refresh(self) -> None:
        with self._reading:
            changes = self._store.changes()
            if changes != self._seen_changes:
                self._fulltext.reload()
                self._seen_changes = changes


def _repaired(folder: Path) -> tuple[DocumentStore, FullText]:
    """What is in a folder whose lock is held; damaged parts are made anew, the full text from the documents."""
    try:
        store = DocumentStore(folder / _DATABASE)
    except sqlite3.OperationalError:  # Locked, read-only or full: not damaged.
        raise
    except sqlite3.DatabaseError:
        for ending in ("", "-wal", "-shm"):
            (folder / f"{_DATABASE}{ending}").unlink(missing_ok=True)
        store = DocumentStore(folder / _DATABASE)
    fulltext = FullText.opened(folder / "fulltext")
    if store.dirty or fulltext is None or fulltext.count() != store.count_passages():
        fulltext = fulltext or FullText.made_anew(folder / "fulltext")
        rebuild(store, fulltext)
    return store, fulltext


@contextmanager
def _locked(folder: Path | None) -> Iterator[None]:
    """The right to write in `folder`, among all processes; nothing to lock in memory.

    Raises:
        StorageError: when it cannot be had, or the database fails inside.
    """
    try:
        with FileLock(folder / "lock", timeout=LOCK_TIMEOUT_S) if folder else nullcontext():
            yield
    except Timeout as error:
        raise StorageError(f"Another process keeps updating the index in {folder}.", hint="Try again later.") from error
    except sqlite3.Error as error:
        raise StorageError(
            f"The index in {folder} cannot be used: {error}.", hint="Free the disk or remove that folder."
        ) from error
