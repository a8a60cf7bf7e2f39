"""`foreplan feed`: lists, pauses, resumes and forgets feeds, shows their runs. Flags go in, lines or JSON come out."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from foreplan.agents.feeds.feed import Feed
from foreplan.agents.feeds.schedule import Feeds
from foreplan.agents.feeds.shelf import Turn
from foreplan.agents.feeds.turn import settle_all
from foreplan.agents.jobs.alive import local_workers
from foreplan.cli.feeds_open import feeds_from
from foreplan.cli.job_places import places_from
from foreplan.cli.text import counted, one_line, safe
from foreplan.cli.worker_start import ensure_worker
from foreplan.core.errors import InputError

GOAL_WIDTH = 48
SHOWN = 50


def main(**flags: Any) -> int:
    """Do what `action` says; 0 when it was done.

    Raises:
        UnknownFeed: when there is no such feed.
    """
    with feeds_from(flags) as feeds:
        settle_all(feeds.queue, feeds.shelf)
        if flags["action"] == "list":
            _list(feeds, as_json=flags["as_json"])
        elif flags["action"] == "history":
            _history(feeds, feeds.find(flags["name"]), flags)
        else:
            _steer(feeds, feeds.find(flags["name"]), flags)
    return 0


def _list(feeds: Feeds, *, as_json: bool) -> None:
    found = feeds.all(lambda name: print(f"note: another version of Foreplan wrote feed {name}", file=sys.stderr))
    last = {feed.name: next(iter(feeds.shelf.history(feed.name, limit=1)), None) for feed in found}
    if as_json:
        print(json.dumps([_as_json(feed, last[feed.name]) for feed in found]))
        return
    width = max((len(feed.name) for feed in found), default=0)
    for feed in found:
        print(f"{feed.name:<{width}}  {_line_of(feed, last[feed.name])}")
    if not found:
        print("There are no feeds.", file=sys.stderr)
    elif not local_workers(feeds.queue.places):
        print("No worker runs on this machine: nothing is due until `foreplan worker` runs.", file=sys.stderr)


def _as_json(feed: Feed, last: Turn | None) -> dict[str, Any]:
    due = None if feed.paused else feed.next_due(time.time())
    return {
        "feed": feed.name,
        "cron": feed.cron,
        "zone": feed.zone,
        "goal": feed.brief.goal,
        "sources": list(feed.sources),
        "paused": feed.paused,
        "next": due.isoformat() if due else None,
        "last": last.to_json() if last else None,
    }


def _line_of(feed: Feed, last: Turn | None) -> str:
    due = feed.next_due(time.time())
    when = "paused" if feed.paused else f"next {due:%Y-%m-%d %H:%M %Z}" if due else "never due"
    state = f"{last.state} {_date(last.at)}" if last else "not run yet"
    return f"{when:<26} {state:<30} {one_line(feed.brief.goal, GOAL_WIDTH)}"


def _history(feeds: Feeds, feed: Feed, flags: Mapping[str, Any]) -> None:
    turns = feeds.shelf.history(feed.name)
    if flags["run_id"] is not None:
        turn = _chosen(turns, flags["run_id"])
        print(json.dumps(turn.to_json()) if flags["as_json"] else safe(turn.report or turn.note or turn.state))
        return
    if flags["as_json"]:
        print(json.dumps([turn.to_json() for turn in turns]))
        return
    width = max((len(turn.turn) for turn in turns), default=0)
    for turn in turns[:SHOWN]:
        note = f"  ({one_line(turn.note, 200)})" if turn.note else ""
        print(f"{turn.turn:<{width}}  {turn.state:<12} {counted(turn.new, 'new document')}{note}")
    if not turns:
        print(f"{feed.name} has not run yet.", file=sys.stderr)


def _chosen(turns: list[Turn], prefix: str) -> Turn:
    found = [turn for turn in turns if turn.turn.startswith(prefix)]
    exact = [turn for turn in found if turn.turn == prefix] or found
    if len(exact) != 1:
        raise InputError(
            f"{'More than one run has' if exact else 'No run has'} an id that begins with {prefix[:60]!r}.",
            hint="See foreplan feed history NAME.",
        )
    return exact[0]


def _steer(feeds: Feeds, feed: Feed, flags: Mapping[str, Any]) -> None:
    match flags["action"]:
        case "pause":
            feeds.pause(feed)
        case "resume":
            feeds.resume(feed, time.time())
            ensure_worker(places_from(flags), flags)
        case "rm":
            feeds.remove(feed)
    print(json.dumps({"feed": feed.name}) if flags["as_json"] else feed.name)


def _date(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"
