"""What the terms share: an episode goes in; what came of it on average, which parts it covers, who caused it come out.

Law: what a term pays is a sum over the parts that the *problem* needs, divided by their number. It is never a mean over
the subtasks that the plan happens to have, which padding with trivial ones would raise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any, Protocol, TypeAlias

import numpy as np

from ...evals.worlds.base import Outcome, Problem
from ...planner.plan import Plan
from ..rollout import Credit, Episode, Expected, Field, Rollout

Ranges: TypeAlias = tuple[tuple[int, int], ...]

Curve: TypeAlias = Callable[[Any], Any]
"""What a number (float64, any shape) in a field would be worth, all else in the plan as it is; of the same shape."""

_LAYOUT = frozenset({"id", "mode", "answer", "end"})
"""Fields that say which subtasks there are and in what order, which everything depends on."""
_FORECAST = frozenset({"success", "tokens_p50", "tokens_p90"})
_LINKS = frozenset({"depends_on"})

FULL_GRADE = 0.999
EXTRA = "extra"
"""What credits of subtasks that are about no needed part are about."""


class Reward(Protocol):
    """Says what the plans of one group, which are for the same problem, are worth."""

    def at(self, step: int) -> Reward:
        """The same at a step of the training."""

    def score(self, group: Sequence[Episode]) -> list[list[Credit]]:
        """The credits of each episode."""

    def curves(self, episode: Episode) -> Mapping[Field, Curve]:
        """What other numbers would be worth, up to a constant, for each field of which that is known."""


def needed(problem: Problem) -> int:
    """How many parts a sum is divided by: those the problem needs; 1 when there is nothing to plan."""
    return max(1, sum(part.needed for part in problem.parts))


def expected_of(episode: Episode) -> Expected:
    """What the executor expects of the plan, or the mean of its executions; nothing at all for what is no plan."""
    if episode.expected is not None:
        return episode.expected
    outcomes = episode.outcomes
    if not outcomes:
        return Expected(0.0, 0.0, {}, {}, {})
    return Expected(
        reward=fmean(each.grade.reward for each in outcomes),
        success=fmean(each.grade.reward >= FULL_GRADE for each in outcomes),
        solved=_means(outcomes, lambda each: each.solved),
        dollars=_means(outcomes, lambda each: each.spent_dollars),
        tokens=_means(outcomes, lambda each: each.spent_tokens),
    )


def causes(rollout: Rollout, subtasks: Iterable[str] = ()) -> Ranges | None:
    """The tokens that what comes of some subtasks depends on; None (all) when nobody knows who wrote what.

    That is the plan's layout, and what else is said of those subtasks and of all before them, but for forecasts, which
    change nothing. Leaving out the others takes nothing but noise from the gradient.
    """
    return _tokens(rollout, subtasks, lambda name: name not in _FORECAST)


def links(rollout: Rollout, subtasks: Iterable[str] = ()) -> Ranges | None:
    """The tokens that the dependencies of some subtasks depend on; without subtasks, those that lay the plan out."""
    return _tokens(rollout, subtasks, lambda name: name in _LINKS)


def _tokens(rollout: Rollout, subtasks: Iterable[str], of: Callable[[str], bool]) -> Ranges | None:
    """The tokens of the layout, and of the fields `of` those subtasks and all before them."""
    if rollout.plan is None or not rollout.spans:
        return None
    behind = with_ancestors(rollout.plan, subtasks)
    left_out = sorted(
        span
        for (subtask, name), span in rollout.spans.items()
        if name not in _LAYOUT and not (subtask in behind and of(name))
    )
    return _complement(left_out, len(rollout.completion_ids))


def field(rollout: Rollout, subtask: str, name: str) -> Ranges | None:
    """The tokens of one field; None (all) when nobody knows who wrote what."""
    span = rollout.spans.get((subtask, name))
    return None if span is None else (span,)


def between(price: float, numbers: Sequence[float], values: Sequence[float]) -> Curve:
    """The curve through these points, each at this price; straight between them, level beyond them."""
    return lambda number: price * np.interp(number, numbers, values)


def total(earned: Iterable[Credit]) -> float:
    """What an episode is worth altogether."""
    return sum(each.value for each in earned)


def with_ancestors(plan: Plan, subtasks: Iterable[str]) -> set[str]:
    """Ids of these subtasks and of all that they wait for."""
    behind = set(subtasks)
    for subtask in reversed(plan.subtasks):
        if subtask.id in behind:
            behind.update(subtask.depends_on)
    return behind


def _complement(spans: Sequence[tuple[int, int]], length: int) -> Ranges:
    found, start = [], 0
    for begin, end in spans:
        if begin > start:
            found.append((start, begin))
        start = max(start, end)
    return (*found, (start, length)) if start < length else tuple(found)


_Of: TypeAlias = Callable[[Outcome], Mapping[str, float] | None]


def _means(outcomes: Sequence[Outcome], of: _Of) -> dict[str, float]:
    """Mean by key; a key that an outcome lacks counts 0 there."""
    maps = [of(each) or {} for each in outcomes]
    keys = dict.fromkeys(key for each in maps for key in each)
    return {key: sum(each.get(key, 0.0) for each in maps) / len(maps) for key in keys}
