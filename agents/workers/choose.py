"""Which worker does a subtask."""

from __future__ import annotations

from ...memory.lessons.book import LessonBook
from ...planner.plan import Subtask
from ..context import Context
from ..roles import Worker
from .extractive import ExtractiveWorker
from .model import ModelWorker

DEFAULT = "worker"
"""The name of the worker that does what asks for nobody else."""


def worker_for(context: Context, lessons: LessonBook, subtask: Subtask) -> Worker:
    """The worker the subtask names, else the default one: the app's own before the models', else the extractive one."""
    name = subtask.worker or DEFAULT
    own = context.workers.get(name) or context.workers.get(DEFAULT)
    if own is not None:
        return own
    if context.models.embedded:
        return ExtractiveWorker()
    return ModelWorker(context.models.worker_named(subtask.worker), lessons=lessons)
