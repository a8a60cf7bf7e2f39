"""Runs of the data home as rows: flags go in, the filters and the places of traces come out."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from foreplan.cli.given import home_from, settings_from
from foreplan.cli.text import one_line
from foreplan.core.errors import InputError
from foreplan.memory.rundir import RunDirs
from foreplan.train.rows.choose import Filters, choose
from foreplan.train.rows.row import TraceRow


def places_from(flags: Mapping[str, Any]) -> list[Path]:
    """The directories of all runs, newest first."""
    return [each.path for each in RunDirs(home_from(flags, settings_from(flags))).list()]


def rows_from(flags: Mapping[str, Any]) -> Iterator[TraceRow]:
    """The runs that the flags' filters want, newest first."""
    return choose(places_from(flags), filters_from(flags), skip=tell_skipped)


def filters_from(flags: Mapping[str, Any]) -> Filters:
    """The filters.

    Raises:
        InputError: when a score or a limit is none, or a date cannot be read.
    """
    for name in ("min_score", "max_score"):
        if flags[name] is not None and not 0 <= flags[name] <= 1:
            raise InputError(f"--{name.replace('_', '-')} is {flags[name]:g}.", hint="Scores go from 0 to 1.")
    for name in ("max_tokens", "max_dollars"):
        if flags[name] is not None and not flags[name] >= 0:
            raise InputError(f"--{name.replace('_', '-')} is {flags[name]:g}.", hint="Give 0 or more.")
    return Filters(
        min_score=flags["min_score"],
        max_score=flags["max_score"],
        max_tokens=flags["max_tokens"],
        max_dollars=flags["max_dollars"],
        since=_time("--since", flags["since"]),
        until=_time("--until", flags["until"], end_of_day=True),
        project=flags["project"],
    )


def tell_skipped(why: str) -> None:
    """Say on standard error that a trace was left out."""
    print(f"skipped: {one_line(why, 500)}", file=sys.stderr)


def _time(flag: str, given: str | None, *, end_of_day: bool = False) -> float | None:
    """A date or a date with a time, in the local time zone unless it names one, as Unix seconds.

    Raises:
        InputError: when it is neither.
    """
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(given.strip())
        whole_day = timedelta(days=1 if end_of_day and len(given.strip()) <= len("2026-11-20") else 0)
        return (moment + whole_day).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(
            f"{flag} {one_line(given, 50)!r} is no date.", hint="Write it as 2026-11-20 or 2026-11-20T18:30."
        ) from error
