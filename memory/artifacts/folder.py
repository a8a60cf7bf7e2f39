"""Artifacts as files of a folder that several processes may share.

Layout: `objects/ab/cdef…` holds one line of JSON labels, then the text; `uses/HASH_OF_RUN` lists the artifacts a run
uses, one hash a line; `tmp/` holds what is being written; `VERSION` the layout's version. No locks: a use is listed
before the object is looked for, and `collect` looks at an object's age again after it has moved it out of the way.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
import uuid
from collections.abc import Collection, Iterator
from pathlib import Path

from ..errors import StorageError, UnknownVersion
from ..files import storage_errors, write_atomic
from .base import ARTIFACTS_VERSION, GRACE_S, StoredArtifacts, StoredRecord

_HEX62 = re.compile(r"[0-9a-f]{62}")
_ABANDONED_S = 24 * 3600.0
"""A file in `tmp/` this old was left by a process that died."""


class FolderArtifacts(StoredArtifacts):
    """Keeps each artifact as a file under `folder`, which is made on the first `put`."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self._objects, self._uses, self._tmp = (self.folder / name for name in ("objects", "uses", "tmp"))
        self._ready = False
        self._check_version()

    def use(self, sha256: str, run: str) -> None:
        """See `StoredArtifacts.use`."""
        with storage_errors(f"note a use of an artifact in {self.folder}"):
            self._prepare()
            self._append_use(sha256, run)
            _touch(self._path(sha256))

    def collect(self, keep_runs: Collection[str], *, grace_s: float = GRACE_S) -> int:
        """See `StoredArtifacts.collect`."""
        before = time.time() - grace_s
        kept = {_run_file(run) for run in keep_runs} | {_run_file("")}
        with storage_errors(f"collect garbage in {self.folder}"):
            used = self._used_by_kept(kept, before)
            for leftover in _files(self._tmp):
                if _modified(leftover) < min(before, time.time() - _ABANDONED_S):
                    leftover.unlink(missing_ok=True)
            return sum(self._delete(path, before) for sha256, path in self._stored() if sha256 not in used)

    def __len__(self) -> int:
        return sum(1 for _ in self._stored())

    def __str__(self) -> str:
        return f"folder {self.folder}"

    def _save(self, sha256: str, record: StoredRecord, run: str) -> None:
        with storage_errors(f"write an artifact to {self.folder}"):
            self._prepare()
            self._append_use(sha256, run)
            path = self._path(sha256)
            stored = self._load(sha256)
            if stored is not None and stored.body == record.body and _touch(path):
                return
            path.parent.mkdir(exist_ok=True)
            write_atomic(path, record.labels.encode() + b"\n" + record.body, beside=self._tmp)

    def _load(self, sha256: str) -> StoredRecord | None:
        try:
            labels, _, body = self._path(sha256).read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"Could not read artifact {sha256} in {self.folder}: {error.strerror}.") from error
        return StoredRecord(body, labels.decode("ascii", "replace"))

    def _path(self, sha256: str) -> Path:
        return self._objects / sha256[:2] / sha256[2:]

    def _prepare(self) -> None:
        if self._ready:
            return
        for folder in (self.folder, self._objects, self._uses, self._tmp):
            folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / "VERSION").exists():
            write_atomic(self.folder / "VERSION", f"{ARTIFACTS_VERSION}\n".encode())
        self._ready = True

    def _check_version(self) -> None:
        try:
            found = (self.folder / "VERSION").read_text(encoding="utf-8", errors="replace").strip()
        except FileNotFoundError:
            return
        except OSError as error:
            raise StorageError(
                f"{self.folder} cannot be an artifact folder: {error.strerror}.", hint="Name another folder."
            ) from error
        if found != str(ARTIFACTS_VERSION):
            raise UnknownVersion(f"The artifact folder {self.folder}", found=found[:20], known=ARTIFACTS_VERSION)

    def _append_use(self, sha256: str, run: str) -> None:
        # One write to a file opened for appending: lines of several processes never mix. Not forced to disk, which
        # would double the time of a put: what a power cut may lose is a use, and then only of the last seconds.
        handle = os.open(self._uses / _run_file(run), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(handle, f"{sha256}\n".encode())
        finally:
            os.close(handle)

    def _used_by_kept(self, kept: set[str], before: float) -> set[str]:
        used: set[str] = set()
        for path in _files(self._uses):
            if path.name not in kept and _modified(path) < before:
                path.unlink(missing_ok=True)
            else:
                used.update(path.read_text(encoding="ascii", errors="replace").split())
        return used

    def _delete(self, path: Path, before: float) -> bool:
        """Delete an object unless it is younger than `before`, also when it is put again at this very moment."""
        if _modified(path) >= before:
            return False
        moved = self._tmp / f".{uuid.uuid4().hex}.old"
        try:
            path.rename(moved)
        except FileNotFoundError:
            return False
        if _modified(moved) >= before:
            moved.replace(path)
            return False
        moved.unlink(missing_ok=True)
        return True

    def _stored(self) -> Iterator[tuple[str, Path]]:
        if not self._objects.is_dir():
            return
        for folder in self._objects.iterdir():
            for path in _files(folder):
                if _HEX62.fullmatch(path.name):
                    yield folder.name + path.name, path


def _run_file(run: str) -> str:
    """A file name for any run id whatever: hashed, so that case-folding file systems keep runs apart too."""
    return hashlib.sha256(run.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (Path(entry.path) for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False))


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("-inf")


def _touch(path: Path) -> bool:
    """Make a file young; False when it is not there any more."""
    now = time.time_ns()
    try:
        os.utime(path, ns=(now, now))
    except FileNotFoundError:
        return False
    return True
