"""The embedded default on questions of several hops: plan coverage, recall of evidence, F1 of the answer; no model.

Each question goes through the real graph over its own documents. The numbers are a floor to hold planners and models
against, by the same graders: the embedded roles quote what they find and calculate nothing.
"""

from __future__ import annotations

import asyncio
import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foreplan.agents.context import Context
from foreplan.agents.loop import run_graph
from foreplan.agents.result import RunResult
from foreplan.bench._facts import distractors
from foreplan.evals.graders.answer_match import f1, normalised
from foreplan.evals.graders.fields import answer_text
from foreplan.evals.graders.plan_form import parts_of
from foreplan.evals.graders.plan_match import match
from foreplan.evals.worlds.base import Part, held_out
from foreplan.evals.worlds.fanout.world import Fanout
from foreplan.memory.documents.base import Document
from foreplan.memory.documents.index import DocumentIndex
from foreplan.planner.brief import Brief

DATA = "musique"
"""The data set that is measured by `make bench`."""

GENERATED = 60
_SOURCES = ("documents",)


@dataclass(frozen=True)
class Task:
    """A question over documents (their `source` is their id).

    Attributes:
        brief: the question.
        documents: what may be searched.
        needed: ids of the documents that the answer needs.
        parts: the gold DAG; empty where the set has none.
        answers: the forms of the gold answer that are accepted.
    """

    brief: Brief
    documents: tuple[Document, ...]
    needed: frozenset[str]
    parts: tuple[Part, ...]
    answers: tuple[str, ...]


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Means over questions.

    Args:
        data: folder with `tasks.jsonl` in the common shape, or that file; without it, held-out fanout problems.
        quick: the first tenth of the questions.

    Returns:
        `plan_coverage` (0..1, share of gold parts that a subtask is about; None where the set has no parts),
        `evidence_recall` (0..1, share of needed documents that the report cites), `answer_f1` (0..1, words of all that
        the report quotes with those of the answer), `items`, `stated` (0..1, share of answers that are quoted in it).

    Raises:
        ValueError: when no question in `data` has an answer and supporting documents.
    """
    tasks = list(_generated() if data is None else _read(data))
    if not tasks:
        raise ValueError(f"{data} has no question with an answer and supporting documents")
    tasks = tasks[: max(1, len(tasks) // 10)] if quick else tasks
    results = [(task, asyncio.run(_result(task))) for task in tasks]
    covered = [
        match(result.plan.subtasks, task.parts).coverage for task, result in results if task.parts and result.plan
    ]
    return {
        "plan_coverage": statistics.mean(covered) if covered else None,
        "evidence_recall": statistics.mean(_recall(*each) for each in results),
        "answer_f1": statistics.mean(_f1(*each) for each in results),
        "items": len(results),
        "stated": statistics.mean(_stated(*each) for each in results),
    }


async def _result(task: Task) -> RunResult:
    index = DocumentIndex.in_memory(task.documents)
    try:
        return await run_graph(task.brief, run_id="bench", context=Context(sources=index))
    finally:
        index.close()


def _recall(task: Task, result: RunResult) -> float:
    cited = {citation.source for citation in result.report.citations} if result.report else set()
    return len(task.needed & cited) / len(task.needed)


def _f1(task: Task, result: RunResult) -> float:
    return max(f1(_said(result), normalised(answer)) for answer in task.answers)


def _stated(task: Task, result: RunResult) -> bool:
    said = f" {_said(result)} "
    return any(f" {normalised(answer)} " in said for answer in task.answers)


def _said(result: RunResult) -> str:
    """What the report quotes: all that an embedded report says, but for the question in its headings."""
    return normalised(" ".join(citation.quote for citation in result.report.citations) if result.report else "")


def _generated() -> Iterator[Task]:
    """Problems of the fanout world that can be solved and need a plan."""
    world = Fanout()
    for number in range(GENERATED):
        problem = world.problem(held_out(number), direct=0, unsolvable=0)
        sentences = [sentence for part in problem.parts if part.needed for sentence in part.evidence]
        documents = tuple(Document(name, text, name) for name, text in problem.documents.items())
        needed = frozenset(name for name, text in problem.documents.items() if any(each in text for each in sentences))
        yield Task(problem.brief, documents, needed, problem.parts, (problem.answer or "",))


def _read(data: Path) -> Iterator[Task]:
    path = data / "tasks.jsonl" if data.is_dir() else data
    with path.open(encoding="utf-8") as lines:
        tasks = [json.loads(line) for line in lines]
    tasks = [task for task in tasks if task.get("docs")]
    for place, task in enumerate(tasks):
        needed = frozenset(str(doc["id"]) for doc in task["docs"] if doc.get("supporting"))
        answers = tuple(text for each in _accepted(task) if (text := answer_text(each).strip()))
        if needed and answers:
            yield Task(
                brief=Brief(goal=task["question"], sources=_SOURCES),
                documents=tuple(_documents(tasks, place)),
                needed=needed,
                parts=parts_of(task) if task.get("subtasks") else (),
                answers=answers,
            )


def _accepted(task: Mapping[str, Any]) -> list[Any]:
    return [task.get("answer"), *(task.get("answer_aliases") or ())]


def _documents(tasks: Sequence[dict[str, Any]], place: int) -> Iterator[Document]:
    """The item's own documents; where all of them are needed, those of nine other items too."""
    own = tasks[place]["docs"]
    others = distractors(tasks, place) if all(doc.get("supporting") for doc in own) else []
    for doc in (*own, *others):
        yield Document(doc["title"], doc["text"], str(doc["id"]))
