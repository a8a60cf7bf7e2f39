"""`foreplan feed add`: a question, its sources and when it is due go in; a feed is kept, and a worker runs it."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from foreplan.agents.feeds.feed import MAX_SOURCES, Feed, check_name, check_when
from foreplan.agents.feeds.harvest import is_url
from foreplan.agents.feeds.web import look_at
from foreplan.cli.feeds_open import feeds_from
from foreplan.cli.given import brief_from, project_from, settings_from
from foreplan.cli.job_places import places_from
from foreplan.cli.job_settings import check_keys, without_secrets
from foreplan.cli.text import counted, one_line
from foreplan.cli.worker_start import ensure_worker
from foreplan.core.errors import ForeplanError, InputError
from foreplan.core.settings import Settings, load_settings


def main(**flags: Any) -> int:
    """Add it; 0 once it is kept.

    Raises:
        InputError: when name, time, question or a source cannot be used.
        FeedRefused: when the name is taken.
    """
    settings = settings_from(flags)
    check_keys(settings, load_settings({}, config=flags["config"]))
    feed = _feed(flags, settings)
    with feeds_from(flags) as feeds:
        feeds.add(feed)
    asyncio.run(_tell_dead([each for each in feed.sources if is_url(each)], settings.tools.allow_hosts))
    ensure_worker(places_from(flags, settings), flags)
    due = feed.next_due(time.time())
    if flags["as_json"]:
        print(json.dumps({"feed": feed.name, "next": due.isoformat() if due else None}))
    else:
        print(f"{feed.name} is due next at {due:%Y-%m-%d %H:%M %Z}", file=sys.stderr)
        print(f"run it now with: foreplan feed run {feed.name}", file=sys.stderr)
    return 0


def _feed(flags: Mapping[str, Any], settings: Settings) -> Feed:
    now = time.time()
    name = check_name(flags["name"])
    if flags["every"] is None:
        raise InputError("When is it due?", hint='Say so with --every, such as --every "0 7 * * *".')
    check_when(flags["every"], flags["zone"], now)
    return Feed(
        name=name,
        cron=flags["every"],
        zone=flags["zone"],
        brief=brief_from(flags, ()),
        sources=tuple(dict.fromkeys(map(_source, _named(flags["sources"])))),
        settings=without_secrets(settings),
        project=project_from(flags, settings),
        since=now,
    )


def _named(sources: list[str] | None) -> list[str]:
    if not sources:
        raise InputError("There are no sources.", hint="Name folders or URLs with --sources.")
    if len(sources) > MAX_SOURCES:
        raise InputError(f"A feed has at most {MAX_SOURCES} sources.", hint="Make several feeds.")
    return sources


def _source(given: str) -> str:
    """A URL as it is, a folder or file as an absolute path.

    Raises:
        InputError: when it is neither.
    """
    if is_url(given) and len(given) <= 2_000:
        return given
    try:
        return str(Path(given).expanduser().resolve(strict=True))
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(
            f"{one_line(given, 200)!r} is neither a folder nor an http or https URL.",
            hint="Check the path; quote it if it has spaces.",
        ) from error


async def _tell_dead(urls: Collection[str], allow_hosts: Collection[str]) -> None:
    """Look at each URL once. One that is dead now may be well tomorrow, so that is a warning."""
    for url in urls:
        try:
            found = await look_at(url, allow_hosts)
        except ForeplanError as error:
            print(f"warning: {one_line(str(error), 300)}", file=sys.stderr)
        else:
            print(f"{one_line(url, 200)}: {counted(len(found), 'document')}", file=sys.stderr)
