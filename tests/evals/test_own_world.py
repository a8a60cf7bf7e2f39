"""The example of a user's own world: short, runs as documented, keeps the laws of worlds, loads by its path."""

import subprocess
import sys
from pathlib import Path

import pytest

from foreplan.evals.worlds.registry import world
from foreplan.evals.worlds.structure import rules_of
from foreplan.planner.validate import check_plan

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_it_is_shorter_than_sixty_lines_and_runs():
    example = EXAMPLES / "own_world.py"
    assert len(example.read_text(encoding="utf-8").splitlines()) < 60
    done = subprocess.run([sys.executable, example, "7"], capture_output=True, text=True, check=True)
    assert "best plan: reward 1.00, regret $0.0000" in done.stdout


@pytest.mark.parametrize("seed", range(10))
def test_it_keeps_the_laws_of_worlds(monkeypatch, seed):
    monkeypatch.syspath_prepend(EXAMPLES)
    own = world("own_world:Ladder", steps=6)
    problem = own.problem(seed)
    assert (own.name, len(problem.parts), problem) == ("ladder", 6, own.problem(seed))
    assert len(own.problem(seed, steps=2).parts) == 2
    plan = own.best_plan(problem)
    assert check_plan(plan, rules_of(problem.brief)) == []
    outcome = own.outcome(problem, plan)
    assert (outcome.grade.reward, outcome.utility) == (1, outcome.best)
    cut = plan.model_copy(update={"subtasks": plan.subtasks[:3]})
    assert own.outcome(problem, cut).grade.reward == 0.5
