"""Which reward makes the better planner: rewards go in, what became of the same planner under each comes out.

Every planner starts from the same imitation of weak demonstrations and practises on the same problems with the same
seeds; only the reward differs. What they are measured by is what a user pays and gets, not any of the rewards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...evals.worlds.base import Problem, held_out
from ...evals.worlds.market.world import Market
from ..planner.model import Start
from ..recipe import Recipe, load_recipe
from ..reward.base import Reward
from ..reward.compose import compose
from ..reward.others import OTHERS
from ..rl import reward_config
from .scores import Scores, scores
from .tiny import imitated, plans_of, practised

OURS = "ours"
IMITATION = "imitation"


@dataclass(frozen=True)
class Trained:
    """What became of a planner.

    Attributes:
        reward: name of the reward it practised under; `imitation` for the planner that all of them began as.
        seed: of its training.
        sampled: scores of plans drawn at temperature 1.
        greedy: scores of the likeliest plans.
    """

    reward: str
    seed: int
    sampled: Scores
    greedy: Scores


def rewards_to_compare(recipe: Recipe) -> Mapping[str, Reward]:
    """Ours, and the published ones, by name."""
    return {OURS: compose(reward_config(recipe)), **{each.name: each for each in OTHERS}}


def compare_rewards(
    folder: Path,
    *,
    recipe: Recipe | None = None,
    seeds: Sequence[int] = (0,),
    rewards: Mapping[str, Reward] | None = None,
    problems: int = 500,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Trained]:
    """Train the same tiny planner under each reward, and measure each on the same held-out problems.

    Args:
        folder: where checkpoints and numbers go, a folder for each seed and reward.
        recipe: of the trainings, on the market; `tiny-cpu` when None.
        seeds: of the trainings; each reward is tried with each of them.
        rewards: by name; all when None.
        problems: how many are measured on.
        say: told what is being done.

    Yields:
        For each seed the planner that all began as, then one for each reward.
    """
    base = recipe or load_recipe("tiny-cpu")
    asked = [Market().problem(held_out(number), **base.data.dials) for number in range(problems)]
    for seed in seeds:
        own = base.model_copy(update={"seed": seed, "rl": base.rl.model_copy(update={"seed": seed})})
        say(f"seed {seed}: imitation")
        begun = imitated(own, folder / f"{IMITATION}-{seed}")
        yield measured(IMITATION, own, begun, asked)
        for name, reward in (rewards_to_compare(own) if rewards is None else rewards).items():
            say(f"seed {seed}: {name}")
            planner = practised(begun, own, folder / f"{name}-{seed}", reward=reward)
            yield measured(name, own, planner, asked)


def measured(name: str, recipe: Recipe, planner: Start, problems: Sequence[Problem]) -> Trained:
    """Score a planner on problems, sampled and greedy."""
    sampled, greedy = (
        scores(problems, plans_of(planner, problems, temperature=each, max_tokens=recipe.rl.max_tokens))
        for each in (1.0, 0.0)
    )
    return Trained(name, recipe.seed, sampled, greedy)
