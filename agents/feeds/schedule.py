"""Feeds as DBOS schedules: kept, paused and fired by DBOS, with one run for all that were missed.

A schedule carries its feed. When it is due, DBOS puts a small workflow into the queue of jobs, under an id made from
the feed's name and the due time; a worker takes it, looks for what is new, and queues the run's job (`turn`). What a
worker does for that is `FeedDuty`: it is such workflows' body, ends runs whose jobs have ended, and fires what DBOS did
not, because no worker was there, the machine slept or its clock was moved. Laws: what was missed is fired once, for the
last due time; firing twice for one due time does nothing, since the id is the same.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from dbos import DBOS
from dbos import error as dbos_error
from sqlalchemy.exc import DBAPIError

from ...core.errors import InputError
from ...memory.errors import StorageError
from ...memory.files import storage_errors
from ..errors import FeedRefused, UnknownFeed
from ..jobs.queue import QUEUE, JobQueue
from ..jobs.sitting import Parked
from ..versions import JOBS_VERSION
from .feed import Feed, read_feed, turn_id
from .shelf import Shelf, Turn
from .turn import DOCUMENTS, settle_all, take_turn

FEED = "foreplan.feed"
"""The workflow's name."""

GRACE_S = 15.0
"""DBOS fires within ten seconds of the due time; only later was it missed."""

_AGAIN_S = 2.0
_FIRED = re.compile(r"\d{4}-\d\d-\d\dT.*")


class Feeds:
    """The feeds of one installation. `queue` and `shelf` stay the caller's to close."""

    def __init__(self, queue: JobQueue, shelf: Shelf) -> None:
        self.queue, self.shelf = queue, shelf

    def add(self, feed: Feed) -> None:
        """Keep a feed; it is due from now on.

        Raises:
            FeedRefused: when its name is taken.
        """
        try:
            self.queue.client.create_schedule(
                schedule_name=feed.name,
                workflow_name=FEED,
                schedule=feed.cron,
                cron_timezone=feed.zone,
                queue_name=QUEUE,
                context=feed.model_dump(mode="json", exclude={"paused"}),
            )
        except dbos_error.DBOSException as error:
            taken = self.queue.client.get_schedule(feed.name) is not None
            raise FeedRefused(
                f"There is a feed {feed.name} already." if taken else f"Feed {feed.name} cannot be added: {error}.",
                hint=f"Choose another name, or delete it: foreplan feed rm {feed.name}" if taken else "",
            ) from error

    def all(self, on_unreadable: Callable[[str], None] = lambda name: None) -> list[Feed]:
        """All feeds, by name. Those that another version of Foreplan wrote are told by name and left out."""
        feeds = []
        for row in self.queue.client.list_schedules(workflow_name=FEED):
            try:
                feeds.append(read_feed(row["context"], paused=row["status"] != "ACTIVE"))
            except InputError:
                on_unreadable(row["schedule_name"])
        return sorted(feeds, key=lambda feed: feed.name)

    def find(self, name: str) -> Feed:
        """The feed of this name.

        Raises:
            UnknownFeed: when there is none.
        """
        found = next((feed for feed in self.all() if feed.name == name), None)
        if found is None:
            raise UnknownFeed(f"There is no feed {name[:60]!r}.", hint="`foreplan feed list` lists them.")
        return found

    def pause(self, feed: Feed) -> None:
        """Let it wait until it is resumed."""
        self.queue.client.pause_schedule(feed.name)

    def resume(self, feed: Feed, now: float) -> None:
        """Let it go on. What was due while it was paused was not missed."""
        self.shelf.set_handled(feed.name, max(now, self.shelf.handled(feed.name)))
        self.queue.client.resume_schedule(feed.name)

    def remove(self, feed: Feed) -> None:
        """Forget a feed and its history; its jobs stay."""
        self.queue.client.delete_schedule(feed.name)
        self.sweep(feed.name)
        self.shelf.forget(feed.name)

    def catch_up(self, now: float) -> list[str]:
        """Fire, once, feeds whose last due time has passed without a run; their names. `now` is in Unix seconds."""
        return [feed.name for feed in self.all() if not feed.paused and self._missed(feed, now)]

    def _missed(self, feed: Feed, now: float) -> bool:
        handled = self.shelf.handled(feed.name)
        following = feed.next_due(now)
        if following is not None and handled > following.timestamp():
            # The clock was ahead and was set back: what it counted as had lies in the future.
            handled = now
            self.shelf.set_handled(feed.name, now)
        due = feed.last_due(now - GRACE_S)
        if due is None or due.timestamp() <= max(handled, feed.since):
            return False
        options: Any = {
            "workflow_name": FEED,
            "queue_name": QUEUE,
            "workflow_id": f"sched-{feed.name}-{due.isoformat()}",
            "app_version": JOBS_VERSION,
        }
        self.queue.client.enqueue(options, due.isoformat(), {"name": feed.name})
        return True

    def sweep(self, name: str) -> None:
        """Delete the workflows of runs that were begun. DBOS keeps them for ever, and `handled` says as much."""
        prefix = f"sched-{name}-"
        rows = self.queue.client.list_workflows(
            name=FEED, workflow_id_prefix=prefix, status=["SUCCESS", "ERROR"], load_input=False, load_output=False
        )
        done = [row.workflow_id for row in rows if _FIRED.fullmatch(row.workflow_id.removeprefix(prefix))]
        if done:
            self.queue.client.delete_workflows(done)


