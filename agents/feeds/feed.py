"""A feed: a brief that is asked again and again, of sources that change. Checked text goes in, due times come out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from croniter import CroniterError, croniter
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...core.errors import InputError
from ...planner.brief import Brief

MAX_SOURCES = 100
_CRON_HINT = (
    'Write minute, hour, day, month and weekday, such as "0 7 * * *" for each day at 7, or a word such as @daily.'
)
_DRAWN = re.compile(r"\b[rh]\b|\(", re.IGNORECASE)
_STAMP = "%Y%m%d-%H%M%S"

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class Feed(BaseModel):
    """What is asked, of what, and when.

    Attributes:
        name: lower-case letters, digits, `-` and `_`; at most 40.
        cron: when it is due, in five fields (or six, the first being seconds).
        zone: IANA name of the time zone that `cron` counts in.
        brief: what the user wants, without sources.
        sources: absolute paths of folders and files, and URLs of pages and of RSS and Atom feeds.
        settings: the settings of its runs as JSON, without secrets.
        project: lessons are shared by runs of one project.
        since: when it was added, in Unix seconds; what was due before does not count as missed.
        paused: whether it waits until it is resumed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    cron: Annotated[str, Field(min_length=1, max_length=200)]
    zone: Annotated[str, Field(max_length=60)] = "UTC"
    brief: Brief
    sources: Annotated[tuple[Annotated[str, Field(max_length=2_000)], ...], Field(min_length=1, max_length=MAX_SOURCES)]
    settings: dict[str, Any] = {}
    project: str | None = None
    since: float
    paused: bool = False

    def last_due(self, now: float) -> datetime | None:
        """The last time at or before `now` (Unix seconds) at which it was due; None before the first."""
        # croniter looks strictly before, and by whole seconds.
        moment = datetime.fromtimestamp(int(now), zone_of(self.zone)) + timedelta(microseconds=1)
        return _found(self.cron, moment, back=True)

    def next_due(self, now: float) -> datetime | None:
        """The next time after `now` (Unix seconds); None when there is none any more."""
        return _found(self.cron, datetime.fromtimestamp(now, zone_of(self.zone)), back=False)


def read_feed(data: Any, *, paused: bool) -> Feed:
    """The feed in what a schedule carries.

    Raises:
        InputError: when it is none.
    """
    try:
        return Feed.model_validate({**data, "paused": paused})
    except (ValidationError, TypeError) as error:
        raise InputError("A feed cannot be read: another version of Foreplan wrote it.", hint="Add it anew.") from error


def check_name(name: str) -> str:
    """A name that a feed may have.

    Raises:
        InputError: when it is none.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", name):
        raise InputError(
            f"{name[:60]!r} cannot be the name of a feed.",
            hint="Use at most 40 lower-case letters, digits, '-' and '_', and begin with a letter or digit.",
        )
    return name


def check_when(cron: str, zone: str, now: float) -> None:
    """See that a feed can be due.

    Raises:
        InputError: when the time zone is unknown, the expression is none, or it never comes true.
    """
    try:
        there = zone_of(zone)
    except (ValueError, OSError) as error:  # ZoneInfoNotFoundError, a KeyError, is made a ValueError by `zone_of`.
        raise InputError(
            f"There is no time zone {zone[:60]!r}.", hint="Use a name such as Europe/Berlin, or leave it out for UTC."
        ) from error
    # "R" draws a time at each look, so that two looks disagree.
    if len(cron) > 200 or _DRAWN.search(cron) or not croniter.is_valid(cron, second_at_beginning=True):
        raise InputError(f"{cron[:60]!r} is no cron expression.", hint=_CRON_HINT)
    if _found(cron, datetime.fromtimestamp(now, there), back=False) is None:
        raise InputError(f"{cron[:60]!r} never comes true.", hint=_CRON_HINT)


def zone_of(name: str) -> tzinfo:
    """The time zone of this name.

    Raises:
        ValueError: when there is none.
    """
    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, OSError) as error:
        raise ValueError(f"no time zone {name!r}") from error


def turn_id(feed: str, due: datetime) -> str:
    """The id of the run that was due then, which is also its job's: `20261120-070000-rivers`, in UTC."""
    return f"{due.astimezone(UTC).strftime(_STAMP)}-{feed}"


def _found(cron: str, moment: datetime, *, back: bool) -> datetime | None:
    try:
        times = croniter(cron, moment, second_at_beginning=True)
        found: datetime = times.get_prev(datetime) if back else times.get_next(datetime)
    except CroniterError:
        return None
    return found
