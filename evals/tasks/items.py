"""Rows of data sets as tasks: what the suites that read data have in common."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...core.errors import SettingsError
from ...memory.documents.base import Document
from ...planner.brief import Brief
from ...planner.plan import Plan
from ...planner.validate import PlanRules
from ..baselines.base import Piece, equal_plan
from ..data.base import Row
from ..data.read import read_tasks
from ..errors import DataError
from ..graders.base import GradingFault
from ..graders.plan_form import parts_of

SOURCES = "documents"
"""What briefs call their sources."""

ANSWER_LINE = "Close with a line `Answer: ` and the answer alone."

_REFERENCE = re.compile(r"#(\d{1,3})\b")
_MAX_PARENTS = 64


def rows_in(data: Sequence[Path], suite: str, usable: Callable[[Row], bool], limit: int | None) -> list[Row]:
    """The first `limit` rows of all files that the suite can use.

    Raises:
        SettingsError: when no data is named.
        DataError: when there is no such row, or two have one id.
    """
    if not data:
        raise SettingsError(f"The suite {suite} needs a data set.", hint="Name its folder with --data DIR.")
    found = [row for path in data for row in read_tasks(path) if usable(row)]
    twice = next((name for name, count in Counter(row["id"] for row in found).items() if count > 1), None)
    if twice is not None:
        raise DataError(f"The task {twice[:80]!r} stands in more than one of the data sets.", hint="Leave one out.")
    if not found:
        names = ", ".join(map(str, data))
        raise DataError(f"{names} has no task for the suite {suite}.", hint="docs/evals.md says what each suite reads.")
    return found[:limit]


def without_data(data: Sequence[Path], suite: str) -> None:
    """See that no data is named for a suite that makes its own.

    Raises:
        SettingsError: when there is some.
    """
    if data:
        raise SettingsError(f"The suite {suite} makes its own tasks.", hint="Leave out --data.")


def self_contained(row: Mapping[str, Any], return_format: str) -> tuple[Brief, tuple[Document, ...]]:
    """The brief of a question that says all there is to know, and the same as a document.

    Workers are shown no more of a brief than its beginning, so they read the question as their source.
    """
    question = str(row["question"])
    brief = brief_of(row, goal=question, return_format=return_format, sources=(SOURCES,), cite=False)
    return brief, (Document("The question", question, "question"),)


def brief_of(row: Mapping[str, Any], **fields: Any) -> Brief:
    """A row's brief.

    Raises:
        DataError: when a field is empty or too long for one.
    """
    try:
        return Brief(**fields)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise DataError(f"Task {row['id'][:80]!r} makes no brief: {where}: {first['msg']}.") from error


def gold_of(row: Row) -> Callable[[PlanRules], Plan] | None:
    """The gold plan: a subtask for each of the row's parts. None when it has none.

    Raises:
        DataError: when the parts are malformed.
    """
    if not row.get("subtasks"):
        return None
    try:
        parts = parts_of(row)
    except GradingFault as error:
        raise DataError(f"Task {row['id'][:80]!r} cannot be used: {error}.") from error
    number = {part.id: at for at, part in enumerate(parts, 1)}
    pieces = [
        Piece(
            f"part-{number[part.id]}",
            _REFERENCE.sub(lambda found: f"the answer of part {found[1]}", part.goal),
            tuple(f"part-{number[each]}" for each in part.depends_on[:_MAX_PARENTS]),
        )
        for part in parts
    ]
    return lambda rules: equal_plan(pieces, rules)
