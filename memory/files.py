"""Files that are whole or absent: written beside their place, forced to disk, then renamed over it."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core.errors import FaultKind
from .errors import StorageError

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def storage_errors(doing: str, *, hint: str = "") -> Iterator[None]:
    """Turn an `OSError` inside the block into a `StorageError` that says what was being done and what to do.

    A full disk is `transient`: the same works again once there is space.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        advice = hint or "Free some space, or name a folder that you may write to with FOREPLAN_HOME."
        kind: FaultKind = "transient" if error.errno in _FULL else "tool"
        raise StorageError(f"Could not {doing}: {reason}.", hint=advice, kind=kind) from error


def write_atomic(path: Path, data: bytes, *, beside: Path | None = None) -> None:
    """Write `data` to `path` so that a reader, or a crash, sees the old file or the new one and nothing between.

    Args:
        path: where it goes; its folder has to exist.
        data: the whole content.
        beside: a folder of the same file system for the unfinished file; the file's own folder if not given.

    Raises:
        OSError: what the file system says; the unfinished file is removed.
    """
    unfinished = (beside or path.parent) / f".{uuid.uuid4().hex}.tmp"
    try:
        with unfinished.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Force a folder's names to disk, so that a rename in it survives a power cut. Does nothing on Windows."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
