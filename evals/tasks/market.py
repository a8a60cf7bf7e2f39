"""`market`: plans for the market world on held-out seeds, judged by what it makes of them. What tiny planners learn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..worlds.base import held_out
from ..worlds.market.problem import NAME
from ..worlds.registry import world
from .base import EvalTask
from .items import without_data
from .worlds import USUAL, plan_task


def tasks(data: Sequence[Path], limit: int | None) -> list[EvalTask]:
    """`limit` problems; 30 when that is None."""
    without_data(data, NAME)
    made_by = world(NAME)
    return [plan_task(made_by, made_by.problem(held_out(at))) for at in range(limit or USUAL)]
