"""Versions of what a run keeps between two processes. A run begun under others is refused, never mixed up."""

from __future__ import annotations

from ..memory.digest import DIGEST_VERSION
from ..planner.plan import PLAN_VERSION

STATE_VERSION = 1
"""The form of the graph's state."""

GRAPH_VERSION = 1
"""Changes when a run that was begun before cannot be gone on with: other nodes, other keys, another journal."""

JOBS_VERSION = f"{GRAPH_VERSION}.{STATE_VERSION}.{PLAN_VERSION}.{DIGEST_VERSION}"
"""DBOS's application version: a worker takes only jobs that were begun under its own."""
