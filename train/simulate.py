"""The executor that needs no model: a world and a recipe go in, what finds out what comes of plans comes out."""

from __future__ import annotations

from ..evals.worlds.base import World
from .errors import RecipeError
from .recipe import Recipe
from .rollout import Executor
from .sources.worlds import MARKET


def simulation(world: World, recipe: Recipe) -> Executor:
    """The executor that needs no model.

    Raises:
        RecipeError: when the world has none.
    """
    if world.name != MARKET:
        raise RecipeError(
            f"The world {world.name!r} has no simulation to train against.",
            hint='Set data.world = "market", or give an executor from Python; see docs/training.md.',
        )
    from ..evals.worlds.dials import read_dials
    from ..evals.worlds.market.problem import MarketDials
    from ..evals.worlds.market.world import Market
    from .execute.market import MarketExecutor

    return MarketExecutor(Market(read_dials(MarketDials, recipe.data.dials)), audit_share=recipe.data.audit_share)
