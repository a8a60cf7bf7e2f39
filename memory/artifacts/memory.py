"""Artifacts in memory: for tests and for runs that need not outlive the process."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection

from .base import GRACE_S, StoredArtifacts, StoredRecord


class MemoryArtifacts(StoredArtifacts):
    """Keeps everything in this process."""

    def __init__(self) -> None:
        self._records: dict[str, StoredRecord] = {}
        self._uses: dict[str, dict[str, float]] = {}
        self._lock = threading.Lock()

    def use(self, sha256: str, run: str) -> None:
        """See `StoredArtifacts.use`."""
        with self._lock:
            self._uses.setdefault(run, {})[sha256] = time.time()

    def collect(self, keep_runs: Collection[str], *, grace_s: float = GRACE_S) -> int:
        """See `StoredArtifacts.collect`."""
        before = time.time() - grace_s
        with self._lock:
            gone = [
                run for run, used in self._uses.items()
                if run and run not in keep_runs and max(used.values()) < before
            ]  # fmt: skip
            for run in gone:
                del self._uses[run]
            used = set().union(*self._uses.values())
            garbage = [sha256 for sha256 in self._records if sha256 not in used]
            for sha256 in garbage:
                del self._records[sha256]
            return len(garbage)

    def __len__(self) -> int:
        return len(self._records)

    def __str__(self) -> str:
        return "memory"

    def _save(self, sha256: str, record: StoredRecord, run: str) -> None:
        with self._lock:
            self._records.setdefault(sha256, record)
            self._uses.setdefault(run, {})[sha256] = time.time()

    def _load(self, sha256: str) -> StoredRecord | None:
        return self._records.get(sha256)
