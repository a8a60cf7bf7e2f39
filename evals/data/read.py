"""Reading a data set: a folder or a file goes in, its tasks in the common shape come out.

Files are JSON or JSON lines, in the common shape or in the form of their release, which is told by the fields of the
first row. Law: a file is read whole or refused with the place that is wrong; ids are unique in a folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...memory.files import storage_errors
from ..errors import DataError
from . import common, fanoutqa, gsm8k, hotpotqa, musique, natural_plan, planbench
from .base import Form, Row, checked, objects

MAX_FILE_BYTES = 1_000_000_000

FORMS: dict[str, Form] = {
    "MuSiQue": musique,
    "HotpotQA": hotpotqa,
    "FanOutQA": fanoutqa,
    "GSM8K": gsm8k,
    "NATURAL PLAN": natural_plan,
    "PlanBench": planbench,
    "the common shape": common,
}
"""The forms by the names of their sets; the first that a row matches is taken."""


def read_tasks(path: Path) -> list[Row]:
    """The tasks of a file, or of all `.json` and `.jsonl` files of a folder in the order of their names.

    Raises:
        StorageError: when something cannot be read.
        DataError: when there are no tasks, or a file is in no known form.
    """
    with storage_errors(f"read the data in {path}", hint="Name a folder or a file of tasks with --data."):
        files = (
            sorted(each for each in path.iterdir() if each.suffix in (".json", ".jsonl")) if path.is_dir() else [path]
        )
        rows = [row for file in files for row in _rows(file)]
    if not rows:
        raise DataError(f"There are no tasks in {path}.", hint="Name a folder with .jsonl or .json files.")
    seen: set[str] = set()
    for row in rows:
        if row["id"] in seen:
            raise DataError(f"The task {row['id'][:80]!r} stands twice in {path}.", hint="Give each an id of its own.")
        seen.add(row["id"])
    return rows


def _files(path: Path) -> list[Path]:
    return sorted(each for each in path.iterdir() if each.suffix in (".json", ".jsonl")) if path.is_dir() else [path]


def _rows(file: Path) -> Iterator[Row]:
    if file.stat().st_size > MAX_FILE_BYTES:
        raise DataError(f"{file} has more than {MAX_FILE_BYTES:,} bytes.", hint="Split it.")
    named = list(_objects(file))
    if not named:
        return
    form = next((form for form in FORMS.values() if form.matches(named[0][1])), None)
    if form is None:
        raise DataError(f"{file} is in no form that is known.", hint=f"Known are: {', '.join(FORMS)}.")
    for name, row in named:
        try:
            yield checked(form.row_of(row, name))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise DataError(
                f"{file}: task {name[:80]} is malformed: {type(error).__name__}: {error!s:.200}."
            ) from error


def _objects(file: Path) -> Iterator[tuple[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
        try:
            value = json.loads(text) if text.strip() else []
        except json.JSONDecodeError as error:
            if error.msg != "Extra data":
                raise
            value = list(_lines(file, text))
        if isinstance(value, dict) and "question" in value:
            value = [value]
        yield from objects(value)
    except (ValueError, TypeError, RecursionError) as error:
        raise DataError(f"{file} is not JSON, nor JSON lines: {error!s:.300}.") from error


def _lines(file: Path, text: str) -> Iterator[Any]:
    """The values of JSON lines. Only line feeds end one: strings may hold other separators."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise DataError(f"{file}, line {number} is not JSON: {error.msg}.") from error
