"""`foreplan memory list|show|forget`: the lessons that a project's runs have learned, told or deleted.

Flags go in, lines or one JSON value come out. A project is known by its name; unset, it is the working folder's.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from langgraph.store.base import BaseStore

from foreplan.agents.durable import open_store
from foreplan.agents.run import LESSONS
from foreplan.cli.given import home_from, project_from, settings_from
from foreplan.cli.text import one_line
from foreplan.core.errors import InputError
from foreplan.memory.lessons import Lesson, forget, load, projects, show

WIDTH = 100

_T = TypeVar("_T")


def main(**flags: Any) -> int:
    """Do what `action` says; 0 when there was something to do it to.

    Raises:
        InputError: when no lesson is meant, or several by one key.
    """
    settings = settings_from(flags)
    file = home_from(flags, settings) / LESSONS
    project = project_from(flags, settings)
    {"list": _list, "show": _show, "forget": _forget}[flags["action"]](file, project, flags)
    return 0


def _list(file: Path, project: str, flags: Mapping[str, Any]) -> None:
    async def read(store: BaseStore) -> dict[str, list[Lesson]]:
        return {name: await load(store, name) for name in await projects(store)}

    found = _with_store(file, read) or {}
    if flags["as_json"]:
        told = [{"project": name, "lessons": len(each), "newest": each[0].at} for name, each in found.items() if each]
        print(json.dumps({"project": project, "projects": told}))
        return
    for name, lessons in found.items():
        here = "  (this one)" if name == project else ""
        print(f"{len(lessons):>5}  {_day(lessons[0].at) if lessons else '':<10}  {one_line(name, 60)}{here}")
    if not found:
        print(f"No run has learned a lesson yet. They will be kept in {file}.", file=sys.stderr)


def _show(file: Path, project: str, flags: Mapping[str, Any]) -> None:
    lessons = _meant(file, project, flags["key"] or "")
    if flags["as_json"]:
        print(json.dumps([_told(each) for each in lessons]))
    elif flags["key"] and len(lessons) == 1:
        for name, value in _told(lessons[0]).items():
            print(f"{name:<10} {one_line(str(value), 2_000)}")
    else:
        for each in lessons:
            print(f"{each.key}  {_day(each.at)}  {one_line(each.text, WIDTH)}")


def _forget(file: Path, project: str, flags: Mapping[str, Any]) -> None:
    if bool(flags["key"]) == flags["all"]:
        raise InputError(
            "Which lesson?", hint="Give the start of its key (`foreplan memory show` lists them), or --all."
        )
    meant = _meant(file, project, flags["key"] or "")
    if flags["key"] and len(meant) > 1:
        raise InputError(
            f"{len(meant)} lessons have a key that begins with {flags['key']!r}.", hint="Give more of the key."
        )

    async def delete(store: BaseStore) -> list[Lesson]:
        return await forget(store, project, flags["key"] or "")

    gone = _with_store(file, delete) or []
    if flags["as_json"]:
        print(json.dumps({"project": project, "forgotten": [each.key for each in gone]}))
        return
    for each in gone:
        print(f"forgotten: {each.key}  {one_line(each.text, WIDTH)}")


def _meant(file: Path, project: str, key: str) -> Sequence[Lesson]:
    """The lessons of a project whose key begins with `key`.

    Raises:
        InputError: when there is none.
    """

    async def read(store: BaseStore) -> tuple[list[Lesson], list[str]]:
        return await show(store, project, key.lower()), await projects(store)

    lessons, known = _with_store(file, read) or ([], [])
    if lessons:
        return lessons
    if project in known:
        raise InputError(f"Project {project} has no lesson {key!r}.", hint="`foreplan memory show` lists them.")
    others = f"Others have: {', '.join(one_line(name, 60) for name in known[:5])}." if known else ""
    raise InputError(
        f"Project {one_line(project, 60)} has no lessons.",
        hint=f"{others} Name a project with --project, or work in its folder.".strip(),
    )


def _with_store(file: Path, do: Callable[[BaseStore], Awaitable[_T]]) -> _T | None:
    """What `do` returns for the store of lessons; None where no run has made one."""

    async def opened() -> _T:
        async with open_store(file) as store:
            return await do(store)

    return asyncio.run(opened()) if file.is_file() else None


def _told(lesson: Lesson) -> dict[str, Any]:
    return {"key": lesson.key, "text": lesson.text, **lesson.model_dump(mode="json")}


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(at))
