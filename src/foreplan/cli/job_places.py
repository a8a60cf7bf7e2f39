"""The jobs of this user: flags go in, the places and the queue of jobs come out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from foreplan.cli.given import home_from, settings_from
from foreplan.core.settings import Settings

if TYPE_CHECKING:
    from foreplan.agents.jobs.places import JobPlaces
    from foreplan.agents.jobs.queue import JobQueue


def places_from(flags: Mapping[str, Any], settings: Settings | None = None) -> JobPlaces:
    """Where the jobs are.

    Raises:
        SettingsError: when dbos is not installed, or a setting is wrong.
    """
    from foreplan.agents.jobs.places import JobPlaces

    settings = settings or settings_from(flags)
    return JobPlaces(home_from(flags, settings), settings.jobs.database)


def queue_from(flags: Mapping[str, Any]) -> JobQueue:
    """The queue of jobs, open."""
    from foreplan.agents.jobs.queue import JobQueue

    return JobQueue(places_from(flags))
