"""`math`: word problems with a number as their answer (GSM8K), graded as mathematics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..graders.own import own_grader
from .base import EvalTask
from .items import ANSWER_LINE, rows_in, self_contained

NAME = "math"


def tasks(data: Sequence[Path], limit: int | None) -> list[EvalTask]:
    """Rows with a question and an answer that is one value."""
    rows = rows_in(data, NAME, lambda row: isinstance(row.get("answer"), str | int | float), limit)
    grader = own_grader("math_answer")
    found = []
    for row in rows:
        brief, documents = self_contained(row, ANSWER_LINE)
        found.append(EvalTask(row["id"], brief, row, grader, documents=documents, needs="model"))
    return found
