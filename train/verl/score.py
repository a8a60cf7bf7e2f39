"""The reward of one plan, as verl calls it: a prompt's source and the text of a plan go in, a number comes out.

verl pays a whole text at once, so credit by token is lost; what a plan is worth is the same as in our own trainer. Law:
whatever the text is, a number comes back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ...planner.answer import read_answer
from ...planner.plan import Plan
from ...planner.validate import PlanRules
from ..errors import RecipeError
from ..recipe import Recipe
from ..reward.base import expected_of, total
from ..reward.compose import compose
from ..rollout import Executor, Rollout
from ..sources.worlds import world_of
from ..watch import by_term


def compute_score(
    data_source: str, solution_str: str, ground_truth: str, extra_info: Mapping[str, Any] | None = None, **_: Any
) -> dict[str, float]:
    """What a plan is worth, with the part of each term.

    Args:
        data_source: `foreplan/WORLD`, as the export wrote it.
        solution_str: the text that was sampled.
        ground_truth: the seed and the recipe, as JSON that the export wrote.
        extra_info: not needed.

    Raises:
        RecipeError: when the row is none of the export's.
    """
    try:
        told = json.loads(ground_truth)
        seed, said = int(told["seed"]), json.dumps(told["recipe"], sort_keys=True)
    except (ValueError, KeyError, TypeError) as error:
        raise RecipeError(
            f"The row of {data_source[:100]!r} is none of Foreplan's.", hint="Export it again."
        ) from error
    recipe, executor = _setting(said)
    found = read_answer(solution_str, PlanRules())
    rollout = Rollout((), (), (), (), solution_str, found if isinstance(found, Plan) else None)
    episode = executor.execute(world_of(recipe.data).problem(seed), [rollout], seed=seed)[0]
    reward = compose(recipe.reward)
    paid = reward.score([episode])[0]
    # verl collects each name over all plans, so all of them must be there.
    terms = {term.name: 0.0 for term in reward.terms} | by_term(paid)
    parts = {f"reward/{name}": value for name, value in terms.items()}
    return {"score": total(paid), "solved": expected_of(episode).success, **parts}


@lru_cache(maxsize=8)
def _setting(said: str) -> tuple[Recipe, Executor]:
    from ..simulate import simulation

    recipe = Recipe.model_validate_json(said)
    return recipe, simulation(world_of(recipe.data), recipe)
