"""Choices: episodes go in; for each number in a plan, what every token in its place would have been worth comes out.

Some rewards know more than what the sampled plan was paid: kept needs score any budget, outcomes score any forecast.
The gradient of an expectation is then taken over all tokens of the position, sum of p(token) worth(token), instead of
over the one that was drawn (expected policy gradients, Ciosek and Whiteson 2018, arXiv 1801.02567; all-actions in Allen
et al. 2017, arXiv 1709.00503). It has the same mean, and none of the noise of the draw: unlikely budgets are told what
they are worth too, so the planner does not settle for a few. All else in the plan stays as it was drawn.

In that gradient a token's own step is still as small as its chance: a planner that has learned to leave hard parts
alone hardly hears that a budget it never gives would pay. So for budgets the log-probability of every token is added,
each times how much more it is worth than what is expected, whatever its chance (advantage-weighted likelihood, Peng et
al. 2019, arXiv 1910.00177, with the advantage itself as weight and over all tokens instead of those of a data set).
What worse tokens lose goes to likely ones first: that makes up the planner's mind early, and only between the few that
are left does worth alone decide. docs/benchmarks.md has what centred weights, which are not so hasty, came to.

Worths are divided, field by field, by what choosing at random would lose: the median over all tokens, the mean over the
batch. That does not depend on the planner, so neither do prices, and `heat` means the same at all times: entropy weighs
that much, and under plain gradients it keeps a planner from settling for the best constant too early.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from .credit import BUDGET, CLIP, exploring
from .reward.base import Reward
from .rollout import Choice, Episode, Field, Rollout, kind_of

Numbers: TypeAlias = Mapping[str, Mapping[int, float]]
"""By field: the tokens that may write it, and the number that each stands for. Only fields of one token are in it."""

_LIKELIHOOD = 1.0
"""Weight of a budget's likelihood beside what is expected."""


class _Raw(NamedTuple):
    row: int
    at: int
    field: Field
    worth: Any


class Choices:
    """Makes choices of episodes. A reward without curves gives none."""

    def __init__(self, reward: Reward, numbers: Numbers, *, explore: float = 0.0, steps: int = 1) -> None:
        """Use this reward, for plans whose numbers are written so; `step` is that of the training.

        Args:
            reward: what is paid.
            numbers: how numbers are written.
            explore: weight of entropy at the first step.
            steps: of the whole training.
        """
        self._reward, self._numbers = reward, numbers
        self._values = {name: np.array(list(each.values())) for name, each in numbers.items()}
        self._explore, self._steps = explore, steps
        self.step = 0

    @property
    def heat(self) -> float:
        """The weight of entropy at this step."""
        return self._explore * exploring(self.step, self._steps)

    def __call__(self, episodes: Sequence[Episode]) -> list[list[Choice]]:
        """The choices of each episode."""
        reward = self._reward.at(self.step)
        executed = ((row, episode) for row, episode in enumerate(episodes) if not episode.error)
        found = [each for row, episode in executed for each in self._of_episode(reward, row, episode)]
        kinds: dict[str, list[Any]] = {}
        for each in found:
            kinds.setdefault(kind_of(each.field), []).append(each.worth)
        scales = {kind: _scale(worths) for kind, worths in kinds.items()}
        made: list[list[Choice]] = [[] for _ in episodes]
        for each in found:
            kind, (_, name) = kind_of(each.field), each.field
            worth = np.maximum(each.worth / scales[kind], -CLIP)
            weight = _LIKELIHOOD if kind == BUDGET else 0.0
            made[each.row].append(Choice(each.at, tuple(self._numbers[name]), tuple(worth.tolist()), weight))
        return made

    def _of_episode(self, reward: Reward, row: int, episode: Episode) -> Iterator[_Raw]:
        """What every token would be worth in each place that one token wrote, against the best of them."""
        for field, curve in reward.curves(episode).items():
            at = self._place(episode.rollout, field)
            if at is not None:
                worth = curve(self._values[field[1]])
                yield _Raw(row, at, field, worth - worth.max())

    def _place(self, rollout: Rollout, field: Field) -> int | None:
        """The position of the one token that wrote a field; None when it was forced, or several tokens wrote it."""
        start, end = rollout.spans.get(field, (0, 0))
        known = self._numbers.get(field[1], {})
        single = end == start + 1 and rollout.free[start] and rollout.completion_ids[start] in known
        return start if single else None


def _scale(worths: Sequence[Any]) -> float:
    """What a choice at random loses."""
    return float(np.mean([-np.median(each) for each in worths])) + 1e-8
