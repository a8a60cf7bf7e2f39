"""Errors of the executor. Each is a `ForeplanError`, so it says what was wrong and what to do.

::

    ForeplanError
    ├── ToolFailed        a tool could not do what it was asked; `.kind` says whether asking again may help
    └── InputError
        ├── UnknownJob    2   no job, or more than one, has an id that begins so
        ├── JobRefused    2   a job is not in a state in which this can be done to it
        ├── UnknownFeed   2   no feed has this name
        └── FeedRefused   2   a feed is not in a state in which this can be done to it, or its name is taken
"""

from __future__ import annotations

import sqlite3

from ..core.errors import FaultKind, ForeplanError, InputError


class ToolFailed(ForeplanError):
    """A tool could not do what it was asked. With kind `transient` the same call may work later; else it will not."""

    kind: FaultKind = "tool"


class UnknownJob(InputError):
    """No job, or more than one, has an id that begins so."""


class JobRefused(InputError):
    """A job is not in a state in which this can be done to it."""


class UnknownFeed(InputError):
    """No feed has this name."""


class FeedRefused(InputError):
    """A feed is not in a state in which this can be done to it, or its name is taken."""


def of_database(error: BaseException) -> bool:
    """Whether a database refused: a locked or full file, a server that went away. No subtask is to blame for that."""
    return isinstance(error, sqlite3.Error) or type(error).__module__.partition(".")[0] in ("psycopg", "psycopg_pool")
