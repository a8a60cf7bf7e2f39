"""Recall of the paragraphs that an answer needs, among those that the embedded default cites; no model, no key.

Each question goes through the real graph over its own paragraphs. Beside it in the same run: the six best of a plain
BM25 search for the whole question in the same index.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foreplan.agents.context import Context
from foreplan.agents.graph import build_graph
from foreplan.memory.documents.base import Document
from foreplan.memory.documents.index import DocumentIndex

DATA = "musique"
"""The data set that the promised numbers are about."""

LIMIT = 6
GENERATED = 40


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its paragraphs (their `source` is their id), and the ids of those that its answer needs."""

    text: str
    documents: tuple[Document, ...]
    needed: frozenset[str]


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Means over questions, and the time of one run.

    Args:
        data: folder with `tasks.jsonl`, or that file; without it, generated questions of two hops.
        quick: the first tenth of the questions.

    Returns:
        `recall` and `bm25_recall` (0..1), `cited` (paragraphs on average), `questions`, `run_p50_ms`.

    Raises:
        ValueError: when no question in `data` has paragraphs marked as supporting.
    """
    questions = list(_generated() if data is None else _read(data))
    if not questions:
        raise ValueError(f"{data} has no question with supporting paragraphs")
    if quick:
        questions = questions[: max(1, len(questions) // 10)]
    recalls, plain, cited, times = [], [], [], []
    for question in questions:
        index = DocumentIndex.in_memory(question.documents)
        began = time.perf_counter()
        found = asyncio.run(_cited(question, index))
        times.append((time.perf_counter() - began) * 1e3)
        recalls.append(_recall(question, found))
        plain.append(_recall(question, {passage.source for passage in index.search(question.text, limit=LIMIT)}))
        cited.append(len(found))
        index.close()
    return {
        "recall": statistics.mean(recalls),
        "cited": statistics.mean(cited),
        "bm25_recall": statistics.mean(plain),
        "questions": len(questions),
        "run_p50_ms": statistics.median(times),
    }


async def _cited(question: Question, index: DocumentIndex) -> set[str]:
    """Sources that the report of an embedded run cites."""
    brief = {"goal": question.text, "sources": ["paragraphs"]}
    out = await build_graph().compile().ainvoke({"brief": brief}, context=Context(sources=index))
    return {citation["source"] for citation in out["report"]["citations"]}


def _recall(question: Question, found: set[str]) -> float:
    return len(question.needed & found) / len(question.needed)


def _read(data: Path) -> Iterator[Question]:
    path = data / "tasks.jsonl" if data.is_dir() else data
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            task = json.loads(line)
            documents = tuple(Document(doc["title"], doc["text"], doc["id"]) for doc in task.get("docs", ()))
            needed = frozenset(doc["id"] for doc in task.get("docs", ()) if doc.get("supporting"))
            if needed:
                yield Question(task["question"], documents, needed)


def _generated() -> Iterator[Question]:
    """Two hops over made-up people, towns and firms: the second paragraph has no name of the question in it."""
    rng = random.Random(0)
    for _ in range(GENERATED):
        people, towns, firms = ([_name(rng) for _ in range(10)] for _ in range(3))
        homes, seats = rng.sample(towns, 10), rng.sample(towns, 10)
        documents = [
            Document(
                firm, f"{firm} is a firm that {person} founded in {year}. It has its seat in {seat}.", f"firm {at}"
            )
            for at, (firm, person, seat) in enumerate(zip(firms, people, seats, strict=True))
            for year in [rng.randint(1900, 1999)]
        ] + [
            Document(person, f"{person} was born in {home} and studied law before turning to trade.", f"person {at}")
            for at, (person, home) in enumerate(zip(people, homes, strict=True))
        ]
        wanted = rng.randrange(10)
        text = f"In which town was the founder of {firms[wanted]} born?"
        rng.shuffle(documents)
        yield Question(text, tuple(documents), frozenset((f"firm {wanted}", f"person {wanted}")))


def _name(rng: random.Random) -> str:
    """Two made-up words, capitalised."""
    return " ".join(
        "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(rng.randint(2, 3))).capitalize()
        for _ in range(2)
    )
