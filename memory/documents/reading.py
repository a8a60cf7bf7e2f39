"""Reads many files: light ones at once, heavy ones (PDF, HTML, office) side by side in child processes.

In: source files. Out: for each, in the same order, a document or the reason why there is none.
"""

from __future__ import annotations

import hashlib
import os
import queue
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from ..errors import SourceError
from .base import Document, Skipped
from .files import SourceFile, read_bytes
from .readers import is_heavy, reader_for
from .readers.isolated import TIME_LIMIT_S, IsolatedReader

_LIGHT_BYTES = 2_000_000
"""Larger files go to a child process whatever they are: a guess of their encoding alone can take seconds."""

_CHILDREN = max(1, min(4, os.cpu_count() or 1))


class Reading(NamedTuple):
    """What became of one file. `sha256` is that of its bytes; empty when they could not be read."""

    file: SourceFile
    result: Document | Skipped
    sha256: str


def read_file(path: Path, *, source: str = "") -> Document | Skipped:
    """One file, read in a child process when its kind or size asks for it. Never raises for the file's sake."""
    size = path.stat().st_size if path.is_file() else 0
    with IsolatedReader() as reader:
        return _one(SourceFile(path, source or path.name, size, 0), reader).result


def read_files(files: Iterable[SourceFile], *, time_limit_s: float = TIME_LIMIT_S) -> Iterator[Reading]:
    """Read files in order, a few heavy ones ahead of the light; what is held in memory stays bounded."""
    free: queue.SimpleQueue[IsolatedReader] = queue.SimpleQueue()
    readers = [IsolatedReader(time_limit_s) for _ in range(_CHILDREN)]
    for reader in readers:
        free.put(reader)

    def heavy(file: SourceFile) -> Reading:
        reader = free.get()
        try:
            return _one(file, reader)
        finally:
            free.put(reader)

    waiting: deque[Reading | Future[Reading]] = deque()
    pool = ThreadPoolExecutor(_CHILDREN, thread_name_prefix="foreplan-read")
    try:
        for file in files:
            waiting.append(_light(file) if _is_light(file) else pool.submit(heavy, file))
            while waiting and (len(waiting) > 4 * _CHILDREN or _is_done(waiting[0])):
                yield _result(waiting.popleft())
        for reading in waiting:
            yield _result(reading)
    finally:
        # In this order, so that an interrupt need not wait for what the children are doing.
        pool.shutdown(wait=False, cancel_futures=True)
        for reader in readers:
            reader.close()
        pool.shutdown()


def _is_light(file: SourceFile) -> bool:
    return file.size <= _LIGHT_BYTES and not is_heavy(file.path)


def _one(file: SourceFile, reader: IsolatedReader) -> Reading:
    if _is_light(file):
        return _light(file)
    return Reading(file, reader.read(file.path, file.source), sha256_of(file.path))


def _light(file: SourceFile) -> Reading:
    sha256 = ""
    try:
        data = read_bytes(file.path)
        sha256 = hashlib.sha256(data).hexdigest()
        found = reader_for(file.path)(data, file.path)
    except SourceError as error:
        return Reading(file, Skipped(file.source, str(error), error.lasting), sha256)
    return Reading(file, Document(found.title, found.text, file.source), sha256)


def sha256_of(path: Path) -> str:
    """The hash of a file's bytes; empty, which equals no hash, when they cannot be read (its reader then says why)."""
    try:
        return hashlib.sha256(read_bytes(path)).hexdigest()
    except SourceError:
        return ""


def _is_done(reading: Reading | Future[Reading]) -> bool:
    return isinstance(reading, Reading) or reading.done()


def _result(reading: Reading | Future[Reading]) -> Reading:
    return reading if isinstance(reading, Reading) else reading.result()
