"""Advantages: episodes and a reward go in; how much better than its group each token did comes out.

1. A reward's credits are compared with the mean of the group's credits of the same channel about the same part.
2. The difference goes to the tokens that caused it (`Credit.tokens`), so each token gets (B, T) what is its own.
3. Each channel is divided by its root mean square over the whole batch.

Law: within a channel all credits are divided by one number, so prices stay what they were. Dividing group by group
teaches to abstain (easy groups, in which little is at stake, weigh as much as hard ones), and dividing term by term
(GDPO) changes the price of spend.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, TypeAlias

import numpy as np

from .reward.base import Ranges, Reward
from .rollout import Credit, Episode

_Tokens: TypeAlias = Any
"""Float64, (B, T): advantages by token, 0 behind each completion's end."""

_CLIP = 5.0
"""In units of the root mean square: one lucky draw must not carry a step."""


class Advantages:
    """Makes advantages of episodes, those of one group next to each other."""

    def __init__(self, reward: Reward) -> None:
        """Use this reward; `step` is that of the training, for weights that change."""
        self._reward = reward
        self.step = 0

    def __call__(self, episodes: Sequence[Episode]) -> list[list[float]]:
        """An advantage for each token of each completion; 0 throughout for an episode that could not be executed."""
        reward = self._reward.at(self.step)
        longest = max((len(each.rollout.completion_ids) for each in episodes), default=0)
        channels: dict[str, _Tokens] = defaultdict(lambda: np.zeros((len(episodes), longest)))
        for rows in groups(episodes):
            self._add(reward, episodes, rows, channels)
        summed = sum((standardised(each) for each in channels.values()), np.zeros((len(episodes), longest)))
        return [row[: len(each.rollout.completion_ids)].tolist() for row, each in zip(summed, episodes, strict=True)]

    @staticmethod
    def _add(reward: Reward, episodes: Sequence[Episode], rows: Sequence[int], channels: dict[str, _Tokens]) -> None:
        """Add what one group learns."""
        listed = reward.score([episodes[row] for row in rows])
        found = [_by_subject(reward, credits) for credits in listed]
        for subject in dict.fromkeys(subject for each in found for subject in each):
            have = [(row, each[subject]) for row, each in zip(rows, found, strict=True) if subject in each]
            mean = sum(value for _, (value, _) in have) / len(have)
            for row, (value, tokens) in have:
                for start, end in tokens or ((0, len(episodes[row].rollout.completion_ids)),):
                    channels[subject[0]][row, start:end] += value - mean


def groups(episodes: Sequence[Episode]) -> Iterator[list[int]]:
    """The places of each run of episodes for one problem, without those that could not be executed."""
    for _, run in groupby(range(len(episodes)), key=lambda at: (episodes[at].problem.world, episodes[at].problem.seed)):
        rows = [at for at in run if not episodes[at].error]
        if rows:
            yield rows


def standardised(channel: _Tokens) -> _Tokens:
    """Divided by the root mean square of what is not 0, (B, T); no value above a bound."""
    live = channel[channel != 0]
    if not live.size:
        return channel
    return np.clip(channel / (np.sqrt(np.mean(live**2)) + 1e-8), -_CLIP, _CLIP)


def _by_subject(reward: Reward, credits: Sequence[Credit]) -> dict[tuple[str, str, Ranges | None], Any]:
    """What an episode got, by channel and what it is about, with the tokens that it goes to."""
    found: dict[Any, tuple[float, Ranges | None]] = {}
    for each in credits:
        subject = (reward.channel(each.term), each.term, each.about)
        value, _ = found.get(subject, (0.0, None))
        found[subject] = (value + each.value, each.tokens)
    return found
