"""`foreplan eval list`: the evaluations below the data home, newest first."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

from foreplan.cli.exits import DONE
from foreplan.cli.given import home_from, settings_from
from foreplan.cli.text import number
from foreplan.evals.records import read_records
from foreplan.evals.tasks.session import RECORDS, evals_in, read_spec


def main(**flags: Any) -> int:
    """Print them.

    Raises:
        DataError: when one cannot be read.
    """
    found = [_row(folder) for folder in evals_in(home_from(flags, settings_from(flags)))]
    if flags["as_json"]:
        print(json.dumps(found))
    for row in found if not flags["as_json"] else ():
        score = "no task is done" if row["score"] is None else f"score {row['score']:.3f}"
        print(f"{row['eval']}  {row['suite']:<9} {row['planner']:<26} {row['done']:>5} done, {score}, ", end="")
        print(f"{number(row['tokens'])} tokens")
    return DONE


def _row(folder: Path) -> dict[str, Any]:
    spec = read_spec(folder)
    file = folder / RECORDS
    records = read_records(file) if file.is_file() and file.stat().st_size else ()
    return {
        "eval": spec.id,
        "suite": spec.suite,
        "planner": spec.planner,
        "done": len(records),
        "score": statistics.fmean(each.score for each in records) if records else None,
        "tokens": sum(each.tokens for each in records),
    }
