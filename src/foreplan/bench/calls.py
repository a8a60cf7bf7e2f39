"""A 12-subtask, 4-level job on the latency server: facts found, model calls, prompt overhead, wall time.

The scripted worker states a fact only if its page and its parents' values are in the prompt, so a fact in the report
has come all the way. `wall_ratio` is against plan + critical path + report with nothing in between.
"""

from __future__ import annotations

import asyncio
import re
import statistics
from pathlib import Path
from typing import Any

from foreplan.bench._job import Played, play
from foreplan.core.testing.latency import Timing
from foreplan.core.testing.research import ResearchJob
from foreplan.core.testing.tokens import count_tokens

PLAN_S, REPORT_S = 2.0, 2.0
WORKER_S = (0.5, 1.5)
REPEATS = 3

_EVIDENCE = re.compile(r"<data [^>]+>.*?</data>", re.DOTALL)


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Worst of the repeats for what must hold in each, the median for wall time.

    Args:
        data: not used, the job is made from a seed.
        quick: one repeat.

    Returns:
        `facts` and `facts_wanted`, `calls`, `subtasks`, `overhead_tokens` (mean prompt tokens of a worker's call beyond
        the documents shown in it, tool schemas counted), `wall_ratio`, and the parts it is made of in seconds.
    """
    jobs = [_job(seed) for seed in range(1 if quick else REPEATS)]
    played = [asyncio.run(play(job)) for job in jobs]
    bounds = [PLAN_S + job.critical_path_s + REPORT_S for job in jobs]
    ratios = [each.wall_s / bound for each, bound in zip(played, bounds, strict=True)]
    return {
        "facts": min(len(job.found(_report(each))) for job, each in zip(jobs, played, strict=True)),
        "facts_wanted": len(jobs[0].facts),
        "calls": max(len(each.log) for each in played),
        "subtasks": jobs[0].subtasks,
        "overhead_tokens": statistics.mean(overhead for each in played for overhead in _overheads(each)),
        "wall_ratio": statistics.median(ratios),
        "wall_s": [each.wall_s for each in played],
        "bound_s": bounds,
        "tokens": max(each.result.usage.total_tokens for each in played),
    }


def _job(seed: int) -> ResearchJob:
    return ResearchJob(
        subtasks=12,
        levels=4,
        seed=seed,
        planner=Timing(total_s=PLAN_S),
        worker_s=WORKER_S,
        writer=Timing(total_s=REPORT_S),
    )


def _report(played: Played) -> str:
    return played.result.report.markdown if played.result.report else ""


def _overheads(played: Played) -> list[int]:
    """Of each worker call: its prompt tokens without those of the documents shown in it."""
    return [call.prompt_tokens - _evidence_tokens(call.messages) for call in played.calls("worker")]


def _evidence_tokens(messages: Any) -> int:
    shown = [found for message in messages for found in _EVIDENCE.findall(str(message.get("content") or ""))]
    return sum(count_tokens(each) for each in shown)
