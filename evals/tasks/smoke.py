"""`smoke`: twenty problems of the fanout world with the embedded roles: no model, no network, under a minute."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..worlds.base import held_out
from ..worlds.registry import world
from .base import EvalTask
from .items import without_data
from .worlds import report_task

NAME = "smoke"
TASKS = 20
_FIRST = 10_000
"""Held-out seeds that the suite `worlds` is unlikely to reach."""


def tasks(data: Sequence[Path], limit: int | None) -> list[EvalTask]:
    """Problems that need a plan; twenty when `limit` is None."""
    without_data(data, NAME)
    fanout = world("fanout", direct=0)
    return [report_task(fanout, fanout.problem(held_out(_FIRST + at))) for at in range(limit or TASKS)]
