"""One evaluation's folder: what was asked for, the records so far, the runs and the logs.

    eval.json      what was asked for, so that it can be gone on with
    records.jsonl  a line for each task and epoch that is over
    runs/          each task's run
    *.eval         logs of inspect-ai, one a sitting; the last one has everything

Law: a record is on disk before the task counts as done, and a task with a record is never done again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...memory.files import storage_errors, write_atomic
from ...memory.home import writable_folder
from ...memory.rundir import new_run_id
from ..errors import DataError, EvalsError
from ..records import EvalRecord, read_records

FOLDER = "evals"
RECORDS = "records.jsonl"
SPEC = "eval.json"


class EvalSpec(BaseModel):
    """What was asked for.

    Attributes:
        version: of this form.
        id: the evaluation's name.
        suite: which tasks.
        planner: what the records call the planner.
        data: folders or files of data sets, absolute.
        limit: the first so many tasks; None for all.
        epochs: how often each is done.
        budget_tokens: what one task may spend; None for no limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    id: str
    suite: str
    planner: str
    data: tuple[Path, ...] = ()
    limit: int | None = Field(default=None, ge=1)
    epochs: int = Field(default=1, ge=1)
    budget_tokens: int | None = None


class Session:
    """One evaluation's folder, open for one sitting."""

    def __init__(self, folder: Path, spec: EvalSpec) -> None:
        """Make the folder if need be, keep the spec, and read the records that are there."""
        self.folder = writable_folder(folder)
        self.spec = spec
        self.records: dict[tuple[str, int], EvalRecord] = {}
        self._file = folder / RECORDS
        with storage_errors(f"write {folder / SPEC}"):
            write_atomic(folder / SPEC, (spec.model_dump_json(indent=2) + "\n").encode())
        self._read()

    def keep(self, record: EvalRecord) -> None:
        """Keep a record, on disk first.

        Raises:
            StorageError: when it cannot be written.
        """
        with storage_errors(f"write the records {self._file}"), self._file.open("ab") as file:
            file.write(f"{record.model_dump_json()}\n".encode())
        self.records[record.task, record.epoch] = record

    def _read(self) -> None:
        """The records of earlier sittings. A last line that a kill cut short is cut off: its task is done again."""
        if not self._file.is_file():
            return
        with storage_errors(f"read the records {self._file}"):
            text = self._file.read_bytes()
            whole = text[: text.rfind(b"\n") + 1]
            if whole != text:
                write_atomic(self._file, whole)
        if whole.strip():
            self.records = {(each.task, each.epoch): each for each in read_records(self._file)}


def new_eval_id() -> str:
    """A fresh id; ids sort by time."""
    return new_run_id()


def folder_of(home: Path, named: str) -> Path:
    """The folder of an evaluation: a path to it, or its id or the start of it below the data home.

    Raises:
        DataError: when there is none, or more than one.
    """
    if (Path(named) / SPEC).is_file():
        return Path(named)
    found = [each for each in evals_in(home) if each.name.startswith(named)]
    found = [each for each in found if each.name == named] or found
    if len(found) == 1:
        return found[0]
    what = "More than one evaluation has" if found else "No evaluation has"
    names = ", ".join(each.name for each in (found or list(evals_in(home)))[:5])
    raise DataError(
        f"{what} an id that begins with {named[:100]!r}.",
        hint=f"Candidates: {names}." if names else f"There are none in {home / FOLDER} yet.",
    )


def evals_in(home: Path) -> Iterator[Path]:
    """The folders of all evaluations below a data home, newest first.

    Raises:
        StorageError: when they cannot be listed.
    """
    folder = home / FOLDER
    with storage_errors(f"list the evaluations in {folder}"):
        found = sorted(folder.iterdir(), reverse=True) if folder.is_dir() else []
    return (each for each in found if (each / SPEC).is_file())


def read_spec(folder: Path) -> EvalSpec:
    """What was asked for in an evaluation.

    Raises:
        StorageError: when it cannot be read.
        DataError: when it is not in the form expected.
    """
    with storage_errors(f"read {folder / SPEC}"):
        text = (folder / SPEC).read_text(encoding="utf-8", errors="replace")
    try:
        spec = EvalSpec.model_validate(json.loads(text))
    except (ValueError, ValidationError, RecursionError) as error:
        raise DataError(f"{folder / SPEC} is no evaluation: {error!s:.200}.", hint="Begin a new one.") from error
    if spec.version != 1:
        raise EvalsError(f"{folder / SPEC} has version {spec.version}; this Foreplan knows 1.", hint="Use a newer one.")
    return spec


def records_of(home: Path, named: str) -> tuple[EvalRecord, ...]:
    """The records of an evaluation, named by its id, its folder or a file of records.

    Raises:
        DataError: when there is no such thing, or it has no records.
        StorageError: when they cannot be read.
    """
    if Path(named).is_file():
        return read_records(named)
    return read_records(folder_of(home, named) / RECORDS)
