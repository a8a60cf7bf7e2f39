"""Practice on the market for tests of the trainer: problems by seed, played plans, advantages by utility."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foreplan.evals.worlds.base import Problem
from foreplan.evals.worlds.market.world import Market, offers
from foreplan.train.rollout import Episode, Rollout
from foreplan.train.tiny.prompt import tiny_prompt_ids

WORLD = Market()
DIALS = {"most_parts": 2, "trivial": 0.0, "distractors": 0.0}


def prompt_ids(problem: Problem) -> list[int]:
    return tiny_prompt_ids(problem.brief, offers(problem))


class Seeds:
    """Problems in the order of their seeds; remembers how many groups it was told of."""

    def __init__(self) -> None:
        self.told = 0

    def draw(self, number: int, *, seed: int) -> list[Problem]:
        first = seed % 1_000 + self.told
        return [WORLD.problem(first + at, **DIALS) for at in range(number)]

    def record(self, episodes: Sequence[Episode]) -> None:
        self.told += 1

    def state(self) -> Mapping[str, Any]:
        return {"told": self.told}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.told = state["told"]


class Played:
    """Plays each plan once; `fail` says why it cannot."""

    def __init__(self) -> None:
        self.fail = ""

    def execute(self, problem: Problem, rollouts: Sequence[Rollout], *, seed: int) -> list[Episode]:
        return [self._episode(problem, rollout, seed % 64) for rollout in rollouts]

    def _episode(self, problem: Problem, rollout: Rollout, draw: int) -> Episode:
        if self.fail:
            return Episode(problem, rollout, error=self.fail)
        outcomes = () if rollout.plan is None else (WORLD.outcome(problem, rollout.plan, draw=draw),)
        return Episode(problem, rollout, outcomes)


def utility(episode: Episode) -> float:
    """In thousandths of a dollar; a text that is no plan is worth nothing."""
    return 1e3 * sum(each.utility for each in episode.outcomes)


class ByUtility:
    """Utility less the group's mean, for every token; `half` gives the second half of a plan none."""

    def __init__(self, group: int, *, half: bool = False) -> None:
        self.step, self._group, self._half = 0, group, half

    def __call__(self, episodes: Sequence[Episode]) -> list[list[float]]:
        rows = []
        for first in range(0, len(episodes), self._group):
            group = episodes[first : first + self._group]
            mean = sum(map(utility, group)) / len(group)
            for episode in group:
                length = len(episode.rollout.completion_ids)
                kept = length // 2 if self._half else length
                rows.append([0.0 if episode.error else utility(episode) - mean] * kept + [0.0] * (length - kept))
        return rows


def trainer(folder: Path, config: Any, **extra: Any) -> Any:
    """A trainer of a fresh tiny planner under the grammar, on one thread."""
    import torch

    from foreplan.train.grammar.compact import CompactGrammar
    from foreplan.train.grammar.reading import read_compact
    from foreplan.train.sample.local import LocalSampler
    from foreplan.train.tiny.model import tiny_model
    from foreplan.train.tiny.words import tiny_tokenizer
    from foreplan.train.trainer.collect import Collector
    from foreplan.train.trainer.planner_trainer import PlannerTrainer

    torch.set_num_threads(1)
    tokenizer = tiny_tokenizer()
    model = extra.pop("model", None) or tiny_model(tokenizer, seed=config.seed, hidden=32, layers=2)
    grammar = CompactGrammar() if extra.pop("masked", True) else None
    executor, curriculum = extra.pop("executor", None) or Played(), extra.pop("curriculum", None) or Seeds()
    advantages = extra.pop("advantages", None) or ByUtility(config.group)
    sampler = LocalSampler(
        model, read=read_compact, end_id=tokenizer.eos_token_id, pad_id=tokenizer.pad_token_id, grammar=grammar,
        temperature=config.temperature,
    )  # fmt: skip
    collector = Collector(
        curriculum=curriculum, prompt=prompt_ids, sampler=sampler, executor=executor, advantages=advantages,
        group=config.group, max_tokens=config.max_tokens, refills=config.refills,
    )  # fmt: skip
    return PlannerTrainer(model, tokenizer, config, collector, folder=folder, grammar=grammar, cpu=True, **extra)
