"""Facts that survive compression at 4, 8, 16 and 32 times, and whether they can be read there; beside three baselines.

Each question is asked of its paragraphs. It counts as kept when a sentence of its supporting paragraph that holds the
gold answer is in what the next subtask sees. Sizes are bytes of text; every method gets the same.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from foreplan.bench._facts import Asked, generated_facts, holds, read_facts
from foreplan.bench._selections import Line, by_bm25, by_centrality, byte_size, lines_of, within
from foreplan.memory.compress.base import Excerpt
from foreplan.memory.compress.extractive import extract
from foreplan.memory.text.spans import Span

DATA = "musique"
"""The data set that the promised numbers are about."""

RATIOS = (4, 8, 16, 32)
READ = 3
"""The probe's reader quotes so many claims, the first of the digest, and no more."""
_SAME = 0.8
"""A kept sentence is a gold one when they have this much in common: sets cut sentences each in their own way."""


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Recall of each method at each ratio.

    Args:
        data: folder with `tasks.jsonl`, or that file; generated documents are measured in every case.
        quick: the first tenth of the questions.

    Returns:
        `recall`, `head`, `bm25`, `centrality` and `probe`, each by ratio, of `data` or, without it, of generated
        documents; `questions`, and how many are `unanswerable` word by word; `generated`, the same of generated ones.
        Without networkx `centrality` is empty and `not_measured` says why.
    """
    generated = _measure(_part(generated_facts(), quick))
    if data is None:
        return generated
    asked = read_facts(data)
    if not asked:
        raise ValueError(f"{data} has no question whose answer could be looked for")
    return _measure(_part(asked, quick)) | {"generated": generated}


def _part(asked: list[Asked], quick: bool) -> list[Asked]:
    return asked[: max(1, len(asked) // 10)] if quick else asked


def _measure(asked: Sequence[Asked]) -> dict[str, Any]:
    names = ["recall", "head", "bm25", "centrality", "probe"]
    found: dict[str, dict[str, float]] = {name: {} for name in names}
    missing = _not_measured()
    for name, reason in missing.items():
        print(f"{name} {reason}", file=sys.stderr)
    names = [name for name in names if name not in missing]
    for ratio in RATIOS:
        hits = dict.fromkeys(names, 0)
        for each in asked:
            for name, hit in _one(each, ratio, central="centrality" in names).items():
                hits[name] += hit
        for name in names:
            found[name][str(ratio)] = round(hits[name] / len(asked), 4)
        print(f"{ratio}x: " + ", ".join(f"{name} {found[name][str(ratio)]:.3f}" for name in names), file=sys.stderr)
    counts = {"questions": len(asked), "unanswerable": sum(not each.gold for each in asked)}
    return {**found, **counts, **({"not_measured": missing} if missing else {})}


def _not_measured() -> dict[str, str]:
    """The baselines that this installation cannot run, and what they lack. All else needs the core install only."""
    if find_spec("networkx") is not None:
        return {}
    return {"centrality": "needs the library networkx; install it with: pip install 'foreplan[dev]'"}


def _one(asked: Asked, ratio: int, *, central: bool) -> dict[str, bool]:
    """Which methods keep the fact of one question."""
    cap = sum(byte_size(excerpt.text) for excerpt in asked.excerpts) // ratio
    lines = _lines(asked.excerpts)
    kept = _compressed(asked, cap)
    in_order, bm25 = range(len(lines)), by_bm25(asked.question, lines)
    found = {
        "recall": _keeps(asked, kept),
        "head": _keeps(asked, within(lines, in_order, cap, stop=True)),
        "bm25": _keeps(asked, within(lines, bm25, cap)),
        "probe": _answers(asked, kept),
    }
    if central:
        found["centrality"] = _keeps(asked, within(lines, _central(asked.excerpts), cap))
    return found


def _compressed(asked: Asked, cap: int) -> list[Line]:
    """What the extractive compressor keeps, as sentences of the paragraphs."""
    claims = extract(asked.question, asked.excerpts, cap, byte_size)
    if byte_size("\n".join(claim.text for claim in claims)) > cap:
        raise AssertionError("the compressor exceeded its size")
    refs = [(int(claim.evidence[0].artifact, 16), claim.evidence[0], claim.text) for claim in claims]
    return [Line(number, Span(ref.start, ref.end), text, asked.excerpts[number].title) for number, ref, text in refs]


def _keeps(asked: Asked, kept: Sequence[Line]) -> bool:
    return any(line.paragraph == number and _same(line.span, gold) for line in kept for number, gold in asked.gold)


def _same(left: Span, right: Span) -> bool:
    common = min(left.end, right.end) - max(left.start, right.start)
    return common >= _SAME * min(left.end - left.start, right.end - right.start)


def _answers(asked: Asked, kept: Sequence[Line]) -> bool:
    """Whether a reader that sees only the digest, and quotes its first claims, quotes the answer."""
    read = kept[:READ]
    return any(holds(line.text, asked.answer) for line in read) if asked.answer else _keeps(asked, read)


@lru_cache(maxsize=4)
def _lines(excerpts: tuple[Excerpt, ...]) -> list[Line]:
    return lines_of(excerpts)


@lru_cache(maxsize=1_000)
def _central(excerpts: tuple[Excerpt, ...]) -> list[int]:
    return by_centrality(_lines(excerpts))
