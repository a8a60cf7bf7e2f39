"""Structure: is the plan about what is needed, with the dependencies that are needed, and nothing beside?

In goes an episode, out come credits for the tokens that lay the plan out, and for those of each part's
dependencies. These are compared as all that a part waits for, so that declaring what follows anyway neither helps nor
harms. The weight falls to a floor during training: it shows the way at first, and later keeps parts from being dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...evals.worlds.base import Part
from ...planner.plan import Plan
from ..rollout import Credit, Episode
from .base import links, needed, with_ancestors


@dataclass(frozen=True)
class Structure:
    """Pays `weight` for covering all needed parts with just their dependencies, half for each.

    A subtask that is about no needed part costs `weight` over the number of needed parts.

    Attributes:
        weight: at the first step.
        floor: from step `anneal_steps` on.
        anneal_steps: over so many steps the weight falls, evenly.
        step: of the training.
    """

    weight: float
    floor: float
    anneal_steps: int
    step: int = 0
    name: str = "structure"

    def at(self, step: int) -> Structure:
        """The same at a step of the training."""
        return replace(self, step=step)

    @property
    def now(self) -> float:
        """The weight at this step."""
        done = min(1.0, self.step / self.anneal_steps) if self.anneal_steps else 1.0
        return self.weight + (self.floor - self.weight) * done

    def score(self, episode: Episode) -> Sequence[Credit]:
        """A credit for what is covered and what is beside it, and one for the dependencies of each needed part."""
        plan, problem, rollout = episode.rollout.plan, episode.problem, episode.rollout
        if plan is None:
            return [Credit(self.name, 0.0)]
        found, count, doers = episode.match, needed(problem), episode.doer_of
        wanted = [part for part in problem.parts if part.needed]
        covers = found.coverage / 2 if wanted else 1.0
        earned = [Credit(self.name, self.now * (covers - len(found.extra) / count), links(rollout))]
        before = _ancestors(problem.parts)
        for part in wanted:
            own = [doers[part.id]] if part.id in doers else []
            fit = _f1(_waits_for(plan, own, doers), before[part.id]) if own else 0.0
            earned.append(Credit(self.name, self.now * fit / 2 / count, links(rollout, own), part.id))
        return earned


def _waits_for(plan: Plan, own: Sequence[str], doers: Mapping[str, str]) -> set[str]:
    """What a subtask waits for, directly or not: parts, and the ids of subtasks that are about none."""
    part_of = {subtask: part for part, subtask in doers.items()}
    return {part_of.get(each, each) for each in with_ancestors(plan, own) - set(own)}


def _ancestors(parts: Sequence[Part]) -> dict[str, set[str]]:
    before: dict[str, set[str]] = {}
    for part in parts:
        before[part.id] = set(part.depends_on).union(*(before[each] for each in part.depends_on))
    return before


def _f1(said: set[str], true: set[str]) -> float:
    """F1 of one set against another; 1 when both are empty."""
    return 2 * len(said & true) / (len(said) + len(true)) if said or true else 1.0
