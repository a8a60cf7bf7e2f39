"""Structure: is the plan about what is needed, with the dependencies that are needed, and nothing beside?

In goes an episode, out comes one credit for the tokens that lay the plan out. Its weight falls to a floor during
training: it shows the way at first, and later only keeps parts from being dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..rollout import Credit, Episode
from .base import causes, matched, needed


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
        """One credit; 0 for what is no plan."""
        plan, problem = episode.rollout.plan, episode.problem
        if plan is None:
            return [Credit(self.name, 0.0)]
        found = matched(problem, plan)
        fits = (found.coverage + found.edge_f1) / 2 if any(part.needed for part in problem.parts) else 1.0
        value = self.now * (fits - len(found.extra) / needed(problem))
        return [Credit(self.name, value, causes(episode.rollout))]
