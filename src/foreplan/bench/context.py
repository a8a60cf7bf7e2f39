"""What models see after 10, 100 and 1,000 finished subtasks: a subtask, the reviser, each writer call; and memory used.

The whole path runs (plan, tools, artifacts in files, digests, revision, report), with models of the testing kit behind
it. A size is a process of its own, so that its resident memory is its own too.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from foreplan.agents.context import Context
from foreplan.agents.result import RunResult
from foreplan.agents.run import run as run_brief
from foreplan.agents.writers.model import WINDOW_TOKENS
from foreplan.bench._stations import Seen, models, plan_of, web_tool
from foreplan.core.limits import Limits
from foreplan.planner.brief import Brief
from foreplan.planner.outcomes import PROMPT_TOKENS

SIZES, QUICK_SIZES = (10, 100, 1_000), (10, 100)
PAGE_CHARS, LARGE_PAGE_CHARS = 20_000, 100_000
RUN_TOKENS_A_SUBTASK = 8_000


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Tokens as the testing kit counts them.

    Args:
        data: not used, the job is made from a seed.
        quick: no job of 1,000.

    Returns:
        By number of finished subtasks: `tokens_at` (the prompt of one subtask with the same five parents), `spread`
        (its largest over its smallest, less 1), `reviser_at` and `writer_at` (largest prompt, its budget, calls),
        `citations_lost_at` (evidence of claims that the report does not cite), `rss_mb_at` (peak), `digests_mb_at`,
        `artifacts_mb_at`; and `rss_mb_large`, `artifacts_mb_large` of the largest job with artifacts five times larger.
    """
    sizes = QUICK_SIZES if quick else SIZES
    rows = {str(size): _apart(size, PAGE_CHARS) for size in sizes}
    large = _apart(sizes[-1], LARGE_PAGE_CHARS)
    numbers: dict[str, Any] = {name: {size: row[name] for size, row in rows.items()} for name in rows[str(sizes[0])]}
    tokens = numbers["tokens_at"].values()
    return {
        **numbers,
        "spread": max(tokens) / min(tokens) - 1,
        "rss_mb_large": large["rss_mb_at"],
        "artifacts_mb_large": large["artifacts_mb_at"],
    }


def _apart(size: int, page_chars: int) -> dict[str, Any]:
    print(f"{size} subtasks, pages of {page_chars:,} characters", file=sys.stderr)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measure, size, page_chars).result()


def _measure(size: int, page_chars: int) -> dict[str, Any]:
    seen = Seen()
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(_play(size, page_chars, seen, Path(folder)))
        artifacts = sum(file.stat().st_size for file in Path(folder).glob("runs/*/artifacts/**/*") if file.is_file())
    return {
        "tokens_at": seen.probe[0],
        "reviser_at": {"tokens": max(seen.planner), "budget": PROMPT_TOKENS, "calls": len(seen.planner)},
        "writer_at": {"tokens": max(seen.writer), "budget": WINDOW_TOKENS, "calls": len(seen.writer)},
        "citations_lost_at": _citations_lost(result),
        "rss_mb_at": _peak_mb(),
        "digests_mb_at": sum(len(digest.model_dump_json()) for digest in result.digests) / 1e6,
        "artifacts_mb_at": artifacts / 1e6,
    }


async def _play(size: int, page_chars: int, seen: Seen, home: Path) -> RunResult:
    context = Context(
        models=models(seen),
        tools=(web_tool(page_chars),),
        limits=Limits(tokens=RUN_TOKENS_A_SUBTASK * max(size, 20)),
    )
    brief = Brief(goal="What do the stations keep and send?", length="long")
    return await run_brief(brief, context=context, home=home, plan=plan_of(size))


def _citations_lost(result: RunResult) -> int:
    wanted = {ref for digest in result.digests for claim in digest.claims if claim.supported for ref in claim.evidence}
    cited = {citation.ref for citation in result.report.citations} if result.report else set()
    return len(wanted - cited)


def _peak_mb() -> float:
    """The most memory that this process has held."""
    import resource  # not there on Windows, where the list of benchmarks has to load all the same

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
