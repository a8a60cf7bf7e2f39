"""Worlds by name: a name goes in, a world comes out, whose module is loaded only then.

Our own are `fanout`, `parts` and `market`. A user's world is named by where its class stands, `package.module:Class`;
it is made without arguments and needs the three methods of `base.World`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from ...core.errors import SettingsError
from ...planner.plan import Plan
from .base import Outcome, Problem, World

WORLDS = {"fanout": ".fanout.world:Fanout", "market": ".market.world:Market", "parts": ".parts.world:Parts"}
"""Where our own worlds stand."""


def world(name: str, **dials: float) -> World:
    """The world of this name.

    Args:
        name: one of `WORLDS`, or `package.module:Class`.
        dials: what its problems get unless `problem` is told otherwise.

    Raises:
        SettingsError: when there is no such world.
    """
    module, colon, attribute = WORLDS.get(name, name).partition(":")
    if not colon or not attribute or not module:
        raise SettingsError(
            f"There is no world {name!r}.",
            hint=f"There are {', '.join(WORLDS)}; a world of your own is named package.module:Class.",
        )
    try:
        kind = getattr(import_module(module, __package__), attribute)
    except (ModuleNotFoundError, AttributeError) as error:
        raise SettingsError(
            f"The world {name!r} cannot be loaded: {error}.", hint="Check that its module can be imported."
        ) from error
    found = cast(World, kind())
    return Dialled(found, dials) if dials else found


class Dialled:
    """A world with dials that are set beforehand."""

    def __init__(self, world: World, dials: Mapping[str, float]) -> None:
        self.world = world
        self.dials = dict(dials)
        self.name = world.name

    def problem(self, seed: int, **dials: float) -> Problem:
        """The problem of this seed; `dials` go before those set beforehand."""
        return self.world.problem(seed, **{**self.dials, **dials})

    def best_plan(self, problem: Problem) -> Plan:
        """See `World`."""
        return self.world.best_plan(problem)

    def outcome(self, problem: Problem, plan: Plan, *, draw: int = 0) -> Outcome:
        """See `World`."""
        return self.world.outcome(problem, plan, draw=draw)
