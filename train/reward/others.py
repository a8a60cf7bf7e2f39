"""Published rewards, to compare with: a group of episodes goes in, one credit for all tokens of each comes out.

Each is given the part of the work that was done (0..1) where its paper has 0 or 1, so that a problem with one hopeless
part still teaches. Length is all tokens: the plan's and the workers'. Forecasts are not scored by any of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..rollout import Credit, Episode, Field
from .base import Curve, expected_of, needed
from .outcome import NO_PLAN


@dataclass(frozen=True)
class _Came:
    """What came of one plan: work done (0..1), all tokens, dollars as a share of what the task is worth."""

    done: float
    tokens: float
    dollars: float


@dataclass(frozen=True)
class GroupReward(ABC):
    """A reward of whole plans, which may compare the plans of a group. Text that is no plan gets `NO_PLAN`."""

    part_dollars: float = 0.002

    @property
    @abstractmethod
    def name(self) -> str:
        """What the comparison calls it."""

    @abstractmethod
    def values(self, group: Sequence[_Came]) -> list[float]:
        """What each plan of a group is worth."""

    def at(self, _step: int) -> GroupReward:
        """It does not change during training."""
        return self

    def score(self, group: Sequence[Episode]) -> list[list[Credit]]:
        """One credit for each episode."""
        plans = [each for each in group if each.rollout.plan is not None]
        values = iter(self.values([self._came(each) for each in plans]) if plans else ())
        return [[Credit(self.name, next(values) if each.rollout.plan is not None else NO_PLAN)] for each in group]

    def curves(self, _episode: Episode) -> Mapping[Field, Curve]:
        """None: what is published is paid for whole plans."""
        return {}

    def _came(self, episode: Episode) -> _Came:
        found = expected_of(episode)
        worth = self.part_dollars * needed(episode.problem)
        tokens = len(episode.rollout.completion_ids) + sum(found.tokens.values())
        return _Came(found.reward, tokens, sum(found.dollars.values()) / worth)


@dataclass(frozen=True)
class OutcomeOnly(GroupReward):
    """The work done, whatever it costs."""

    @property
    def name(self) -> str:
        """See the base."""
        return "outcome-only"

    def values(self, group: Sequence[_Came]) -> list[float]:
        """The part that was done."""
        return [each.done for each in group]


@dataclass(frozen=True)
class LengthPenalty(GroupReward):
    """Kimi k1.5 (2501.12599, section 2.3.3): lambda = 1/2 - (len - min) / (max - min) within the group.

    It is added where the answer is right, and only if negative where it is wrong; in parts, it is mixed accordingly.
    """

    weight: float = 0.5

    @property
    def name(self) -> str:
        """See the base."""
        return "length-penalty"

    def values(self, group: Sequence[_Came]) -> list[float]:
        """The part done, and lambda by length."""
        low, high = min(each.tokens for each in group), max(each.tokens for each in group)
        found = []
        for each in group:
            short = 0.5 - (each.tokens - low) / (high - low) if high > low else 0.0
            found.append(each.done + self.weight * (each.done * short + (1 - each.done) * min(0.0, short)))
        return found


@dataclass(frozen=True)
class Alp(GroupReward):
    """ALP, adaptive length penalty (2506.05256): 1[ok] - beta max(solve rate of the group, 1/K) len / N."""

    beta: float = 0.5
    norm_tokens: float = 2_000.0

    @property
    def name(self) -> str:
        """See the base."""
        return "alp"

    def values(self, group: Sequence[_Came]) -> list[float]:
        """The part done, less length by how often the group solves it."""
        rate = max(sum(each.done for each in group) / len(group), 1 / len(group))
        return [each.done - self.beta * rate * each.tokens / self.norm_tokens for each in group]


@dataclass(frozen=True)
class GatedMetrics(GroupReward):
    """ToolOrchestra (2511.21689, section 3.2): M_norm . P if right, else 0.

    M are the outcome and (negated) dollars, each scaled to 0..1 within the group; P prefers both alike.
    """

    @property
    def name(self) -> str:
        """See the base."""
        return "gated-metrics"

    def values(self, group: Sequence[_Came]) -> list[float]:
        """Normalised outcome and thrift, for the part that was done."""
        done = _normalised([each.done for each in group])
        thrift = _normalised([-each.dollars for each in group])
        return [each.done * (first + second) / 2 for each, first, second in zip(group, done, thrift, strict=True)]


@dataclass(frozen=True)
class GatedCost(GroupReward):
    """Uno-Orchestra (2605.05007): (1 - alpha) + alpha R_cost if right, else 0.

    R_cost is taken as 1 - dollars / worth, not below 0.
    """

    alpha: float = 0.5

    @property
    def name(self) -> str:
        """See the base."""
        return "gated-cost"

    def values(self, group: Sequence[_Came]) -> list[float]:
        """Thrift, for the part that was done."""
        return [each.done * (1 - self.alpha + self.alpha * max(0.0, 1 - each.dollars)) for each in group]


def _normalised(values: Sequence[float]) -> list[float]:
    """Scaled to 0..1 over the group; 1 for all when they are equal."""
    low, high = min(values), max(values)
    return [(each - low) / (high - low) if high > low else 1.0 for each in values]


OTHERS: tuple[GroupReward, ...] = (OutcomeOnly(), LengthPenalty(), Alp(), GatedMetrics(), GatedCost())
"""All of them, as the comparison runs them."""
