"""Episodes a second of the market world: a problem is made, a plan for it carried out, and held against the best plan.

Every episode is a new problem, so its best plan is computed too; one process, one core.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

from foreplan.evals.worlds.market.baselines import constant_plan
from foreplan.evals.worlds.market.world import Market, regret

_BUDGET = 1_345


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Medians over repeats, in CPU seconds.

    Args:
        data: not used.
        quick: fewer episodes.

    Returns:
        `episodes_per_s`: problem, plan, outcome and best utility; `spread` between the slowest and the fastest repeat,
        as a share of the median; `expected_per_s`: exact expectations of a plan; `regret_constant`: mean regret of the
        plans, one budget for all parts; `regret_error`: how far the simulated regret is from the exact one.
    """
    episodes = 300 if quick else 3_000
    repeats = [_episodes(start, episodes) for start in range(0, 5 * episodes, episodes)]
    rates = [episodes / seconds for seconds, _, _, _ in repeats[1:]]
    return {
        "episodes_per_s": statistics.median(rates),
        "spread": (max(rates) - min(rates)) / statistics.median(rates),
        "expected_per_s": statistics.median(episodes / seconds for _, seconds, _, _ in repeats[1:]),
        "regret_constant": statistics.fmean(exact for _, _, exact, _ in repeats),
        "regret_error": statistics.fmean(simulated - exact for _, _, exact, simulated in repeats),
    }


def _episodes(start: int, number: int) -> tuple[float, float, float, float]:
    """CPU seconds of episodes and of expectations, and the mean exact and simulated regret."""
    world = Market()
    began = time.process_time()
    simulated, played = 0.0, []
    for seed in range(start, start + number):
        problem = world.problem(seed)
        plan = constant_plan(problem, 0, _BUDGET)
        outcome = world.outcome(problem, plan)
        simulated += regret(problem, outcome.utility)
        played.append((problem, plan))
    episodes_s = time.process_time() - began
    began = time.process_time()
    exact = sum(regret(problem, world.expected(problem, plan).utility) for problem, plan in played)
    return episodes_s, time.process_time() - began, exact / number, simulated / number
