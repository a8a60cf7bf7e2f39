"""`round-robin`: the usual plan, its subtasks given to the workers of the pool in turn."""

from __future__ import annotations

from .base import Arm, Given
from .routing import Routed


def baseline(given: Given) -> Arm:
    """See the module."""
    return Arm(Routed("baseline:round-robin", given.usual, lambda at, _, pool: pool[at % len(pool)]))
