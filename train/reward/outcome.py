"""The outcome: an episode goes in, a credit for each needed part comes out; they add up to the grade.

A part's credit goes to the plan's structure and to worker and budget of the subtasks that it took. What the grade says
beyond the parts (a report's answer, an answer given at once) goes to all tokens but forecasts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..rollout import Credit, Episode, Field
from .base import Curve, between, causes, expected_of, needed

NO_PLAN = -1.0
"""What text that is no plan is worth: as much below nothing as a perfect result is above."""


@dataclass(frozen=True)
class Outcome:
    """Pays `weight` for a full grade."""

    weight: float = 1.0
    name: str = "outcome"

    def score(self, episode: Episode) -> Sequence[Credit]:
        """A credit for each part that the problem needs, planned or not, and one for the rest of the grade."""
        plan, rollout = episode.rollout.plan, episode.rollout
        if plan is None:
            return [Credit(self.name, NO_PLAN * self.weight)]
        came, count = expected_of(episode), needed(episode.problem)
        earned = []
        for part in episode.problem.parts:
            if part.needed:
                own = [episode.doer_of[part.id]] if part.id in episode.doer_of else []
                done = sum(came.solved.get(each, 0.0) for each in own) / count
                earned.append(Credit(self.name, self.weight * done, causes(rollout, own), part.id))
        rest = self.weight * came.reward - sum(each.value for each in earned)
        return [*earned, Credit(self.name, rest, causes(rollout, [each.id for each in plan.subtasks]))]

    def curves(self, episode: Episode) -> Iterator[tuple[Field, Curve]]:
        """What other budgets would have done."""
        price = self.weight / needed(episode.problem)
        for own, each in expected_of(episode).instead.items():
            yield (own, "budget"), between(price, each.budgets, each.done)
