"""`pddl`: 1 when the output's plan can be carried out step by step and reaches the goal, else 0.

Reads of the item: `domain_pddl` and `problem_pddl`, or `question` in PlanBench's words. The plan is actions such as
`(stack a b)`, or PlanBench's sentences, after the last "[PLAN]" if there is one; other text is passed over. It is
simulated by unified-planning (Micheli et al. 2025), so any valid plan is right, not the gold one alone. Beside the
reward: `executed`, the share of steps before the first that cannot be done, and `goals`, the share of goals then true.
"""

from __future__ import annotations

import importlib
import itertools
from functools import lru_cache
from typing import Any

from ..errors import MissingExtra
from .base import CodeGrader, Grader, GradingFault, Item, Sample
from .fields import bounded_text, field
from .planbench import Problem, actions_in, problem_of

MAX_PLAN_CHARS = 200_000
MAX_STEPS = 1_000


class Simulation:
    """One problem in unified-planning's form, in which plans are tried out."""

    def __init__(self, text: Problem) -> None:
        """Read the problem.

        Raises:
            GradingFault: when the PDDL cannot be read.
        """
        reader = importlib.import_module("unified_planning.io").PDDLReader()
        try:
            self._problem = reader.parse_problem_string(text.domain, text.problem)
        except Exception as error:  # The reader raises whatever its parser does; the item is at fault.
            raise GradingFault(
                f"the item's PDDL cannot be read ({type(error).__name__}: {str(error)[:150]})"
            ) from error
        engines = importlib.import_module("unified_planning.engines")
        self._simulator = engines.UPSequentialSimulator(self._problem, error_on_failed_checks=False)
        self._goals = len(self._simulator.get_unsatisfied_goals(self._simulator.get_initial_state())) or 1

    def run(self, steps: list[tuple[str, ...]]) -> tuple[int, float]:
        """How many steps can be done one after the other, and the share of goals that hold then."""
        state, done = self._simulator.get_initial_state(), 0
        for step in steps:
            following = self._apply(state, step)
            if following is None:
                break
            state, done = following, done + 1
        missing = len(self._simulator.get_unsatisfied_goals(state))
        return done, max(0.0, 1 - missing / self._goals)

    def _apply(self, state: Any, step: tuple[str, ...]) -> Any:
        """The state after a step; None when there is no such action or object, or it cannot be done."""
        name, *names = step
        if not self._problem.has_action(name) or not all(map(self._problem.has_object, names)):
            return None
        action = self._problem.action(name)
        objects = [self._problem.object(each) for each in names]
        fits = len(objects) == len(action.parameters) and all(
            parameter.type.is_compatible(each.type) for parameter, each in zip(action.parameters, objects, strict=True)
        )
        return self._simulator.apply(state, action, tuple(objects)) if fits else None


@lru_cache(maxsize=64)
def _simulation(text: Problem) -> Simulation:
    return Simulation(text)


def score(item: Item, sample: Sample) -> dict[str, float]:
    """`reward`, `executed` and `goals`.

    Raises:
        GradingFault: when the output has no steps, or the item no problem.
    """
    steps = list(itertools.islice(actions_in(bounded_text(sample.text, MAX_PLAN_CHARS)), MAX_STEPS + 1))
    if not 0 < len(steps) <= MAX_STEPS:
        raise GradingFault(f"the output has {'no' if not steps else f'more than {MAX_STEPS}'} steps of a plan")
    if "problem_pddl" in item:
        text = Problem(str(field(item, "domain_pddl")), str(field(item, "problem_pddl")))
    else:
        text = problem_of(str(field(item, "question")))
    done, goals = _simulation(text).run(steps)
    executed = done / len(steps)
    return {"reward": float(executed == 1.0 and goals == 1.0), "executed": executed, "goals": goals}


def grader() -> Grader:
    """The grader; it has no options.

    Raises:
        MissingExtra: when unified-planning is not installed.
    """
    try:
        importlib.import_module("unified_planning")
    except ImportError as error:
        raise MissingExtra("unified-planning", "Grading PDDL plans", extra="pddl") from error
    return CodeGrader("pddl", score)
