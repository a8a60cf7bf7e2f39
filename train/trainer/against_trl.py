"""TRL's own trainer and ours on the same model, prompts, reward and settings: sizes go in, CPU seconds and rewards out.

The task is one that anything can learn: of the tokens written, how many have an even number. Completions have a fixed
length, so both do the same work. Seconds are the processor's, of a whole step with generation, the first left out.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import torch
from datasets import Dataset  # type: ignore[import-untyped]
from transformers import TrainerCallback
from trl.trainer.grpo_trainer import GRPOTrainer

from ...evals.graders.base import Grade
from ...evals.worlds.base import Outcome, Problem
from ...evals.worlds.draw import draw_for
from ...planner.brief import Brief
from ..grammar.reading import read_compact
from ..rollout import Episode, Rollout
from ..sample.local import LocalSampler
from ..tiny.model import tiny_model
from ..tiny.words import GRID, ids_of, tiny_tokenizer
from .arguments import grpo_config
from .collect import Collector
from .config import RLConfig
from .planner_trainer import PlannerTrainer

_NEVER = -1
"""An end token that no model writes, so that completions have a fixed length."""


class Size(NamedTuple):
    """What is measured: tokens of prompts and completions, steps, and the model's width and depth."""

    prompt: int
    completion: int
    steps: int
    groups: int
    hidden: int
    layers: int
    learning_rate: float = 1e-3


@dataclass
class Course:
    """What one training took and learned, by step: CPU seconds in all, those of drawing plans, and mean rewards."""

    steps_s: list[float] = field(default_factory=list)
    drawing_s: list[float] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)

    @property
    def step_s(self) -> float:
        """CPU seconds of a step, the median without the first."""
        return statistics.median(self.steps_s[1:])

    @property
    def update_s(self) -> float:
        """The same without drawing plans."""
        both = zip(self.steps_s[1:], self.drawing_s[1:], strict=True)
        return statistics.median(step - drawing for step, drawing in both)


def courses(size: Size, *, seed: int, group: int = 8) -> tuple[Course, Course]:
    """Our training and TRL's of this size, on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        config = RLConfig(
            steps=size.steps,
            groups=size.groups,
            group=group,
            max_tokens=size.completion,
            learning_rate=size.learning_rate,
            refills=0,
            save_every=10**6,
            loss="grpo",
            epsilon_high=0.2,
            seed=seed,
            trl={"logging_steps": 10**6},
        )
        with tempfile.TemporaryDirectory() as folder:
            return _ours(size, config, Path(folder)), _stock(size, config, Path(folder))
    finally:
        torch.set_num_threads(threads)


def compare(size: Size, *, seed: int = 0) -> dict[str, float]:
    """CPU seconds of our steps, and as a share of TRL's: with drawing plans, and of the update alone."""
    ours, stock = courses(size, seed=seed)
    return {
        "step_s": ours.step_s,
        "stock_step_s": stock.step_s,
        "ratio": ours.step_s / stock.step_s,
        "ratio_update": ours.update_s / stock.update_s,
    }


def curves(size: Size, *, seeds: int = 2) -> dict[str, Any]:
    """What both learn: mean rewards at the beginning, and over the last quarter of the steps by seed.

    `gap` is the difference of the two mean curves, `noise` that of the curves of one trainer's seeds, both averaged
    over the steps. Of curves that differ by chance alone the gap is the smaller one.
    """
    both = [courses(size, seed=seed) for seed in range(seeds)]
    ours, stock = ([each.rewards for each in found] for found in zip(*both, strict=True))
    last = size.steps // 4
    spreads = [max(step) - min(step) for found in (ours, stock) for step in zip(*found, strict=True)]
    means = ([statistics.fmean(step) for step in zip(*found, strict=True)] for found in (ours, stock))
    gaps = [abs(one - other) for one, other in zip(*means, strict=True)]
    return {
        "start": statistics.fmean(curve[0] for curve in [*ours, *stock]),
        "ours": [statistics.fmean(curve[-last:]) for curve in ours],
        "stock": [statistics.fmean(curve[-last:]) for curve in stock],
        "gap": statistics.fmean(gaps),
        "noise": statistics.fmean(spreads),
    }


def reward(completion_ids: Sequence[int]) -> float:
    """The share of even tokens."""
    return sum(token % 2 == 0 for token in completion_ids) / max(1, len(completion_ids))


def prompts(size: Size) -> Iterator[str]:
    """Texts of `size.prompt` tokens each, the same in every call."""
    for number in count():
        source = draw_for("against-trl", number)
        yield "".join(f" {source.choice(GRID)}" for _ in range(size.prompt))


