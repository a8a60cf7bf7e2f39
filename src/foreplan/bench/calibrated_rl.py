"""Learned calibration: a tiny planner from scratch, by imitation and then by RL, against constant budgets; on a CPU.

Demonstrations are right in form and weak in numbers, so what the planner knows of budgets and chances after RL it has
learned from its reward. It is measured on held-out problems with plans drawn at temperature 1 and with the likeliest
plans, by exact expectations. Beside it in the same run: the best constant budget, and the best constant budget of an
oracle that knows what to leave alone. The full form also trains under two other rewards: length penalty (Kimi k1.5) and
ours without a price of spend.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foreplan.evals.worlds.base import held_out
from foreplan.evals.worlds.market.baselines import best_constant, best_constant_abstaining
from foreplan.evals.worlds.market.world import Market

if TYPE_CHECKING:
    from foreplan.train.compare.rewards import Trained

SEEDS = (0, 1, 2)
PROBLEMS, QUICK_PROBLEMS = 500, 200
_AFTER_RL = (
    "rho_solvable", "rho_all", "ece", "auroc", "brier_skill", "pinball_skill", "coverage", "dep_f1", "filler"
)  # fmt: skip


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Means over seeds, of plans drawn at temperature 1 unless a name says otherwise.

    Args:
        data: not used.
        quick: one seed, few steps and no other rewards: shows that it learns, not how far it gets.

    Returns:
        `regret_sft`, `regret_rl` and `greedy_...`: missing utility as a share of the value of all needed parts;
        `regret_const` and `regret_const_abstaining`, of the constant budgets; `regret_fall` and `greedy_regret_fall`,
        as shares; `rho_...`: rank correlation of budgets with the best plan's; `ece` and `auroc` of the plan's
        forecast; `brier_skill` and `pinball_skill` of the parts' ones; `success_...`: share of parts done;
        `spend_ratio`: dollars after RL over those before; `coverage`, `dep_f1`, `filler`; `cpu_minutes` of a seed, the
        longest; `seeds`: the regrets of each; `ablations`: regret, success and spend under the other rewards.
    """
    from foreplan.train.compare.rewards import IMITATION, OURS
    from foreplan.train.compare.tiny import single_thread
    from foreplan.train.planner.model import quiet

    quiet()
    single_thread()
    number = QUICK_PROBLEMS if quick else PROBLEMS
    trained, minutes = [], []
    with tempfile.TemporaryDirectory(prefix="foreplan-bench-") as folder:
        for seed in SEEDS[:1] if quick else SEEDS:
            began = time.process_time()
            trained += list(_seed(Path(folder), seed, number, quick=quick))
            minutes.append((time.process_time() - began) / 60)
        others = [] if quick else list(_ablations(Path(folder), number))
    before = [each for each in trained if each.reward == IMITATION]
    after = [each for each in trained if each.reward == OURS]
    return {
        **_regrets(before, after),
        **_constants(number),
        **{name: _mean(after, name) for name in _AFTER_RL},
        "success_sft": _mean(before, "success"),
        "success_rl": _mean(after, "success"),
        "spend_ratio": _mean(after, "spend") / _mean(before, "spend"),
        "cpu_minutes": max(minutes),
        "seeds": [round(each.sampled.regret, 4) for each in after],
        **({} if quick else {"ablations": _summary(others)}),
    }


def _seed(folder: Path, seed: int, problems: int, *, quick: bool) -> Iterator[Trained]:
    from foreplan.train.compare.rewards import OURS, compare_rewards, rewards_to_compare
    from foreplan.train.compare.tiny import bench_recipe

    recipe = bench_recipe(quick=quick)
    ours = {OURS: rewards_to_compare(recipe)[OURS]}
    yield from compare_rewards(folder, recipe=recipe, seeds=(seed,), rewards=ours, problems=problems, say=_say)


def _ablations(folder: Path, problems: int) -> Iterator[Trained]:
    from foreplan.train.compare.rewards import compare_rewards, rewards_to_compare
    from foreplan.train.compare.tiny import bench_recipe
    from foreplan.train.reward.compose import compose

    recipe = bench_recipe()
    rewards = {
        "length-penalty": rewards_to_compare(recipe)["length-penalty"],
        "no-spend": compose(recipe.reward.model_copy(update={"spend": 0.0})),
    }
    yield from compare_rewards(folder / "other", recipe=recipe, rewards=rewards, problems=problems, say=_say)


def _regrets(before: Sequence[Trained], after: Sequence[Trained]) -> dict[str, float]:
    sampled = _mean(before, "regret"), _mean(after, "regret")
    greedy = tuple(statistics.fmean(each.greedy.regret for each in trained) for trained in (before, after))
    return {
        "regret_sft": sampled[0],
        "regret_rl": sampled[1],
        "regret_fall": 1 - sampled[1] / sampled[0],
        "greedy_regret_sft": greedy[0],
        "greedy_regret_rl": greedy[1],
        "greedy_regret_fall": 1 - greedy[1] / greedy[0],
    }


def _constants(number: int) -> dict[str, float]:
    problems = [Market().problem(held_out(each)) for each in range(number)]
    return {
        "regret_const": best_constant(problems).regret,
        "regret_const_abstaining": best_constant_abstaining(problems).regret,
    }


def _summary(trained: Sequence[Trained]) -> dict[str, dict[str, float]]:
    """Regret, success and spend (over that of the imitation, which comes first) by reward."""
    first = trained[0].sampled.spend
    return {
        each.reward: {
            "regret": each.sampled.regret,
            "success": each.sampled.success,
            "spend_ratio": each.sampled.spend / first,
        }
        for each in trained[1:]
    }


def _mean(trained: Sequence[Trained], name: str) -> float:
    """The mean of a score over seeds."""
    return statistics.fmean(getattr(each.sampled, name) for each in trained)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
