"""Outputs a second and core by each grader that asks no model: string checks, similarities, plan graders.

Answers have 60 words and plans 12 subtasks; eight outputs go with an item, and no output is graded twice. Seconds are
those of the processor, so that a busy machine changes little. Beside them in the same run: `difflib`, what a similarity
costs with the standard library.
"""

from __future__ import annotations

import asyncio
import difflib
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, get_args

from foreplan.bench._graded import Case, answers, plans
from foreplan.evals.errors import MissingExtra
from foreplan.evals.graders.base import CodeGrader, Grader
from foreplan.evals.graders.load import grader_from
from foreplan.evals.graders.own import own_grader
from foreplan.evals.graders.spec import Metric

ROUNDS = 5
CASES = 400
QUICK_CASES = 40
PLAN_GRADERS = ("plan_valid", "plan_match", "critical_path")

Made: TypeAlias = tuple[Grader, Callable[[int, int], list[Case]]]
"""A grader, and what makes cases for it from a count and a seed."""


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Grade with each grader; medians of rounds.

    Args:
        data: not used, the outputs are generated.
        quick: a tenth of the outputs, and one round.

    Returns:
        `per_s`: outputs a second by grader (`plan_…` of plans as JSON, `plan_…_compact` of the compact form);
        `slowest`: the grader with the fewest; `missing`: those whose library is not installed; `difflib_per_s`.
    """
    size = (QUICK_CASES, 1) if quick else (CASES, ROUNDS)
    made, missing = _graders()
    per_s = {name: _per_s(grader, cases, *size) for name, (grader, cases) in made.items()}
    for name, rate in per_s.items():
        print(f"{name}: {rate:,.0f}/s", file=sys.stderr)
    return {
        "per_s": per_s,
        "slowest": min(per_s, key=per_s.__getitem__),
        "missing": missing,
        "difflib_per_s": _per_s(CodeGrader("difflib", _by_difflib), answers, *size),
    }


def _graders() -> tuple[dict[str, Made], list[str]]:
    made: dict[str, Made] = {}
    missing = []
    for operation in ("eq", "ne", "like", "ilike"):
        made[f"string_check_{operation}"] = (_of_text("string_check", operation=operation), answers)
    for metric in get_args(Metric):
        if metric in ("cosine", "meteor"):
            continue
        try:
            made[metric] = (_of_text("text_similarity", evaluation_metric=metric), answers)
        except MissingExtra:
            missing.append(metric)
    for name in PLAN_GRADERS:
        made[name] = (own_grader(name), partial(plans, compact=False))
        made[f"{name}_compact"] = (own_grader(name), partial(plans, compact=True))
    return made, missing


def _of_text(kind: str, **how: str) -> Grader:
    return grader_from(
        {"type": kind, "name": kind, "input": "{{sample.output_text}}", "reference": "{{item.answer}}", **how}
    )


def _per_s(grader: Grader, cases: Callable[[int, int], list[Case]], count: int, rounds: int) -> float:
    return asyncio.run(_measured(grader, cases, count, rounds))


async def _measured(grader: Grader, cases: Callable[[int, int], list[Case]], count: int, rounds: int) -> float:
    """The median of the rounds after a first one that warms up."""
    rates = []
    for turn in range(rounds + 1):
        outputs = cases(count, turn)
        began = time.process_time()
        for item, sample in outputs:
            grade = await grader.grade(item, sample)
        rates.append(count / (time.process_time() - began))
        if grade.errors:
            raise RuntimeError(f"{grader.name} graded nothing: {grade.errors[0]}")
    return round(statistics.median(rates[1:]), 1)


def _by_difflib(item: Any, sample: Any) -> float:
    return difflib.SequenceMatcher(None, sample.text, item["answer"], autojunk=False).ratio()
