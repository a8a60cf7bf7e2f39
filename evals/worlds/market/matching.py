"""Which part each subtask of a plan does: a setup and a plan go in, steps come out.

A subtask is matched to a part by the first part's name in its goal. The first subtask that names a part does it; a
further one, and one that names no part (filler: as the easiest part), costs what it costs and is worth nothing. A part
can only be done by a subtask that depends on those which do its parents; else it burns its budget. `attempts`, `select`
and `effort` change nothing here: a token need counts all attempts together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ....planner.plan import Plan, Subtask
from ..base import Problem
from .pool import SimWorker
from .problem import Setup, Spec

_NAME = re.compile(r"[A-Za-z0-9_]+")
_FILLER = Spec("", "research", 1, 1, False, "loglogistic", ())


class Step(NamedTuple):
    """One subtask as it is judged.

    Attributes:
        subtask: as it stands in the plan.
        spec: what is worked on.
        part: its place among the problem's parts; -1 for what is worth nothing.
        worker: who does it.
        declared: places in the plan of the subtasks it depends on.
        inputs: places in the plan of those that do its part's parents; None when it does not depend on all of them.
    """

    subtask: Subtask
    spec: Spec
    part: int
    worker: SimWorker
    declared: tuple[int, ...]
    inputs: tuple[int, ...] | None

    @property
    def partial(self) -> bool:
        """Whether it goes on without inputs."""
        return self.subtask.on_missing == "partial"


def steps(setup: Setup, plan: Plan) -> list[Step]:
    """The plan's subtasks matched to the parts. Dependencies on what does not stand before are passed over."""
    by_name = {spec.name: at for at, spec in enumerate(setup.specs)}
    workers = {each.name: each for each in setup.pool}
    doer: dict[int, int] = {}
    place: dict[str, int] = {}
    found: list[Step] = []
    for at, subtask in enumerate(plan.subtasks):
        named = named_part(subtask.goal, by_name)
        part = -1 if named is None or named in doer else named
        spec = _FILLER if named is None else setup.specs[named]
        declared = tuple(place[each] for each in subtask.depends_on if each in place)
        inputs = tuple(doer.get(parent, -1) for parent in spec.parents)
        found.append(
            Step(
                subtask=subtask,
                spec=spec,
                part=part,
                worker=workers.get(subtask.worker or "", setup.pool[0]),
                declared=declared,
                inputs=inputs if set(inputs) <= set(declared) else None,
            )
        )
        if part >= 0:
            doer[part] = at
        place[subtask.id] = at
    return found


def named_part(goal: str, by_name: Mapping[str, int]) -> int | None:
    """The place of the first part whose name stands in a goal."""
    return next((by_name[word] for word in _NAME.findall(goal) if word in by_name), None)


def answered(problem: Problem, plan: Plan) -> float:
    """1.0 when the plan answers at once, and rightly."""
    return float(problem.answer is not None and plan.mode == "direct" and (plan.answer or "").strip() == problem.answer)
