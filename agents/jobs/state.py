"""One job as a person sees it: DBOS's row, the book's numbers and a look at its worker go in, a `Job` comes out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ..versions import JOBS_VERSION
from .book import Progress

JobState: TypeAlias = Literal[
    "queued", "running", "interrupted", "waiting", "done", "partial", "failed", "rejected", "error", "cancelled",
    "set aside", "other version",
]  # fmt: skip
"""How a job is. `interrupted`: its worker died, and it goes on with the next. `waiting`: for approval of its plan.
`error`: its run could not go on. `set aside`: it went down with its worker too often. `other version`: another version
of Foreplan began it, and only that one may finish it."""

ACTIVE: tuple[JobState, ...] = ("queued", "running", "interrupted", "other version")
ENDED: tuple[JobState, ...] = ("done", "partial", "failed", "rejected", "error", "cancelled", "set aside")
STOPPED: tuple[JobState, ...] = ("error", "cancelled", "set aside")
"""Those that can go on from what is done."""

_OF_STATUS: dict[str, JobState] = {
    "ENQUEUED": "queued",
    "DELAYED": "queued",
    "CANCELLED": "cancelled",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "set aside",
    "ERROR": "error",
}
_OUTCOMES = ("done", "partial", "failed", "rejected", "error", "waiting")


@dataclass(frozen=True)
class Job:
    """A job. Times are Unix seconds; `worker` is the one that took it last; `outcome` is what its last sitting left.

    `outcome` holds `state`, and by it: the run's whole result (`result`), an `error`, or the `plan` that waits.
    """

    id: str
    state: JobState
    goal: str
    priority: int
    created_at: float
    ended_at: float | None
    worker: str
    version: str
    progress: Progress
    outcome: dict[str, Any]

    @property
    def seconds(self) -> float:
        """How long ago it was begun, or how long it took."""
        return max(0.0, (self.ended_at or time.time()) - self.created_at)

    def to_json(self) -> dict[str, Any]:
        """What a list says of it."""
        return {
            "job": self.id,
            "state": self.state,
            "goal": self.goal,
            "priority": self.priority,
            "created_at": self.created_at,
            "seconds": round(self.seconds, 3),
            "worker": self.worker,
            "done": self.progress.done,
            "subtasks": self.progress.total,
            "tokens": self.progress.tokens,
            "dollars": self.progress.dollars,
            "note": self.progress.note,
            "error": str(self.outcome.get("error", "")),
        }


def job_of(row: Any, progress: Progress, alive: Callable[[str], bool]) -> Job:
    """The job of a DBOS workflow's status."""
    outcome = row.output if isinstance(row.output, dict) else {}
    attributes = row.attributes if isinstance(row.attributes, dict) else {}
    return Job(
        id=row.workflow_id,
        state=_state(row, outcome, alive),
        goal=str(attributes.get("goal", "")),
        priority=int(row.priority or 0),
        created_at=(row.created_at or 0) / 1_000,
        ended_at=row.completed_at / 1_000 if row.completed_at else None,
        worker=row.executor_id or "",
        version=row.app_version or "",
        progress=progress,
        outcome=outcome,
    )


def _state(row: Any, outcome: dict[str, Any], alive: Callable[[str], bool]) -> JobState:
    if row.status == "SUCCESS":
        return outcome["state"] if outcome.get("state") in _OUTCOMES else "error"
    if row.status in ("PENDING", "ENQUEUED") and row.app_version not in (None, JOBS_VERSION):
        return "other version"
    if row.status == "PENDING":
        return "running" if row.executor_id and alive(row.executor_id) else "interrupted"
    return _OF_STATUS.get(row.status, "error")
