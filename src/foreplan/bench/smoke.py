"""The suite `smoke`: twenty questions through the real graph with the embedded roles, graded and logged by inspect-ai.

What is measured is everything that `foreplan eval smoke` does once its modules are loaded: making the problems, the
runs with all that they keep on disk, the graders, and the log.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from foreplan.agents.context import Context
from foreplan.evals.records import EvalRecord
from foreplan.evals.tasks.done import Setting
from foreplan.evals.tasks.evaluate import choose, evaluate
from foreplan.evals.tasks.session import EvalSpec

AT_ONCE = 4
QUICK_TASKS = 3


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Run the suite once.

    Returns:
        `seconds`: wall time of all tasks; `tasks`: how many; `score` (0..1): their mean.
    """
    spec = EvalSpec(id="bench", suite="smoke", planner="embedded", limit=QUICK_TASKS if quick else None)
    context = Context()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        chosen = choose(spec, context, None)
        setting = Setting(context, Path(folder), spec.suite, spec.planner)
        found = evaluate(spec, chosen.tasks, setting, concurrency=AT_ONCE, told=_quiet)
        seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "tasks": len(found.records),
        "score": sum(each.score for each in found.records) / len(found.records),
    }


def _quiet(record: EvalRecord) -> None:
    """Nothing is told while time is taken."""
