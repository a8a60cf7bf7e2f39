"""Advantages: episodes and a reward go in; how much better than its group each token did comes out.

1. A reward's credits are compared with the mean of the group's credits of the same term about the same part.
2. The difference goes to the tokens that caused it (`Credit.tokens`), so each token gets what is its own, (B, T).
3. Where it is known what other budgets would have come to, all tokens but the budget's are told what budgets usually
   come to, not how lucky the drawn one was (a control variate).
4. The tokens that wrote one field (all budgets, all workers, all forecasts of the median ...) are divided by their root
   mean square over the whole batch: little may be at stake in a budget, and it is to be learned nevertheless. Layout is
   divided by no less than `_LEAST_LAYOUT`.
5. While entropy is paid for, layout hears ever more of outcome and spend, and ever less of structure alone.
6. At first, tokens of choices by degree (worker, budget, forecasts) also get a bonus for being unlikely, which is the
   gradient of their entropy (Williams and Peng 1991). Without it a planner settles for a few budgets. Layout gets none,
   since there it would pay for filler.

Law: all that a token gets is added up before it is divided, so prices stay what they were. Dividing group by group
teaches to abstain (easy groups, in which little is at stake, weigh as much as hard ones), and dividing term by term
(GDPO) changes the price of spend.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, TypeAlias

import numpy as np

from .reward.base import Ranges, Reward, causes
from .rollout import Credit, Episode, Field, Rollout, kind_of

_Tokens: TypeAlias = Any
"""Float64, (B, T): by token, 0 behind each completion's end."""

CLIP = 5.0
"""In units of the root mean square: one lucky draw must not carry a step."""

_EXPLORED = 0.6
"""The part of a training in which entropy is paid for, ever less."""

BUDGET = "budget"
_BY_DEGREE = frozenset({"worker", BUDGET, "success", "tokens_p50", "tokens_p90", "plan.success"})
_STRUCTURE = "structure"

_LEAST_LAYOUT = 0.2
"""What advantages of layout and dependencies are divided by at least, as a share of what the task is worth.

Once plans are laid out rightly, what is left of them is other tokens' luck, and dividing by its root mean square would
turn that into steps of full size, which unlearns copying."""

_LAYOUT = "layout"
"""The field of tokens that stand in none."""


class Advantages:
    """Makes advantages of episodes, those of one group next to each other."""

    def __init__(self, reward: Reward, *, explore: float = 0.0, steps: int = 1) -> None:
        """Use this reward; `step` is that of the training, for weights that change.

        Args:
            reward: what is paid.
            explore: weight of entropy at the first step, in units of the advantages' root mean square.
            steps: of the whole training.
        """
        self._reward, self._explore, self._steps = reward, explore, steps
        self.step = 0

    def __call__(self, episodes: Sequence[Episode]) -> list[list[float]]:
        """An advantage for each token of each completion; 0 throughout for an episode that could not be executed."""
        reward = self._reward.at(self.step)
        rollouts = [each.rollout for each in episodes]
        found = np.zeros((len(episodes), max((len(each.completion_ids) for each in rollouts), default=0)))
        left = exploring(self.step, self._steps)
        weight = self._explore * left
        for rows in groups(episodes):
            group = [episodes[row] for row in rows]
            paid = reward.score(group)
            _add(paid, rollouts, rows, found)
            if _take_luck_out(reward, group, rows, found) and weight > 0:
                _hold_layout(paid, rollouts, rows, found, left)
        scaled = standardised(found, rollouts)
        if weight > 0 and scaled.any():
            _reward_the_unlikely(scaled, episodes, weight)
        return [row[: len(each.completion_ids)].tolist() for row, each in zip(scaled, rollouts, strict=True)]


def exploring(step: int, steps: int) -> float:
    """How much of the entropy's weight is left at a step: 1 at first, then evenly less."""
    return max(0.0, 1 - step / (_EXPLORED * steps))


def groups(episodes: Sequence[Episode]) -> Iterator[list[int]]:
    """The places of each run of episodes for one problem, without those that could not be executed."""
    for _, run in groupby(range(len(episodes)), key=lambda at: _asked(episodes[at])):
        rows = [at for at in run if not episodes[at].error]
        if rows:
            yield rows


