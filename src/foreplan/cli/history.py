"""What past runs tell a new one: settings and the data home go in, the history of the home's runs comes out."""

from __future__ import annotations

from pathlib import Path

from foreplan.core.settings import Settings
from foreplan.memory.rundir import RunDirs
from foreplan.planner.forecast.history import History
from foreplan.planner.forecast.traces import history_from

NEWEST_RUNS = 500
"""Older runs tell little of today's models, and every trace is read before a run begins."""


def history_of(settings: Settings, home: Path) -> History | None:
    """The history that corrects forecasts and sets budgets; None when the planner's own budgets stand.

    Raises:
        StorageError: when the runs or their traces cannot be read.
    """
    if settings.limits.budgets != "forecast":
        return None
    finished = [each for each in RunDirs(home).list() if each.finished and each.trace.is_file()]
    return history_from(each.trace for each in finished[:NEWEST_RUNS])
