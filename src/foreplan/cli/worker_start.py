"""Starting a worker in the background: places and flags go in; a process runs that outlives this one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from foreplan.agents.jobs.alive import local_workers
from foreplan.agents.jobs.places import JobPlaces
from foreplan.memory.files import storage_errors


def ensure_worker(places: JobPlaces, flags: Mapping[str, Any]) -> bool:
    """Start a worker unless one of this machine takes jobs; whether one was started.

    Raises:
        StorageError: when its log cannot be written.
    """
    if local_workers(places):
        return False
    command = [sys.executable, "-m", "foreplan", "worker", "--home", str(places.home)]
    if flags.get("config"):
        command += ["--config", str(flags["config"])]
    with storage_errors(f"write {places.log}"), places.log.open("ab") as log:
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    return True
