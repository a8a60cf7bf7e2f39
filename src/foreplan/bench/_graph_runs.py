"""Plans of the world `fanout` carried out by the real graph: plans go in, what came of them comes out as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from foreplan.evals.worlds.base import Problem
from foreplan.planner.plan import Plan
from foreplan.train.execute.graph import GraphExecutor
from foreplan.train.planner.prompt import json_text
from foreplan.train.rollout import Episode, Rollout
from foreplan.train.watch import forecasts


class Counting:
    """The graph as an executor, every plan run under its budgets and without caps; counts the runs."""

    def __init__(self) -> None:
        """Nothing has been run."""
        self._graph = GraphExecutor(audit_share=1.0)
        self.runs = 0

    def execute(self, problem: Problem, rollouts: Sequence[Rollout], *, seed: int) -> list[Episode]:
        """An episode for each rollout; those of equal plans are run once."""
        episodes = self._graph.execute(problem, rollouts, seed=seed)
        apart = {each.rollout.text: len(each.outcomes) + len(each.audits) for each in episodes}
        self.runs += sum(apart.values())
        return episodes


def scored(problems: Sequence[Problem], rollouts: Sequence[Rollout]) -> dict[str, float]:
    """What came of one plan for each problem, on average; a text that is no plan scores 0."""
    executor = GraphExecutor(audit_share=1.0)
    episodes = [
        executor.execute(problem, [rollout], seed=0)[0] for problem, rollout in zip(problems, rollouts, strict=True)
    ]
    planned = [each for each in episodes if each.rollout.plan is not None and each.problem.parts]
    errors = [(said - came) ** 2 for each in planned for said, came in list(forecasts(each))[1:]]
    return {
        "score": fmean(each.outcomes[0].grade.reward if each.outcomes else 0.0 for each in episodes),
        "coverage": fmean(each.match.coverage for each in planned) if planned else 0.0,
        "dep_f1": fmean(each.match.edge_f1 for each in planned) if planned else 0.0,
        "filler": fmean(len(each.match.extra) for each in planned) if planned else 0.0,
        "brier": fmean(errors) if errors else 1.0,
        "unreadable": fmean(each.rollout.plan is None for each in episodes),
    }


def scored_plans(problems: Sequence[Problem], plans: Sequence[Plan]) -> dict[str, float]:
    """The same for plans that nobody sampled."""
    texts = map(json_text, plans)
    return scored(problems, [Rollout((), (), (), (), text, plan) for text, plan in zip(texts, plans, strict=True)])
