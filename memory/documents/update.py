"""One update of a document index: what is new, changed, gone or as it was; all of it becomes visible at once.

A file is as it was when its size and time of change are, or else when its bytes are. Files that could not be read for a
lasting reason are remembered like the others and not tried again until they change.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .base import Document, Skipped
from .files import SourceFile, walk
from .fulltext import FullText, Writer
from .reading import Reading, read_files, sha256_of
from .store import DocumentStore, FileRecord

_TRUSTED_AGE_NS = 2_000_000_000
"""A file changed less than this before it was last looked at may have changed again within one tick of its clock."""

Progress = Callable[[int, int, str], None]
"""Called with (files done, files to do, source) for each file that is read."""


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an update did, in numbers of files, and every file that is not in the index, with the reason."""

    added: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: tuple[Skipped, ...] = ()


class Update:
    """Brings a store and its full text to what some folders hold now. Good for one run."""

    def __init__(self, store: DocumentStore, fulltext: FullText, progress: Progress | None = None) -> None:
        self._store = store
        self._fulltext = fulltext
        self._progress = progress
        self._now_ns = time.time_ns()
        self._skipped: list[Skipped] = []

    def run(self, folders: Sequence[Path]) -> IndexReport:
        """Do it, wholly or not at all.

        Raises:
            SourceError: when a folder does not exist or cannot be listed.
            StorageError: when the full text cannot be written.
            sqlite3.Error: when the store cannot be written.
        """
        if self._store.dirty:
            rebuild(self._store, self._fulltext)
        old = self._store.files()
        kept, changed = self._compared(folders, old)
        gone = [record for path, record in old.items() if path not in kept]
        added = self._write(changed, gone, [record for record in kept.values() if record != old[record.path]])
        self._skipped.sort(key=lambda skip: skip.path)
        if [(skip.path, skip.reason) for skip in self._skipped] != [(s.path, s.reason) for s in self._store.skipped()]:
            self._store.put_skipped(self._skipped)
        again = {_key(file) for file in changed}
        return IndexReport(
            added=added,
            unchanged=sum(record.document is not None for record in kept.values()),
            removed=sum(record.document is not None for record in gone if record.path not in again),
            skipped=tuple(self._skipped),
        )

    def _compared(
        self, folders: Sequence[Path], old: dict[str, FileRecord]
    ) -> tuple[dict[str, FileRecord], list[SourceFile]]:
        """Records of files that are as they were, and the files that are new or not."""
        kept: dict[str, FileRecord] = {}
        changed: list[SourceFile] = []
        for file in walk(folders):
            if isinstance(file, Skipped):
                self._skipped.append(file)
                continue
            record = self._as_before(file, old.get(_key(file)))
            if record is None:
                changed.append(file)
                continue
            kept[record.path] = record
            if record.reason is not None:
                self._skipped.append(Skipped(record.source, record.reason))
        return kept, changed

    def _as_before(self, file: SourceFile, record: FileRecord | None) -> FileRecord | None:
        """The record when the file still is what it says."""
        if record is None or (record.size, record.source) != (file.size, file.source):
            return None
        if record.mtime_ns == file.mtime_ns and file.mtime_ns + _TRUSTED_AGE_NS < record.checked_ns:
            return record
        if record.sha256 != sha256_of(file.path):
            return None
        return record._replace(mtime_ns=file.mtime_ns, checked_ns=self._now_ns)

    def _write(self, changed: list[SourceFile], gone: list[FileRecord], touched: list[FileRecord]) -> int:
        """Change the store and the full text together. The number of documents read."""
        if not changed and not gone:
            if touched:
                with self._store.transaction():
                    self._put_files(touched)
            return 0
        self._store.dirty = True
        with self._store.transaction():
            with self._fulltext.writer() as writer:
                for record in gone:
                    self._drop(record, writer)
                self._put_files(touched)
                added = sum(self._keep(reading, writer) for reading in self._read(changed))
            self._store.dirty = False
        return added

    def _read(self, files: list[SourceFile]) -> Iterator[Reading]:
        for done, reading in enumerate(read_files(files), start=1):
            yield reading
            if self._progress is not None:
                self._progress(done, len(files), reading.file.source)

    def _keep(self, reading: Reading, writer: Writer) -> bool:
        """Keep what became of a file. Whether it is a document."""
        file, result, sha256 = reading
        document, reason = None, None
        if isinstance(result, Document):
            document, passages = self._store.put_document(result)
            writer.add(passages)
        else:
            self._skipped.append(result)
            reason = result.reason
            if not result.lasting:
                return False
        entry = (_key(file), file.source, file.size, file.mtime_ns, self._now_ns, sha256, document, reason)
        self._store.put_file(FileRecord(*entry))
        return document is not None

    def _drop(self, record: FileRecord, writer: Writer) -> None:
        self._store.drop_file(record.path)
        if record.document is not None:
            self._store.drop_document(record.document)
            writer.remove(record.document)

    def _put_files(self, records: list[FileRecord]) -> None:
        for record in records:
            self._store.put_file(record)


def rebuild(store: DocumentStore, fulltext: FullText) -> None:
    """Make the full text anew from the documents in the store."""
    store.dirty = True
    with fulltext.writer() as writer:
        writer.clear()
        writer.add(store.all_passages())
    store.dirty = False


def _key(file: SourceFile) -> str:
    """The file's path as text that any database takes."""
    return str(file.path).encode("utf-8", "backslashreplace").decode("utf-8")
