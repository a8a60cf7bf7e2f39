"""Which workers do a subtask."""

from __future__ import annotations

from ...memory.lessons.book import LessonBook
from ...planner.plan import Subtask
from ..context import Context
from ..roles import Worker
from .extractive import ExtractiveWorker
from .model import ModelWorker

DEFAULT = "worker"
"""The name of the worker that does what asks for nobody else."""


def workers_for(context: Context, lessons: LessonBook, subtask: Subtask) -> list[Worker]:
    """The workers of a subtask's attempts, in turn: its own first; the rest of the pool only with `vary_workers`."""
    if not context.vary_workers:
        return [_named(context, lessons, subtask.worker)]
    names = list({**context.models.workers, **context.workers}) or [DEFAULT]
    own = subtask.worker or DEFAULT
    at = names.index(own) if own in names else 0
    return [_named(context, lessons, name) for name in names[at:] + names[:at]]


def _named(context: Context, lessons: LessonBook, worker: str | None) -> Worker:
    """The worker of this name, else the default one: the app's own before the models', else the extractive one."""
    name = worker or DEFAULT
    own = context.workers.get(name) or context.workers.get(DEFAULT)
    if own is not None:
        return own
    if context.models.embedded:
        return ExtractiveWorker()
    return ModelWorker(context.models.worker_named(name), lessons=lessons)
