"""Spend: an episode goes in; its dollars, as a share of what the task is worth, come out as charges.

Charged whether or not the plan succeeded: charged on success only, hopeless parts get ever more budget, because a
failure is free. Planning is charged too, and so are prompt tokens, for the dollars are those of the bill.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..rollout import Credit, Episode, Field
from .base import EXTRA, Curve, between, causes, expected_of, needed


@dataclass(frozen=True)
class Spend:
    """Charges `weight` for spending what the whole task is worth.

    Attributes:
        part_dollars: what one needed part is worth.
        weight: 1 for maximising value less spend.
    """

    part_dollars: float
    weight: float = 1.0
    name: str = "spend"

    def score(self, episode: Episode) -> Sequence[Credit]:
        """A charge for each needed part, one for all other subtasks, and one for planning."""
        plan, rollout, bills = episode.rollout.plan, episode.rollout, expected_of(episode).dollars
        price = self._price(episode)
        if plan is None:
            return [Credit(self.name, price * sum(bills.values()))]
        charged: dict[str, list[str]] = {part.id: [] for part in episode.problem.parts if part.needed}
        charged[EXTRA] = []
        for subtask in plan.subtasks:
            charged[episode.part_of.get(subtask.id, EXTRA)].append(subtask.id)
        earned = [Credit(self.name, price * bills.get("", 0.0), causes(rollout))]
        for about, own in charged.items():
            bill = sum(bills.get(each, 0.0) for each in own)
            earned.append(Credit(self.name, price * bill, causes(rollout, own), about))
        return earned

    def curves(self, episode: Episode) -> Iterator[tuple[Field, Curve]]:
        """What other budgets would have been billed."""
        price = self._price(episode)
        for own, each in expected_of(episode).instead.items():
            yield (own, "budget"), between(price, each.budgets, each.dollars)

    def _price(self, episode: Episode) -> float:
        """What a dollar is worth."""
        return -self.weight / (self.part_dollars * needed(episode.problem))
