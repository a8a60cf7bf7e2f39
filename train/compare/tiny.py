"""A tiny planner of the market, from scratch: imitation, then practice; both as any training runs them.

A recipe goes in, a planner comes out. Law: equal recipes give equal planners, so that two which differ in their reward
differ in nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from ...evals.worlds.base import Problem
from ...planner.plan import Plan
from ..planner.backend import local_sampler
from ..planner.grammars import schema_for
from ..planner.model import Start, start
from ..planner.prompt import prompt_ids
from ..recipe import Recipe, load_recipe
from ..reward.base import Reward
from ..rl import train_rl
from ..rollout import Executor, Rollout
from ..running import Hooks
from ..sft import token_rows, train_sft
from ..sources.worlds import common_rules, demonstration_rows, prompt_of

_AT_ONCE = 125
_QUICK_IMITATION, _QUICK_PRACTICE = 600, 40


def bench_recipe(*, quick: bool = False) -> Recipe:
    """What `bench calibrated_rl` trains: the recipe `tiny-cpu`.

    Args:
        quick: a few steps of each stage, two minutes on one core instead of fifteen.
    """
    recipe = load_recipe("tiny-cpu")
    if not quick:
        return recipe
    imitation = recipe.sft.model_copy(update={"steps": _QUICK_IMITATION})
    return recipe.model_copy(
        update={
            "data": recipe.data.model_copy(update={"problems": _QUICK_IMITATION * imitation.batch}),
            "sft": imitation,
            "rl": recipe.rl.model_copy(update={"steps": _QUICK_PRACTICE}),
        }
    )


def single_thread() -> None:
    """Compute on one thread: a busy machine of few cores is several times slower with more."""
    torch.set_num_threads(1)


def imitated(recipe: Recipe, folder: Path, *, begun: Start | None = None) -> Start:
    """A planner that has imitated the recipe's demonstrations: `begun`, or one from scratch."""
    begun = begun or start(recipe.model, seed=recipe.seed)
    rows = demonstration_rows(begun.card, recipe.data, seed=recipe.seed * recipe.data.problems)
    tokens = token_rows(begun.tokenizer, rows, max_tokens=recipe.sft.max_tokens)
    return begun._replace(model=train_sft(begun.model, begun.tokenizer, tokens.rows, recipe, folder, Hooks()))


def practised(
    begun: Start, recipe: Recipe, folder: Path, *, reward: Reward | None = None, executor: Executor | None = None
) -> Start:
    """A copy of a planner that has practised under a reward, the recipe's if none is given."""
    # A deep copy would not do: what trainers wrap around `forward` keeps pointing at the first model's weights.
    model = type(begun.model)(begun.model.config)
    model.load_state_dict(begun.model.state_dict())
    own = begun._replace(model=model)
    return own._replace(model=train_rl(own, recipe, folder, Hooks(), reward=reward, executor=executor))


def plans_of(
    planner: Start, problems: Sequence[Problem], *, temperature: float, max_tokens: int, seed: int = 0
) -> list[Plan | None]:
    """One plan for each problem; None where a text is no plan. At temperature 0 each token is the likeliest."""
    found = rollouts_of(planner, problems, temperature=temperature, max_tokens=max_tokens, seed=seed)
    return [each.plan for each in found]


def rollouts_of(
    planner: Start, problems: Sequence[Problem], *, temperature: float, max_tokens: int, seed: int = 0
) -> list[Rollout]:
    """The same, with all that is known of how each plan was drawn."""
    schema = schema_for(planner.card, common_rules(problems))
    sampler = local_sampler(planner.model, planner.tokenizer, planner.card, temperature=temperature, schema=schema)
    found: list[Rollout] = []
    for at in range(0, len(problems), _AT_ONCE):
        asked = [prompt_ids(planner.tokenizer, prompt_of(planner.card, each)) for each in problems[at : at + _AT_ONCE]]
        found += sampler.sample(asked, group=1, max_tokens=max_tokens, seed=seed + at)
    return found
