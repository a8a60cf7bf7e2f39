"""`multihop`: questions over documents (MuSiQue, HotpotQA, FanOutQA), graded by answer.

Plans are graded beside, where the set knows the parts: coverage, dependencies and redundancy in one figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

from ...memory.documents.base import Document
from ..data.base import Row
from ..graders.own import own_grader
from .base import EvalTask
from .items import ANSWER_LINE, SOURCES, brief_of, gold_of, rows_in

NAME = "multihop"
OTHERS = 9
"""Where a question needs all its documents, those of so many other questions are beside them."""


def tasks(data: Sequence[Path], limit: int | None) -> list[EvalTask]:
    """Rows with documents and an answer."""
    rows = rows_in(data, NAME, _usable, None)
    return [_task(rows, place) for place in range(len(rows[:limit]))]


def _usable(row: Row) -> bool:
    return bool(row.get("docs")) and row.get("answer") not in (None, "")


def _task(rows: Sequence[Row], place: int) -> EvalTask:
    row = rows[place]
    one = isinstance(row["answer"], str | int | float)
    gold = gold_of(row)
    return EvalTask(
        id=row["id"],
        brief=brief_of(
            row, goal=row["question"], return_format=ANSWER_LINE if one else "", sources=(SOURCES,), length="short"
        ),
        item={name: value for name, value in row.items() if name != "docs"},
        grader=own_grader("answer_match") if one else own_grader("gold_facts", kind="answer"),
        beside={"plan": own_grader("plan_match")} if gold else {},
        documents=_documents(rows, place),
        solved_by="em" if one else "reward",
        difficulty=float(len(row["subtasks"])) if gold else None,
        gold=gold,
    )


def _documents(rows: Sequence[Row], place: int) -> tuple[Document, ...]:
    own = rows[place]["docs"]
    others: list[int] = []
    if all(doc.get("supporting") for doc in own):
        numbers = [at for at in range(len(rows)) if at != place]
        others = Random(place).sample(numbers, min(OTHERS, len(numbers)))  # noqa: S311 - a reproducible draw
    docs = [*own, *(doc for at in others for doc in rows[at]["docs"])]
    return tuple(Document(str(doc["title"]), str(doc["text"]), str(doc["id"])) for doc in docs)
