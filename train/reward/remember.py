"""A reward that is asked about each plan once: what it said comes out again for whoever asks next.

Advantages, choices, what people are shown, and whether a group teaches anything: all want to know what the plans of a
step are worth, and each would find it out anew. Law: the same answers as those of the reward that is remembered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..rollout import Credit, Episode, Field
from .base import Curve, Reward


class Remembered:
    """A reward whose answers of the last step are kept."""

    def __init__(self, reward: Reward) -> None:
        """Remember what this reward says."""
        self._reward = reward
        self._step: int | None = None
        self._now = _Answers(reward)

    def at(self, step: int) -> _Answers:
        """The same at a step of the training; what was said at another step is forgotten."""
        if step != self._step:
            self._step, self._now = step, _Answers(self._reward.at(step))
        return self._now

    def score(self, group: Sequence[Episode]) -> list[list[Credit]]:
        """The credits of each episode."""
        return self._now.score(group)

    def curves(self, episode: Episode) -> Mapping[Field, Curve]:
        """What other numbers would be worth."""
        return self._now.curves(episode)


class _Answers:
    """What a reward said. Episodes are kept with the answers, so none that is new has the identity of an old one."""

    def __init__(self, reward: Reward) -> None:
        self._reward = reward
        self._scores: dict[tuple[int, ...], tuple[Sequence[Episode], list[list[Credit]]]] = {}
        self._curves: dict[int, tuple[Episode, Mapping[Field, Curve]]] = {}

    def at(self, step: int) -> _Answers:
        return self

    def score(self, group: Sequence[Episode]) -> list[list[Credit]]:
        key = tuple(map(id, group))
        if key not in self._scores:
            self._scores[key] = tuple(group), self._reward.score(group)
        return self._scores[key][1]

    def curves(self, episode: Episode) -> Mapping[Field, Curve]:
        if id(episode) not in self._curves:
            self._curves[id(episode)] = episode, self._reward.curves(episode)
        return self._curves[id(episode)][1]