def standardised(tokens: _Tokens, rollouts: Sequence[Rollout]) -> _Tokens:
    """Advantages divided, field by field, by the root mean square of those that are not 0; bounded."""
    fields: dict[str, int] = {_LAYOUT: 0}
    field_at = np.zeros(tokens.shape, dtype=np.int64)
    for row, rollout in enumerate(rollouts):
        for field, (start, end) in rollout.spans.items():
            field_at[row, start:end] = fields.setdefault(kind_of(field), len(fields))
    squares = np.bincount(field_at.ravel(), weights=(tokens**2).ravel(), minlength=len(fields))
    live = np.bincount(field_at.ravel(), weights=(tokens != 0).ravel(), minlength=len(fields))
    least = [0.0 if kind in _BY_DEGREE else _LEAST_LAYOUT for kind in fields]
    scale = np.maximum(np.sqrt(squares / np.maximum(live, 1)), least) + 1e-8
    return np.clip(tokens / scale[field_at], -CLIP, CLIP)


def _reward_the_unlikely(tokens: _Tokens, episodes: Sequence[Episode], weight: float) -> None:
    """Add the entropy's gradient: to each choice by degree, how much less likely it was than others of its field."""
    places: dict[str, list[tuple[int, int]]] = {}
    for row, episode in enumerate(episodes):
        for field, (start, end) in episode.rollout.spans.items():
            if kind_of(field) in _BY_DEGREE and not episode.error:
                free = [(row, at) for at in range(start, end) if episode.rollout.free[at]]
                places.setdefault(kind_of(field), []).extend(free)
    for chosen in places.values():
        logprobs = [episodes[row].rollout.logprobs[at] for row, at in chosen]
        mean = sum(logprobs) / max(1, len(logprobs))
        for (row, at), logprob in zip(chosen, logprobs, strict=True):
            tokens[row, at] += weight * (mean - logprob)


def _asked(episode: Episode) -> tuple[str, int, str]:
    return episode.problem.world, episode.problem.seed, episode.problem.brief.goal


def _add(listed: Sequence[Sequence[Credit]], rollouts: Sequence[Rollout], rows: Sequence[int], to: _Tokens) -> None:
    """Add what one group learns."""
    found = [_by_subject(each) for each in listed]
    for subject in dict.fromkeys(subject for each in found for subject in each):
        have = [(row, *each[subject]) for row, each in zip(rows, found, strict=True) if subject in each]
        mean = sum(value for _, value, _ in have) / len(have)
        for row, value, tokens in have:
            for start, end in tokens or ((0, len(rollouts[row].completion_ids)),):
                to[row, start:end] += value - mean


def _take_luck_out(reward: Reward, group: Sequence[Episode], rows: Sequence[int], to: _Tokens) -> bool:
    """Take from what a drawn budget shares its pay with how lucky that draw was, where that is known; whether it is.

    A control variate: what the plan came to with this budget, less its mean over the budgets that the group drew for
    the same part. Layout, worker and dependencies are then judged by what budgets usually come to.
    """
    known = False
    drawn: dict[Field, list[int]] = {}
    for episode in group:
        for each in episode.rollout.plan.subtasks if episode.rollout.plan else ():
            drawn.setdefault((each.id, BUDGET), []).append(each.budget)
    for row, episode in zip(rows, group, strict=True):
        rollout = episode.rollout
        for place, curve in reward.curves(episode).items():
            if place in drawn and place in rollout.spans and rollout.plan is not None:
                own = rollout.plan.subtask(place[0])
                paid = curve(np.array([own.budget, *drawn[place]], dtype=np.float64))
                luck = paid[0] - paid[1:].mean()
                for start, end in causes(rollout, [own.id]) or ():
                    to[row, start:end] -= luck
                to[row, slice(*rollout.spans[place])] += luck
                known = True
    return known


def _hold_layout(
    listed: Sequence[Sequence[Credit]], rollouts: Sequence[Rollout], rows: Sequence[int], to: _Tokens, share: float
) -> None:
    """Let this share of what layout is told come from structure alone.

    As long as budgets explore, they are not yet what outcome and spend should judge a layout by: a part that is given
    far too much pays better when it waits for a hopeless one.
    """
    alone = np.zeros_like(to)
    _add([[each for each in own if each.term == _STRUCTURE] for own in listed], rollouts, rows, alone)
    for row in rows:
        laid_out = np.ones(to.shape[1], dtype=bool)
        for field, (start, end) in rollouts[row].spans.items():
            laid_out[start:end] = kind_of(field) not in _BY_DEGREE
        to[row, laid_out] += share * (alone[row, laid_out] - to[row, laid_out])


def _by_subject(earned: Sequence[Credit]) -> dict[tuple[str, str], tuple[float, Ranges | None]]:
    """What an episode got, by term and what it is about, with the tokens that it goes to."""
    return {(each.term, each.about): (each.value, each.tokens) for each in earned}
