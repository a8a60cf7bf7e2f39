"""Which problems to practise on: seeds go in, problems come out, those that teach nothing ever more rarely.

A problem that no plan of its group solved (0/n), or every plan did (n/n), is passed over when its turn comes again, but
for an exploration share, since the planner changes. Laws: no seed that is held out for evaluation is ever drawn; equal
states and seeds draw equal problems, and `state` is all there is to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from statistics import fmean
from typing import Any

from ..evals.worlds.base import Problem, World, training_seed
from ..evals.worlds.draw import draw_for
from .errors import TrainError
from .reward.base import expected_of
from .rollout import Episode

_TRIES = 50
"""So many problems are passed over for one that is drawn; then one is taken whatever it teaches."""


class WorldCurriculum:
    """Problems of a world, in a shuffled order that begins again when it ends, or without end."""

    def __init__(
        self,
        world: World,
        *,
        first: int = 0,
        problems: int | None = None,
        explore: float = 0.1,
        dials: Mapping[str, float] | None = None,
    ) -> None:
        """Practise on the world's problems.

        Args:
            world: makes them.
            first: the first seed.
            problems: how many different ones; None for a fresh one each time.
            explore: the chance to draw a problem again that taught nothing last time, 0..1.
            dials: of the world, for all problems.

        Raises:
            ValueError: when a seed would be one that is held out.
        """
        training_seed(first + (problems or 1) - 1)
        self._world, self._first, self._problems = world, first, problems
        self._explore, self._dials = explore, dict(dials or {})
        self._drawn = 0
        self._rates: dict[int, float] = {}

    def draw(self, number: int, *, seed: int) -> Sequence[Problem]:
        """So many problems."""
        source = draw_for("curriculum", seed)
        return [self._world.problem(self._next(source.random), **self._dials) for _ in range(number)]

    def record(self, episodes: Sequence[Episode]) -> None:
        """Note how well one group did; nothing for plans that could not be executed, or problems that never return."""
        rewards = [expected_of(each).reward for each in episodes if not each.error]
        if rewards and self._problems is not None:
            self._rates[episodes[0].problem.seed] = fmean(rewards)

    def state(self) -> Mapping[str, Any]:
        """How many were drawn, and the solve rate of each seed, as JSON data."""
        return {"drawn": self._drawn, "rates": [[seed, rate] for seed, rate in sorted(self._rates.items())]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to a state.

        Raises:
            TrainError: when it is none of this curriculum's.
        """
        try:
            self._drawn, self._rates = int(state["drawn"]), {int(seed): float(rate) for seed, rate in state["rates"]}
        except (KeyError, TypeError, ValueError) as error:
            raise TrainError(
                "The checkpoint does not say which problems were drawn.", hint="Start the training in a new folder."
            ) from error

    def teaches(self, seed: int) -> bool:
        """Whether some plans did better than others when the problem was last drawn; True when it never was."""
        rate = self._rates.get(seed)
        return rate is None or 0.0 < rate < 1.0

    def _next(self, chance: Callable[[], float]) -> int:
        for _ in range(_TRIES):
            seed = self._seed_at(self._drawn)
            self._drawn += 1
            if self.teaches(seed) or chance() < self._explore:
                break
        return seed

    def _seed_at(self, place: int) -> int:
        if self._problems is None:
            return training_seed(self._first + place)
        epoch, at = divmod(place, self._problems)
        return self._first + _order(self._first, self._problems, epoch)[at]


@lru_cache(maxsize=4)
def _order(first: int, problems: int, epoch: int) -> tuple[int, ...]:
    order = list(range(problems))
    draw_for("epoch", first, epoch).shuffle(order)
    return tuple(order)
