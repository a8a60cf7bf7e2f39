"""The lessons of a run: read when a node opens its scope, kept when execution ends, shared by a project's runs."""

from __future__ import annotations

from langgraph.store.base import BaseStore

from ..memory.lessons.book import LessonBook
from ..memory.lessons.store import forget, load, save
from .context import Context


async def open_lessons(context: Context, store: BaseStore, run: str) -> LessonBook:
    """What this run, and earlier runs of its project, have learned."""
    return LessonBook(run, await load(context.lessons or store, _shelf(context, run)))


async def keep_lessons(context: Context, store: BaseStore, run: str, book: LessonBook) -> None:
    """Keep what this run has learned."""
    if book.lessons:
        await save(context.lessons or store, _shelf(context, run), book.lessons)


async def forget_lessons(store: BaseStore, run: str) -> None:
    """Delete what a run that belongs to no project has learned."""
    await forget(store, _own_shelf(run), "")


def _shelf(context: Context, run: str) -> str:
    """Where lessons go: the project's name, or a name of the run's own when it belongs to none."""
    return _own_shelf(run) if context.project is None else context.project


def _own_shelf(run: str) -> str:
    return f"run {run}"
