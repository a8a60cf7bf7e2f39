"""Indexing 10,000 short documents from a folder, and searching them, beside SQLite's own full text in the same run.

The documents are files, read, cut, stored and indexed as a user's are. The words are drawn from a Zipf-like
distribution, so that common and rare ones occur as in prose.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from foreplan.memory.documents.index import DocumentIndex

DOCUMENTS = 10_000
QUERIES = 1_000
REPEATS = 3


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Medians over repetitions; a fresh index each time.

    Args:
        data: not used, the documents are generated.
        quick: a tenth of the documents and queries, once.

    Returns:
        `index_s` and `index_s_spread` (seconds for all documents, largest minus smallest), `query_p50_ms` and
        `query_p95_ms`, `unchanged_s` (an update that finds nothing new), `documents`, and `sqlite_index_s` and
        `sqlite_query_p95_ms` of the baseline, which gets the texts ready in memory.
    """
    scale = 10 if quick else 1
    texts = _texts(DOCUMENTS // scale)
    queries = _queries(texts, QUERIES // scale)
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(folder, "sources")
        sources.mkdir()
        for number, text in enumerate(texts):
            (sources / f"note {number}.txt").write_text(text, encoding="utf-8")
        turns = [_turn(Path(folder, f"index {turn}"), sources, queries) for turn in range(1 if quick else REPEATS)]
    seconds = [turn["index_s"] for turn in turns]
    numbers: dict[str, Any] = {name: statistics.median(turn[name] for turn in turns) for name in turns[0]}
    return {
        **numbers,
        "index_s_spread": max(seconds) - min(seconds),
        "documents": len(texts),
        **_sqlite(texts, queries),
    }


def _turn(folder: Path, sources: Path, queries: list[str]) -> dict[str, float]:
    index = DocumentIndex.open(folder)
    try:
        began = time.perf_counter()
        index.update([sources])
        indexed = time.perf_counter()
        index.update([sources])
        unchanged = time.perf_counter()
        latencies = _latencies(index.search, queries)
    finally:
        index.close()
    return {
        "index_s": indexed - began,
        "unchanged_s": unchanged - indexed,
        "query_p50_ms": _percentile(latencies, 50),
        "query_p95_ms": _percentile(latencies, 95),
    }


def _sqlite(texts: list[str], queries: list[str]) -> dict[str, float]:
    """The baseline: FTS5 with its Porter stemmer, in memory, any of the words, ranked."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE notes USING fts5(text, tokenize = 'porter unicode61')")
    began = time.perf_counter()
    database.executemany("INSERT INTO notes VALUES (?)", ((text,) for text in texts))
    database.commit()
    seconds = time.perf_counter() - began

    def search(query: str) -> object:
        words = " OR ".join(f'"{word}"' for word in query.split())
        return database.execute("SELECT text FROM notes WHERE notes MATCH ? ORDER BY rank LIMIT 6", (words,)).fetchall()

    latencies = _latencies(search, queries[: max(1, len(queries) // 10)])
    database.close()
    return {"sqlite_index_s": seconds, "sqlite_query_p95_ms": _percentile(latencies, 95)}


def _latencies(search: Callable[[str], object], queries: list[str]) -> list[float]:
    """Milliseconds of each query, after a warm-up of a few."""
    for query in queries[:20]:
        search(query)
    found = []
    for query in queries:
        began = time.perf_counter()
        search(query)
        found.append((time.perf_counter() - began) * 1e3)
    return found


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def _texts(count: int) -> list[str]:
    """Documents of 40 to 160 words."""
    rng = random.Random(0)
    vocabulary = ["".join(rng.choices("abcdefghiklmnoprstuvw", k=rng.randint(3, 10))) for _ in range(20_000)]
    return [
        " ".join(vocabulary[min(19_999, int(rng.paretovariate(0.7)))] for _ in range(rng.randint(40, 160)))
        for _ in range(count)
    ]


def _queries(texts: list[str], count: int) -> list[str]:
    """Queries of 3 to 12 words that stand together in some document."""
    rng = random.Random(1)
    found = []
    for _ in range(count):
        words = rng.choice(texts).split()
        start = rng.randrange(len(words) - 12)
        found.append(" ".join(words[start : start + rng.randint(3, 12)]))
    return found
