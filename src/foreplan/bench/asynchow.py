"""Shortest time of AsyncHow's plans as our critical path tells it, against the published optimal time.

A task's subtasks and their dependencies are a graph, each subtask weighing its minutes; the shortest time in which all
can be done, with as many hands as are needed, is the heaviest chain: `planner.dag.critical_path` over the subtasks in
an order that `planner.dag.ordered` gives. Minutes are given as [low, high]; both ends are computed and must be equal
to the published ones. Tasks whose published time contradicts their own graph come out as exceptions, by id; none is
treated in a way of its own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foreplan.planner import dag

DATA = "asynchow"


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Compare the times of all tasks.

    Args:
        data: folder with `tasks.jsonl`, or that file.
        quick: the first 200 tasks.

    Returns:
        `equal`: tasks whose times agree; `items`: tasks; `exceptions`: ids of those that do not.
    """
    if data is None:
        raise ValueError("asynchow needs the data set: --data DIR, a folder with tasks.jsonl")
    with (data / "tasks.jsonl" if data.is_dir() else data).open(encoding="utf-8") as lines:
        tasks = [json.loads(line) for line in lines if line.strip()]
    tasks = tasks[:200] if quick else tasks
    exceptions = [task["id"] for task in tasks if not agrees(task)]
    return {"equal": len(tasks) - len(exceptions), "items": len(tasks), "exceptions": exceptions}


def agrees(task: Mapping[str, Any]) -> bool:
    """Whether a task's published minutes are those of its graph."""
    return all(math.isclose(minutes_of(task, end), task["answer"]["min_minutes"][end], rel_tol=1e-9) for end in (0, 1))


def minutes_of(task: Mapping[str, Any], end: int) -> float:
    """The length of the critical path in minutes, with the low (0) or the high (1) end of all durations."""
    given = {subtask["id"]: subtask["depends_on"] for subtask in task["subtasks"]}
    weight = {subtask["id"]: subtask["duration_minutes"][end] for subtask in task["subtasks"]}
    return dag.critical_path({name: given[name] for name in dag.ordered(given)}, weight).length