class _Stopwatch(TrainerCallback):
    """Notes the CPU seconds of each step."""

    def __init__(self, course: Course) -> None:
        self._course, self._began = course, 0.0

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self._began = time.process_time()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self._course.steps_s.append(time.process_time() - self._began)


class _Texts:
    """Problems whose goal is the prompt; also carries out plans, and says what each token was worth."""

    def __init__(self, size: Size, group: int, course: Course) -> None:
        self._size, self._texts = size, prompts(size)
        self._group, self._course = group, course
        self.step = 0

    def draw(self, number: int, *, seed: int) -> list[Problem]:
        del seed
        texts = [next(self._texts) for _ in range(number)]
        return [Problem(world="text", seed=0, brief=Brief(goal="?"), parts=(), answer=text) for text in texts]

    def record(self, episodes: Sequence[Episode]) -> None:
        self._course.rewards += [each.outcomes[0].grade.reward for each in episodes]

    def state(self) -> Mapping[str, Any]:
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        del state

    def execute(self, problem: Problem, rollouts: Sequence[Rollout], *, seed: int) -> list[Episode]:
        del seed
        outcomes = [Outcome(Grade(reward=reward(each.completion_ids))) for each in rollouts]
        whole = [replace(each, truncated=False) for each in rollouts]
        return [Episode(problem, each, (outcome,)) for each, outcome in zip(whole, outcomes, strict=True)]

    def __call__(self, episodes: Sequence[Episode]) -> list[list[float]]:
        """TRL's advantages: standardised by the group."""
        found = []
        for first in range(0, len(episodes), self._group):
            values = [each.outcomes[0].grade.reward for each in episodes[first : first + self._group]]
            mean, spread = statistics.fmean(values), statistics.stdev(values) + 1e-4
            found += [[(value - mean) / spread] * self._size.completion for value in values]
        return found


def _ours(size: Size, config: RLConfig, folder: Path) -> Course:
    course, tokenizer = Course(), tiny_tokenizer()
    model = tiny_model(tokenizer, seed=config.seed, hidden=size.hidden, layers=size.layers)
    texts = _Texts(size, config.group, course)
    collector = Collector(
        curriculum=texts,
        prompt=lambda problem: ids_of(problem.answer or ""),
        sampler=LocalSampler(model, read=read_compact, end_id=_NEVER, pad_id=tokenizer.pad_token_id),
        executor=texts,
        advantages=texts,
        group=config.group,
        max_tokens=size.completion,
        refills=0,
    )
    trainer = PlannerTrainer(
        model, tokenizer, config, collector, folder=folder, callbacks=[_Stopwatch(course)], cpu=True
    )  # fmt: skip
    with _timed(trainer, "_practise", course):
        trainer.train()
    return _by_step(course, config.rows)


def _stock(size: Size, config: RLConfig, folder: Path) -> Course:
    course, tokenizer = Course(), tiny_tokenizer()
    model = tiny_model(tokenizer, seed=config.seed, hidden=size.hidden, layers=size.layers)
    arguments = grpo_config(config, folder, cpu=True)
    arguments.generation_kwargs = {"min_new_tokens": size.completion}
    rows = [text for text, _ in zip(prompts(size), range(config.groups * config.steps), strict=False)]

    def judge(completion_ids: Sequence[Sequence[int]], **_: Any) -> list[float | None]:
        found = [reward(each) for each in completion_ids]
        course.rewards.extend(found)
        return list(found)

    trainer: Any = GRPOTrainer(
        model=model,
        reward_funcs=[judge],
        args=arguments,
        train_dataset=Dataset.from_dict({"prompt": rows}),
        processing_class=tokenizer,
        callbacks=[_Stopwatch(course)],
    )
    with _timed(trainer, "_generate_and_score_completions", course):
        trainer.train()
    return _by_step(course, config.rows)


@contextmanager
def _timed(trainer: Any, name: str, course: Course) -> Iterator[None]:
    """Note the CPU seconds of each call of a method."""
    method: Callable[..., Any] = getattr(trainer, name)

    def timed(*arguments: Any) -> Any:
        began = time.process_time()
        found = method(*arguments)
        course.drawing_s.append(time.process_time() - began)
        return found

    setattr(trainer, name, timed)
    yield
    delattr(trainer, name)


def _by_step(course: Course, rows: int) -> Course:
    """Rewards averaged over the plans of each step."""
    starts = range(0, len(course.rewards), rows)
    return replace(course, rewards=[statistics.fmean(course.rewards[at : at + rows]) for at in starts])
