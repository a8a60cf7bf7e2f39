"""The lessons of a run: failures are recorded, identical retries refused, the relevant ones picked for a planner."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rapidfuzz import fuzz, utils

from ...core.errors import FaultKind
from .lesson import Lesson, normalise, one_line

REPEATABLE: frozenset[FaultKind] = frozenset({"transient", "limit", "cancelled"})
"""Faults that say nothing about the arguments: the same call may work next time, or with more budget."""

MIN_OVERLAP = 50.0
"""Overlap of words (0..100) below which a lesson of another run is about something else. Unrelated sentences of a
dozen words reach some 40."""

DEFAULT_LIMIT = 8


class LessonBook:
    """Lessons of this run, and of earlier ones that were loaded.

    Args:
        run: the id of this run.
        lessons: loaded ones; those of this very run (it was resumed) refuse retries as if recorded here.
        clock: Unix time in seconds.
    """

    def __init__(
        self, run: str = "", lessons: Iterable[Lesson] = (), *, clock: Callable[[], float] = time.time
    ) -> None:
        self.run = run
        self._clock = clock
        self._own: dict[str, Lesson] = {}
        self._earlier: dict[str, Lesson] = {}
        for lesson in sorted(lessons, key=lambda lesson: lesson.at):
            (self._own if run and lesson.run == run else self._earlier)[lesson.key] = lesson

    @property
    def lessons(self) -> tuple[Lesson, ...]:
        """The lessons of this run, oldest first."""
        return tuple(self._own.values())

    def record(
        self, tool: str, arguments: Mapping[str, Any] | str, *, kind: FaultKind, happened: str, tried: str = ""
    ) -> Lesson:
        """Remember a failure; an equal one is remembered once, with what happened last."""
        lesson = Lesson(
            tool=tool, arguments=normalise(arguments), kind=kind, tried=tried, happened=happened, run=self.run,
            at=self._clock(),
        )  # fmt: skip
        self._own.pop(lesson.key, None)
        self._own[lesson.key] = lesson
        return lesson

    def refuses(self, tool: str, arguments: Mapping[str, Any] | str) -> Lesson | None:
        """The lesson that speaks against this call: it failed in this run in a way that would be the same again.

        Lessons of earlier runs refuse nothing: a page that was missing then may be there now.
        """
        call = (one_line(tool), normalise(arguments))
        failed = (lesson for lesson in self._own.values() if (lesson.tool, lesson.arguments) == call)
        return next((lesson for lesson in failed if lesson.kind not in REPEATABLE), None)

    def relevant(self, goal: str, limit: int = DEFAULT_LIMIT) -> list[Lesson]:
        """At most `limit` lessons for this goal: those of this run, then earlier ones that share words with it."""
        own = sorted(self._own.values(), key=lambda lesson: _rank(goal, lesson))
        earlier = [lesson for key, lesson in self._earlier.items() if key not in self._own]
        fitting = [lesson for lesson in earlier if _overlap(goal, lesson) >= MIN_OVERLAP]
        return [*own, *sorted(fitting, key=lambda lesson: _rank(goal, lesson))][:limit]

    def texts(self, goal: str = "", limit: int = DEFAULT_LIMIT) -> list[str]:
        """The relevant lessons as sentences for a planner, the most relevant last."""
        return [lesson.text for lesson in reversed(self.relevant(goal, limit))]


def _rank(goal: str, lesson: Lesson) -> tuple[float, float, str]:
    """Sort key: most words in common, then newest, then by key, so that the order is always the same."""
    return (-_overlap(goal, lesson), -lesson.at, lesson.key)


def _overlap(goal: str, lesson: Lesson) -> float:
    """Words that the goal and the lesson share, 0..100, whatever their order and case."""
    content = f"{lesson.tool} {lesson.arguments} {lesson.tried} {lesson.happened}"
    return fuzz.token_set_ratio(goal, content, processor=utils.default_process)
