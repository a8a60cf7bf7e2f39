"""Bench `artifacts`: 10,000 texts of 20 kB put and got, in a folder and in SQLite, beside plain files with a sync.

Out come the p95 of one `put` and one `get` in milliseconds and the space on disk of the closed store over the bytes of
unique content, of each store; at the top the worse of the two. A fifth of the puts repeat an earlier text.
"""

from __future__ import annotations

import hashlib
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from foreplan.memory.artifacts import FolderArtifacts, SqliteArtifacts, StoredArtifacts

TEXTS = 10_000
TEXT_BYTES = 20_000
REPEATED = 0.2
WARM_UP = 50


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Measure both stores. `data` is not used: the texts are generated; `quick` makes them 500."""
    texts = _texts(500 if quick else TEXTS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stores = {
            "folder": _measure(FolderArtifacts(folder / "folder"), folder / "folder", texts),
            "sqlite": _measure(SqliteArtifacts(folder / "sqlite" / "a.sqlite"), folder / "sqlite", texts),
        }
        baseline = _percentiles(_timed([partial(_plain_put, folder, text) for text in texts[:1_000]]))
    worst = {key: max(store[key] for store in stores.values()) for key in ("put_p95_ms", "get_p95_ms", "size_ratio")}
    return {"texts": len(texts), **worst, "stores": stores, "plain_file_put_ms": baseline}


def _texts(count: int) -> list[str]:
    chance = random.Random(7)
    unique = [chance.randbytes(TEXT_BYTES // 2).hex() for _ in range(int(count * (1 - REPEATED)))]
    texts = unique + chance.choices(unique, k=count - len(unique))
    chance.shuffle(texts)
    return texts


def _measure(store: StoredArtifacts, folder: Path, texts: list[str]) -> dict[str, Any]:
    print(f"artifacts: {len(texts)} puts and gets, {store}", file=sys.stderr)
    view = store.for_run("bench")
    warm_up = [view.put(f"warm up {number}") for number in range(WARM_UP)]
    for sha256 in warm_up:
        view.get(sha256)
    puts = _timed([partial(view.put, text) for text in texts])
    hashes = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    random.Random(8).shuffle(hashes)
    gets = _timed([partial(view.get, sha256) for sha256 in hashes])
    store.close()
    size = _bytes_on_disk(folder)
    put_ms, get_ms = _percentiles(puts), _percentiles(gets)
    return {
        "put_p95_ms": put_ms["p95"], "get_p95_ms": get_ms["p95"],
        "size_ratio": round(size / sum(map(len, set(texts))), 4), "put_ms": put_ms, "get_ms": get_ms,
    }  # fmt: skip


def _timed(calls: list[Callable[[], Any]]) -> list[float]:
    seconds = []
    for call in calls:
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return seconds


def _percentiles(seconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100)
    return {name: round(cuts[at - 1] * 1e3, 3) for name, at in (("p50", 50), ("p95", 95), ("p99", 99))}


def _plain_put(folder: Path, text: str) -> None:
    with (folder / f"plain-{time.perf_counter_ns()}").open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _bytes_on_disk(folder: Path) -> int:
    """Space taken on disk, as `du` counts it where the system tells blocks."""
    stats = [folder.stat(), *(path.stat() for path in folder.rglob("*"))]
    return sum(stat.st_blocks * 512 if hasattr(stat, "st_blocks") else stat.st_size for stat in stats)
