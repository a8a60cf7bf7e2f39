"""`foreplan traces list`: a line or a JSON object for each run, newest first."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

from foreplan.cli.runs import rows_from
from foreplan.cli.text import number, one_line
from foreplan.train.rows.row import TraceRow

GOAL_WIDTH = 60
PROJECT_WIDTH = 24


def main(**flags: Any) -> int:
    """List them; 0."""
    shown = 0
    if flags["as_json"]:
        print(json.dumps([summary(row) for row in rows_from(flags)]))
        return 0
    for row in rows_from(flags):
        print(_line(row))
        shown += 1
    if not shown:
        print("No run fits.", file=sys.stderr)
    return 0


def summary(row: TraceRow) -> dict[str, Any]:
    """What a list says of a run."""
    return {
        "run": row.run,
        "date": _date(row.started).isoformat(timespec="seconds") if row.started else None,
        "project": row.project,
        "state": row.state,
        "score": row.score,
        "verdicts": row.verdicts,
        "spend": {"tokens": row.tokens, "dollars": row.dollars, "calls": row.calls, "seconds": row.seconds},
        "goal": row.goal,
        "path": str(row.trace.parent),
    }


def _line(row: TraceRow) -> str:
    date = f"{_date(row.started):%Y-%m-%d %H:%M}" if row.started else ""
    score = "" if row.score is None else f"{row.score:.2f}"
    spend = f"{number(row.tokens)} tokens" + (f" ${row.dollars:.4f}" if row.dollars else "")
    project = one_line(row.project, PROJECT_WIDTH)
    return (
        f"{one_line(row.run, 40):<32} {date:<16} {one_line(row.state, 10):<10} {score:>4}  {spend:<20} "
        f"{project:<{PROJECT_WIDTH}} {one_line(row.goal, GOAL_WIDTH)}"
    ).rstrip()


def _date(unix_s: float) -> datetime:
    return datetime.fromtimestamp(unix_s).astimezone()
