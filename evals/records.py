"""What an evaluation leaves: one record for each task and epoch, as JSON lines. Metrics and pages read nothing else.

Law: what `write_records` wrote, `read_records` reads back equal; a file with anything else in it is refused with the
line that is wrong, never read in part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, BinaryIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..memory.files import storage_errors, write_atomic
from .errors import DataError

MAX_LINE_BYTES = 16 * 1024 * 1024
"""Room for a plan of the most subtasks there can be."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Tokens = Annotated[int, Field(ge=0, le=10**15)]
Name = Annotated[str, Field(min_length=1, max_length=300)]


class SubtaskRecord(BaseModel):
    """One subtask of the plan: what was forecast of it, and what came of it.

    Attributes:
        id: its id in the plan.
        forecast_success: the chance of success that the planner gave it.
        tokens_p50: the median that the planner forecast, uncapped.
        tokens_p90: the 90 % quantile that it forecast.
        spent_tokens: what it used, all attempts together.
        capped: whether it was cut off at its budget, so that it would have needed more.
        solved: whether it did what it was for.
        depends_on: the subtasks it waited for.
        calls: model calls one after another that it took.
        seconds: wall time from its start to its end.
        used: whether its result, or one that was made from it, stands in the report.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Name
    forecast_success: Share
    tokens_p50: Tokens
    tokens_p90: Tokens
    spent_tokens: Tokens
    capped: bool = False
    solved: bool = False
    depends_on: tuple[Name, ...] = ()
    calls: Tokens = 0
    seconds: Amount = 0.0
    used: bool = True


class EvalRecord(BaseModel):
    """What came of one task in one epoch.

    Attributes:
        task: the task's id, the same for every planner.
        suite: the suite it is of.
        planner: who planned.
        epoch: from 0, where a task is done several times.
        score: the grader's verdict.
        solved: whether that counts as a success.
        forecast_success: the chance that the planner gave the whole plan; None when it forecasts nothing.
        tokens: all that were used: planner, workers and writer, prompts and completions.
        dollars: the price of them.
        seconds: wall time of the run.
        difficulty: from 0 up, where the task's world knows it.
        oracle_tokens: the best budget, where the task's world knows it.
        calls: model calls of planner and writer, which nothing runs beside.
        subtasks: the plan's subtasks, parents first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Name
    suite: Name
    planner: Name
    epoch: Annotated[int, Field(ge=0, le=10**6)] = 0
    score: Share
    solved: bool
    forecast_success: Share | None = None
    tokens: Tokens
    dollars: Amount = 0.0
    seconds: Amount = 0.0
    difficulty: Amount | None = None
    oracle_tokens: Tokens | None = None
    calls: Tokens = 0
    subtasks: tuple[SubtaskRecord, ...] = ()


def read_records(path: Path | str) -> tuple[EvalRecord, ...]:
    """The records of a file, in its order.

    Raises:
        StorageError: when it cannot be read.
        DataError: when it holds no records, or a line that is none.
    """
    with (
        storage_errors(f"read the records {path}", hint="Check the path and that you may read it."),
        Path(path).open("rb") as file,
    ):
        records = tuple(_record(line, f"{path}, line {number}") for number, line in _lines(file))
    if not records:
        raise DataError(f"{path} holds no records.", hint="Make some with: foreplan eval SUITE.")
    return records


def write_records(path: Path | str, records: Sequence[EvalRecord]) -> None:
    """Write records to a file, whole or not at all.

    Raises:
        StorageError: when it cannot be written; what was there before stays.
    """
    text = "".join(f"{record.model_dump_json()}\n" for record in records)
    with storage_errors(f"write the records {path}", hint="Name a folder that exists and that you may write to."):
        write_atomic(Path(path), text.encode())


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise DataError(f"{file.name}, line {number} is longer than {MAX_LINE_BYTES} bytes.")
        if line.strip():
            yield number, line


def _record(line: bytes, where: str) -> EvalRecord:
    try:
        return EvalRecord.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"])) or "the line"
        raise DataError(
            f"{where} is no record of an evaluation: {field}: {first['msg']}.",
            hint="Records are the JSON lines that foreplan eval writes.",
        ) from error
