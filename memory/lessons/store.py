"""Lessons of a project, kept in any LangGraph Store for later runs under ("foreplan", "lessons", PROJECT).

They are kept without secrets. Works with stores in memory, SQLite, PostgreSQL, or an app's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, unquote

from langgraph.store.base import BaseStore
from pydantic import ValidationError

from ...core.errors import SettingsError
from ..errors import StorageError, UnknownVersion
from ..redact import Redactor
from .lesson import MAX_ARGUMENTS_CHARS, Lesson

LESSONS_VERSION = 1

MAX_LESSONS = 500
"""A project keeps this many, the newest: older ones are about things that have changed."""

_ROOT = ("foreplan", "lessons")
_PAGE = 1_000


async def load(store: BaseStore, project: str) -> list[Lesson]:
    """All lessons of the project, newest first.

    Raises:
        UnknownVersion: when a newer Foreplan wrote one of them.
        StorageError: when one of them is none.
    """
    namespace = _namespace(project)
    lessons: list[Lesson] = []
    offset = 0
    while items := await store.asearch(namespace, limit=_PAGE, offset=offset):
        # A search is by prefix, and in some stores by the letters of the prefix.
        lessons += [_lesson(project, item.value) for item in items if tuple(item.namespace) == namespace]
        offset += len(items)
    return sorted(lessons, key=lambda lesson: (-lesson.at, lesson.key))


async def save(
    store: BaseStore, project: str, lessons: Iterable[Lesson], *, redactor: Redactor | None = None
) -> list[Lesson]:
    """Keep lessons for later runs, and return them as they are kept.

    An equal lesson is replaced; beyond `MAX_LESSONS` the oldest go.
    """
    clean = redactor or Redactor()
    kept = [_without_secrets(lesson, clean) for lesson in lessons]
    namespace = _namespace(project)
    for lesson in kept:
        value = {"version": LESSONS_VERSION, **lesson.model_dump(mode="json")}
        # Not indexed: embedding them would call a model that nobody asked for.
        await store.aput(namespace, lesson.key, value, index=False)
    for lesson in (await load(store, project))[MAX_LESSONS:]:
        await store.adelete(namespace, lesson.key)
    return kept


async def show(store: BaseStore, project: str, key: str) -> list[Lesson]:
    """The lessons whose key begins with `key`, newest first; all of them if it is empty."""
    return [lesson for lesson in await load(store, project) if lesson.key.startswith(key)]


async def forget(store: BaseStore, project: str, key: str) -> list[Lesson]:
    """Delete the lessons whose key begins with `key` (all if it is empty), and return them."""
    gone = await show(store, project, key)
    for lesson in gone:
        await store.adelete(_namespace(project), lesson.key)
    return gone


async def projects(store: BaseStore) -> list[str]:
    """The projects that have lessons, by name."""
    names: set[str] = set()
    offset = 0
    while found := await store.alist_namespaces(prefix=_ROOT, limit=_PAGE, offset=offset):
        names.update(unquote(namespace[2]) for namespace in found if len(namespace) == 3 and namespace[:2] == _ROOT)
        offset += len(found)
    return sorted(names)


def _namespace(project: str) -> tuple[str, ...]:
    """Any project name as a label: those of LangGraph may not be empty nor hold a full stop."""
    if not project:
        raise SettingsError("The project has no name.", hint="Name it, or keep lessons to the run.")
    return (*_ROOT, quote(project, safe="", errors="replace").replace(".", "%2E"))


def _lesson(project: str, value: dict[str, object]) -> Lesson:
    if value.get("version") != LESSONS_VERSION:
        raise UnknownVersion(f"A lesson of project {project!r}", found=value.get("version"), known=LESSONS_VERSION)
    try:
        return Lesson.model_validate(value)
    except ValidationError as error:
        raise StorageError(
            f"What is stored among the lessons of project {project!r} is no lesson: {error.errors()[0]['msg']}.",
            hint="Delete it from the store's namespace foreplan.lessons.",
        ) from error


def _without_secrets(lesson: Lesson, redactor: Redactor) -> Lesson:
    texts = {name: redactor.text(getattr(lesson, name)) for name in ("arguments", "tried", "happened")}
    texts["arguments"] = texts["arguments"][:MAX_ARGUMENTS_CHARS]
    return Lesson.model_validate({**lesson.model_dump(), **texts})
