"""New files of folders: paths go in, copies of what was not seen go into the basket. The user's files are only read.

A file is taken up with the bytes that were hashed, so that one that changes meanwhile is new again. One that has no
readable text counts as seen, so that it is not tried each time.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

from ...memory.documents.base import Document, Skipped
from ...memory.documents.files import SourceFile, read_bytes, walk
from ...memory.documents.reading import read_files
from ...memory.errors import SourceError
from .harvest import Basket

_TRUSTED_AGE_NS = 2_000_000_000
"""A file changed less than this ago may change again within one tick of its clock."""


def gather_folders(folders: Sequence[Path], basket: Basket) -> None:
    """Put the new files below these folders into the basket."""
    there = [folder for folder in folders if _readable(folder, basket)]
    taken = [file for found in walk(there) if (file := _taken(found, basket)) is not None]
    for reading in read_files(taken):
        if isinstance(reading.result, Document):
            basket.took(reading.result.title, reading.file.source, reading.file.path)
            continue
        reading.file.path.unlink()
        if not reading.result.lasting:
            basket.harvest.marks.pop(reading.sha256, None)
        basket.harvest.faults.append(f"{reading.file.source}: {reading.result.reason}")


def _readable(folder: Path, basket: Basket) -> bool:
    try:
        next(iter(walk([folder])), None)
    except SourceError as error:
        basket.harvest.faults.append(error.message)
        return False
    basket.harvest.read += 1
    return True


def _taken(found: SourceFile | Skipped, basket: Basket) -> SourceFile | None:
    """The copy of a file that is new."""
    if isinstance(found, Skipped):
        basket.harvest.faults.append(f"{found.path}: {found.reason}")
        return None
    stamp = _stamp(found)
    if stamp and stamp in basket.seen.stamps:
        return None
    try:
        data = read_bytes(found.path)
    except SourceError as error:
        basket.harvest.faults.append(f"{found.source}: {error.message}")
        return None
    sha256 = hashlib.sha256(data).hexdigest()
    if not data or not basket.is_new(sha256):
        return None
    path = basket.put(data, sha256, name=found.source, stamp=stamp)
    return None if path is None else SourceFile(path, found.source, len(data), 0)


def _stamp(file: SourceFile) -> str:
    """What tells that a file is as it was, without reading it; empty while that cannot be told."""
    if file.mtime_ns + _TRUSTED_AGE_NS > time.time_ns():
        return ""
    key = f"{file.path}|{file.size}|{file.mtime_ns}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(key).hexdigest()
