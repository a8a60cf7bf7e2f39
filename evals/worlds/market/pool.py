"""The simulated workers: how far a part's difficulty and kind go with each of them.

A part has a level from 1 to 9, or `HOPELESS`. A level takes about half as many tokens again as the one before; a worker
solves few parts above its skill, and what it never solves burns the whole budget.
"""

from __future__ import annotations

import math
import random
from functools import lru_cache
from typing import NamedTuple

from ....core.usage import Price
from ....planner.messages import WorkerOffer
from .curves import Curve

LEVELS = 9
HOPELESS = 10
"""The level of a part that nobody can solve."""

KIND_FACTORS = {"research": 1.0, "reason": 1.6, "compute": 0.5, "write": 0.8, "check": 0.65}
"""Tokens a part of this kind takes, against research of the same level."""

_FIRST_LEVEL_TOKENS = 80.0
_LEVEL_FACTOR = 1.5
_SKILL_SLOPE = 9.0
INPUT_TOKENS = 110
INPUT_TOKENS_PER_PARENT = 40


class SimWorker(NamedTuple):
    """A worker of the market.

    Attributes:
        name: what a plan calls it.
        skill: the difficulty (level / 9) at which half of its attempts are hopeless.
        words: tokens it takes, against the others.
        price_prompt: dollars per million prompt tokens.
        price_completion: dollars per million completion tokens.
        speed: completion tokens a second.
    """

    name: str
    skill: float
    words: float
    price_prompt: float
    price_completion: float
    speed: float

    @property
    def offer(self) -> WorkerOffer:
        """The line a planner chooses from."""
        good_at = f"skill {self.skill:.2f}, {self.speed:.0f} tokens/s"
        return WorkerOffer(self.name, good_at, Price(self.price_prompt, self.price_completion))


POOL = (
    SimWorker("bee", skill=1.15, words=1.0, price_prompt=0.2, price_completion=0.8, speed=80.0),
    SimWorker("ant", skill=0.55, words=1.0, price_prompt=0.05, price_completion=0.2, speed=160.0),
    SimWorker("cat", skill=1.6, words=0.8, price_prompt=0.4, price_completion=1.5, speed=40.0),
)
"""The pool; a subtask that names no worker gets the first."""


def varied_pool(source: random.Random, workers: int) -> tuple[SimWorker, ...]:
    """A pool with skills, prices and speeds that no other problem has: each within a factor of 2 of the usual."""
    return tuple(
        each._replace(
            skill=round(each.skill * 2 ** source.uniform(-0.3, 0.3), 2),
            price_prompt=round(each.price_prompt * (factor := 2 ** source.uniform(-1, 1)), 3),
            price_completion=round(each.price_completion * factor, 3),
            speed=round(each.speed * 2 ** source.uniform(-1, 1)),
        )
        for each in POOL[:workers]
    )


def input_tokens(parents: int) -> int:
    """Prompt tokens of a part with so many parents, whose digests it reads."""
    return INPUT_TOKENS + INPUT_TOKENS_PER_PARENT * parents


@lru_cache(maxsize=8_192)
def curve_of(family: str, level: int, kind: str, worker: SimWorker) -> Curve:
    """What a part of this level and kind takes with this worker."""
    scale = _FIRST_LEVEL_TOKENS * _LEVEL_FACTOR ** (level - 1) * KIND_FACTORS[kind] * worker.words
    solvable = 0.0 if level >= HOPELESS else 1 / (1 + math.exp(_SKILL_SLOPE * (level / LEVELS - worker.skill)))
    return Curve(family, scale, solvable)