class FeedDuty:
    """An `agents.jobs.worker.Duty`: what a worker does for feeds.

    Args:
        allow_hosts: hosts that sources may be at although their address is private.
    """

    def __init__(self, *, allow_hosts: Collection[str] = ()) -> None:
        self._allow_hosts = allow_hosts

    def register(self, queue: JobQueue, stopping: Callable[[], bool]) -> None:
        """See `Duty`."""
        self._shelf = Shelf(queue.places.url)
        feeds = Feeds(queue, self._shelf)

        @DBOS.workflow(name=FEED)
        def workflow(due: str | datetime, data: Any) -> str:
            moment = due if isinstance(due, datetime) else datetime.fromisoformat(due)
            return self._fired(feeds, moment, str(data["name"]), stopping)

    def look(self, queue: JobQueue) -> None:
        """See `Duty`."""
        settle_all(queue, self._shelf)
        Feeds(queue, self._shelf).catch_up(time.time())

    def lay_out(self, sources: Sequence[Path]) -> None:
        """Write those of a job's sources that are new documents of a feed, and not on this machine.

        Raises:
            StorageError: when they cannot be read or written.
        """
        for source in sources:
            if source.name == DOCUMENTS and not source.exists():
                with storage_errors(f"write {source}"):
                    self._shelf.lay_out(source.parent.name, source)

    def _fired(self, feeds: Feeds, due: datetime, name: str, stopping: Callable[[], bool]) -> str:
        """Begin the run that is due; how it stands. What passes by itself is waited for."""
        while True:
            if stopping():
                raise Parked
            try:
                feed = feeds.find(name)
                if feed.paused or due.timestamp() <= self._shelf.handled(name):
                    return "not due"
                state = self._turn(feeds, feed, due).state
                feeds.sweep(name)
                return state
            except UnknownFeed:
                return "no feed"
            except (DBAPIError, StorageError) as error:
                if isinstance(error, StorageError) and error.kind != "transient":
                    return self._failed(name, due, str(error))
                time.sleep(_AGAIN_S)
            # A source can make a library fail in ways that nobody knows in advance; the history is where it is told.
            except Exception as error:
                return self._failed(name, due, f"{type(error).__name__}: {str(error)[:300]}")

    def _turn(self, feeds: Feeds, feed: Feed, due: datetime) -> Turn:
        return asyncio.run(take_turn(feed, due, queue=feeds.queue, shelf=self._shelf, allow_hosts=self._allow_hosts))

    def _failed(self, name: str, due: datetime, why: str) -> str:
        self._shelf.record(Turn(turn_id(name, due), name, "failed", due.timestamp(), note=why))
        return "failed"
