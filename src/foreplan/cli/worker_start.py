"""Starting a worker in the background: places and flags go in; a process runs that outlives this one.

It takes a second or two until a worker can be seen. One that is started here holds the lock of `Turn` from its first
moment, so that of several started at once all but one leave again.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from foreplan.agents.jobs.alive import local_workers
from foreplan.agents.jobs.places import JobPlaces
from foreplan.memory.files import storage_errors
from foreplan.memory.home import writable_folder


def ensure_worker(places: JobPlaces, flags: Mapping[str, Any]) -> bool:
    """Start a worker unless one of this machine takes jobs; whether one was started.

    Raises:
        StorageError: when its log cannot be written.
    """
    if local_workers(places):
        return False
    command = [sys.executable, "-m", "foreplan", "worker", "--if-none", "--home", str(places.home)]
    if flags.get("config"):
        command += ["--config", str(flags["config"])]
    with storage_errors(f"write {places.log}"), places.log.open("ab") as log:
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    return True


class Turn:
    """The turn of the one worker that was started in the background and takes jobs."""

    def __init__(self, places: JobPlaces) -> None:
        self._lock = FileLock(places.folder / "background.lock", timeout=0, thread_local=False)

    def take(self) -> bool:
        """Take it and keep it until `release` or the end of the process; False when another process has it."""
        path = Path(self._lock.lock_file)
        writable_folder(path.parent)
        with storage_errors(f"lock {path}"):
            try:
                self._lock.acquire()
            except Timeout:
                return False
        return True

    def release(self) -> None:
        """Let another worker be started."""
        self._lock.release()

    def taken(self) -> bool:
        """Whether a process has it."""
        if not Path(self._lock.lock_file).exists() or self._lock.is_locked:
            return self._lock.is_locked
        if not self.take():
            return True
        self.release()
        return False
