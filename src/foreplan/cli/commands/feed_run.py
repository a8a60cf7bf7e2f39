"""`foreplan feed run`: a feed's name goes in; it is run now, as a job that is watched, and what is new is printed.

The run is a worker's, so Ctrl-C ends the watching and not the run, and a closed terminal loses nothing.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from foreplan.agents.errors import FeedRefused
from foreplan.agents.feeds.feed import turn_id
from foreplan.agents.feeds.schedule import Feeds
from foreplan.agents.feeds.shelf import Turn
from foreplan.agents.feeds.turn import settle_all, take_turn
from foreplan.cli.exits import DONE, UNEXPECTED
from foreplan.cli.feeds_open import feeds_from
from foreplan.cli.given import settings_from
from foreplan.cli.job_places import places_from
from foreplan.cli.progress import progress
from foreplan.cli.text import counted, one_line, safe
from foreplan.cli.worker_start import ensure_worker
from foreplan.memory.rundir import RunDirs
from foreplan.memory.trace.follow import follow_events

_LOOK_S = 0.5


def main(**flags: Any) -> int:
    """Run it; 0 unless it failed.

    Raises:
        UnknownFeed: when there is no such feed.
        FeedRefused: when a run of it goes on.
    """
    settings = settings_from(flags)
    with feeds_from(flags) as feeds:
        feed = feeds.find(flags["name"])
        allowed = settings.tools.allow_hosts
        turn = asyncio.run(
            take_turn(feed, _now(feeds, feed.name), queue=feeds.queue, shelf=feeds.shelf, allow_hosts=allowed)
        )
        if turn.state == "running":
            ensure_worker(places_from(flags, settings), flags)
            if not flags["background"]:
                turn = _watched(feeds, turn)
    return _told(turn, flags)


def _now(feeds: Feeds, name: str) -> datetime:
    """This second, or the next one that no run of the feed has its id from."""
    due = datetime.now(UTC).replace(microsecond=0)
    while feeds.shelf.turn(turn_id(name, due)) is not None:
        due += timedelta(seconds=1)
    return due


def _watched(feeds: Feeds, turn: Turn) -> Turn:
    """Show the job of a run as it goes on; the run as it ended."""
    going_on = _GoingOn(feeds, turn)
    with progress() as shown:
        for event in follow_events(RunDirs(feeds.queue.places.home).at(turn.turn).trace, going_on.ended):
            shown(event)
    return feeds.shelf.turn(turn.turn) or turn


class _GoingOn:
    """Whether a run has ended, looked up now and then."""

    def __init__(self, feeds: Feeds, turn: Turn) -> None:
        self._feeds, self._turn = feeds, turn
        self._looked_at = 0.0

    def ended(self) -> bool:
        """Whether its job rests and what it reported is kept."""
        if time.monotonic() - self._looked_at < _LOOK_S:
            return False
        self._looked_at = time.monotonic()
        return all(each.turn != self._turn.turn for each in settle_all(self._feeds.queue, self._feeds.shelf))


def _told(turn: Turn, flags: Mapping[str, Any]) -> int:
    """Print what is new, or say why nothing is.

    Raises:
        FeedRefused: when another run was going on.
    """
    if turn.state == "skipped":
        raise FeedRefused(f"Feed {turn.feed} was not run: {turn.note}.", hint="Wait until that has ended.")
    if flags["as_json"]:
        print(json.dumps(turn.to_json()))
    elif turn.state == "running":
        print(turn.turn)
        print(f"watch it with: foreplan jobs watch {turn.turn}", file=sys.stderr)
    elif turn.report:
        print(safe(turn.report))
    note = f" ({one_line(turn.note, 500)})" if turn.note else ""
    print(f"{turn.feed}: {turn.state}, {counted(turn.new, 'new document')}{note}", file=sys.stderr)
    return UNEXPECTED if turn.state == "failed" else DONE
