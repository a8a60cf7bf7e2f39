"""What the trainer needs from others: problems to practise on, and what each token was worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from ...evals.worlds.base import Problem
from ..rollout import Choice, Episode

PromptOf: TypeAlias = Callable[[Problem], Sequence[int]]
"""The planner's prompt for a problem, as token ids."""

Watch: TypeAlias = Callable[[int, Sequence[Episode]], Mapping[str, float]]
"""Is shown the step and all its episodes before the update; returns numbers that are logged with the step."""

Publish: TypeAlias = Callable[[Any, int], None]
"""Is given the model and the step before plans are drawn, so that a sampler elsewhere can be given the weights."""


class Curriculum(Protocol):
    """Hands out problems. All of its state is in `state`, so that a training goes on exactly as it would have."""

    def draw(self, number: int, *, seed: int) -> Sequence[Problem]:
        """So many problems; equal states and seeds give equal problems."""

    def record(self, episodes: Sequence[Episode]) -> None:
        """Note what came of one group of plans for one problem."""

    def state(self) -> Mapping[str, Any]:
        """Everything that `draw` depends on, as JSON data."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to what `state` returned."""


class Advantages(Protocol):
    """How much better than its group each token did.

    Attributes:
        step: of the training, for what changes as it goes; the trainer sets it.
    """

    step: int

    def __call__(self, episodes: Sequence[Episode]) -> list[list[float]]:
        """For each episode an advantage by token, (T,) each; groups stand next to each other."""


class Choices(Protocol):
    """What other tokens than those drawn would have been worth, where that is known.

    Attributes:
        step: of the training, for what changes as it goes; the trainer sets it.
        heat: weight of entropy at this step, in the unit of worth.
    """

    step: int

    @property
    def heat(self) -> float:
        """See above."""

    def __call__(self, episodes: Sequence[Episode]) -> list[list[Choice]]:
        """The choices of each episode; groups stand next to each other."""
