"""`foreplan worker`: works on jobs until it is told to stop, or says or stops which workers this machine runs."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from foreplan.agents.jobs.alive import local_workers
from foreplan.agents.jobs.places import JobPlaces
from foreplan.cli.given import settings_from
from foreplan.cli.job_places import places_from
from foreplan.cli.worker_start import Turn
from foreplan.core.errors import InputError

_LOOK_S = 0.1
_AGAIN_S = 2.0


def main(**flags: Any) -> int:
    """Work, or tell, or stop; 0 when that was done.

    Raises:
        ForeplanError: when the database cannot be used.
    """
    if flags["stop"] and flags["status"]:
        raise InputError("Give --stop or --status.", hint="See foreplan worker --help.")
    places = places_from(flags)
    if flags["status"]:
        return _status(places, as_json=flags["as_json"])
    if flags["stop"]:
        return _stop(places, as_json=flags["as_json"])
    turn = Turn(places)
    if flags["if_none"] and (not turn.take() or local_workers(places)):
        return 0
    return _work(places, flags, turn)


def _status(places: JobPlaces, *, as_json: bool) -> int:
    found = local_workers(places)
    if as_json:
        print(json.dumps([{"worker": worker, "pid": pid} for worker, pid in found.items()]))
        return 0
    for worker, pid in found.items():
        print(f"{worker}  process {pid}")
    if not found:
        print("No worker runs on this machine.", file=sys.stderr)
    return 0


def _stop(places: JobPlaces, *, as_json: bool) -> int:
    """Tell all workers of this machine to stop, and wait until they have: what is under way ends first."""
    found, turn = local_workers(places), Turn(places)
    while not found and turn.taken():  # one that was started in the background is not ready to be told
        time.sleep(_LOOK_S)
        found = local_workers(places)
    for pid in found.values():
        os.kill(pid, signal.SIGTERM)
    while any(_runs(pid) for pid in found.values()):
        time.sleep(_LOOK_S)
    if as_json:
        print(json.dumps({"stopped": list(found)}))
    else:
        print(f"stopped {len(found)}", file=sys.stderr)
    return 0


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not _zombie(pid)


def _zombie(pid: int) -> bool:
    """Whether a process is over and only its parent has not looked yet."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "Z"


def _work(places: JobPlaces, flags: Mapping[str, Any], turn: Turn) -> int:
    from foreplan.agents.feeds.schedule import FeedDuty
    from foreplan.agents.jobs.worker import Worker, WorkerLimits
    from foreplan.cli.job_context import Preparing
    from foreplan.cli.log import write_log
    from foreplan.memory.errors import StorageError

    settings = settings_from({name: value for name, value in flags.items() if name != "concurrency"})
    limits = WorkerLimits(
        concurrency=flags["concurrency"] or settings.jobs.concurrency,
        in_all=settings.jobs.in_all,
        daily_tokens=settings.jobs.daily_tokens,
        daily_dollars=settings.jobs.daily_dollars,
    )
    feeds = FeedDuty(allow_hosts=settings.tools.allow_hosts)
    worker = Worker(
        places,
        limits,
        Preparing(settings, places.home, lay_out=feeds.lay_out),
        log=lambda job, error: f"{type(error).__name__}: {str(error)[:300]}. {write_log(error, places.home)}",
        on_lost=lambda error: _begin_anew(f"the database took this worker for dead ({error})"),
        duty=feeds,
    )
    _stopped_by_signals(worker.stop, turn.release)
    print(f"worker {worker.name} works on the jobs in {places.home}", file=sys.stderr, flush=True)
    try:
        worker.run()
    except StorageError as error:
        if error.kind != "transient" or places.database is None or worker.stopping:
            raise
        time.sleep(_AGAIN_S)
        _begin_anew(str(error))
    return 0


def _stopped_by_signals(*stops: Callable[[], None]) -> None:
    """The first signal stops in good order, the second at once: nothing is lost either way, only paid again."""

    def told(number: int, frame: object) -> None:
        signal.signal(number, lambda *_: os._exit(128 + number))
        print("stopping: what is under way ends first", file=sys.stderr, flush=True)
        for stop in stops:
            stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)


def _begin_anew(why: str) -> NoReturn:
    """Become a new worker. Whatever this one still had under way ends here, since somebody else may go on with it."""
    print(f"beginning anew: {why}", file=sys.stderr, flush=True)
    os.execv(sys.executable, [sys.executable, "-m", "foreplan", *sys.argv[1:]])  # noqa: S606 (it is what this process was)
