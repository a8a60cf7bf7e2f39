"""One step's practice: a number of groups is asked for, episodes worth learning from come out.

A group in which every plan did equally well teaches nothing. Such groups are left out and further problems are drawn in
their place (dynamic sampling, DAPO, arXiv 2503.14476, section 3.2), for a bounded number of rounds. Laws: equal seeds
and equal weights give equal episodes; with several processes all of them do equally many rounds, and all note all
groups, so their curricula stay the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import TrainingPaused
from ..rollout import Episode, Executor, Sampler
from .ports import Advantages, Curriculum, PromptOf

Group = list[Episode]

_NOTHING_LEARNED = 1e-6


class Process(NamedTuple):
    """One of the processes that train together.

    Attributes:
        rank: its place among them.
        size: how many there are.
        gather: what each process passed in, in order.
    """

    rank: int = 0
    size: int = 1
    gather: Callable[[Any], list[Any]] = lambda own: [own]


@dataclass(frozen=True)
class Collected:
    """Episodes of one step.

    Attributes:
        episodes: of as many groups as were asked for, group by group; from this process.
        drawn: problems that were tried for them.
        useful: how many of the groups teach something; the others had to be taken because no rounds were left.
    """

    episodes: list[Episode]
    drawn: int
    useful: int


class Collector:
    """Draws problems, plans for them, and what comes of the plans."""

    def __init__(
        self,
        *,
        curriculum: Curriculum,
        prompt: PromptOf,
        sampler: Sampler,
        executor: Executor,
        advantages: Advantages,
        group: int,
        max_tokens: int,
        refills: int = 2,
    ) -> None:
        """Collect groups of `group` plans of at most `max_tokens`, with `refills` further rounds at most."""
        self.curriculum, self.advantages = curriculum, advantages
        self._prompt, self._sampler, self._executor = prompt, sampler, executor
        self._group, self._max_tokens, self._rounds = group, max_tokens, refills + 1

    def collect(self, number: int, *, seed: int, process: Process | None = None) -> Collected:
        """Episodes of `number` groups.

        Raises:
            TrainingPaused: when not one of a round's plans could be executed.
        """
        at = process or Process()
        useful: list[Group] = []
        spare: list[Group] = []
        drawn = 0
        for turn in range(self._rounds):
            missing = max(at.gather(number - len(useful)))
            if missing <= 0:
                break
            groups = self._round(missing, seed_of(seed, turn), at)
            drawn += len(groups)
            for group in groups:
                (useful if self._teaches(group) else spare).append(group)
        kept = [*useful, *spare][:number]
        return Collected([episode for group in kept for episode in group], drawn, min(number, len(useful)))

    def _round(self, number: int, seed: int, at: Process) -> list[Group]:
        """Groups for so many further problems on each process; all processes' groups go to the curriculum."""
        problems = list(self.curriculum.draw(number * at.size, seed=seed))[number * at.rank :][:number]
        prompts = [self._prompt(problem) for problem in problems]
        own = seed_of(seed, at.rank)
        rollouts = self._sampler.sample(prompts, group=self._group, max_tokens=self._max_tokens, seed=own)
        groups = [
            self._executor.execute(problem, rollouts[place * self._group :][: self._group], seed=seed_of(own, place))
            for place, problem in enumerate(problems)
        ]
        everyone = [group for each in at.gather(groups) for group in each]
        self._check(everyone)
        for group in everyone:
            self.curriculum.record(group)
        return groups

    @staticmethod
    def _check(groups: Sequence[Group]) -> None:
        errors = [episode.error for group in groups for episode in group]
        if errors and all(errors):
            raise TrainingPaused(
                f"None of {len(errors)} plans could be executed: {errors[0]}",
                hint="Mend that, then give the same command again: it goes on from the checkpoint.",
            )

    def _teaches(self, group: Group) -> bool:
        return any(abs(each) > _NOTHING_LEARNED for row in self.advantages(group) for each in row)


def seed_of(*parts: int) -> int:
    """A seed that depends on all of these numbers, from 0 to 2^63 - 1."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
