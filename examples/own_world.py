"""A world of your own: planning problems from seeds, graded without any model.

    python examples/own_world.py 7

Each step adds to what the step before has found. Elsewhere it goes by the name `own_world:Ladder`.
"""

from __future__ import annotations

import re
import sys

from foreplan.evals.worlds.base import Outcome, Part, Problem
from foreplan.evals.worlds.draw import draw_for
from foreplan.evals.worlds.structure import best_plan, simulate
from foreplan.planner.brief import Brief
from foreplan.planner.plan import Plan, Subtask


class Ladder:
    """Steps that are taken one after the other; the dial `steps` says how many."""

    name = "ladder"

    def problem(self, seed: int, *, steps: float = 4) -> Problem:
        """Equal seeds give equal problems: all chance comes from `draw_for`."""
        draw = draw_for(self.name, seed)
        total = draw.randrange(100)
        parts = [Part(id="step1", goal=f"step1: begin with {total}.", difficulty=0.1, answer=str(total))]
        for number in range(2, int(steps) + 1):
            more, before = draw.randrange(2, 100), f"step{number - 1}"
            total += more
            goal = f"step{number}: add {more} to the result of {before}."
            parts.append(Part(id=f"step{number}", goal=goal, depends_on=(before,), difficulty=0.1, answer=str(total)))
        brief = Brief(goal=f"What is the result of {parts[-1].id}?", context="\n".join(part.goal for part in parts))
        return Problem(world=self.name, seed=seed, brief=brief, parts=tuple(parts), answer=str(total))

    def best_plan(self, problem: Problem) -> Plan:
        """One subtask a step."""
        return best_plan(problem, {part.id: part.goal for part in problem.parts}, "compute", {})

    def outcome(self, problem: Problem, plan: Plan, *, draw: int = 0) -> Outcome:
        """What comes of a plan whose subtasks name the steps they take."""
        ids = {part.id for part in problem.parts}

        def named(subtask: Subtask, known: frozenset[str]) -> set[str]:
            return ids.intersection(re.findall(r"step\d+", subtask.goal))

        return simulate(problem, plan, named, draw=draw)


if __name__ == "__main__":
    world = Ladder()
    problem = world.problem(int(*sys.argv[1:]))
    plan = world.best_plan(problem)
    hasty = plan.model_copy(update={"subtasks": (plan.subtasks[-1].model_copy(update={"depends_on": ()}),)})
    for name, each in (("best plan", plan), ("all steps in one", hasty)):
        outcome = world.outcome(problem, each)
        print(f"{name}: reward {outcome.grade.reward:.2f}, regret ${outcome.best - outcome.utility:.4f}")
