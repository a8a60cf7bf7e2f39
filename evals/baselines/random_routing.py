"""`random`: the usual plan, each subtask given to a worker drawn from the pool. Equal seeds draw the same."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from .base import Arm, Given
from .routing import Routed


def baseline(given: Given) -> Arm:
    """See the module."""

    def route(at: int, subtask: str, pool: Sequence[str]) -> str:
        return Random(f"{given.seed}:{at}:{subtask}").choice(pool)  # noqa: S311 - a reproducible draw, no secret

    return Arm(Routed("baseline:random", given.usual, route))
