"""What work on one part gives and costs: part, worker and budget in; chance, expected tokens and dollars out.

A budget caps prompt and completion tokens together. One that does not hold the prompt buys no call: nothing is spent
and nothing comes of it, so the smallest budget of the grid is a way to abstain that still names the part. Of what is
reserved and not spent a share is billed.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from ....planner.plan import Plan
from .pool import SimWorker, curve_of, input_tokens

PLANNER_PRICE_PROMPT = 0.5
PLANNER_PRICE_COMPLETION = 2.0
"""Dollars per million tokens of the planner."""

BRIEF_TOKENS = 60
HEAD_TOKENS = 10
LINE_TOKENS = 16
CHARS_PER_TOKEN = 4


class Work(NamedTuple):
    """Expectations of one subtask, given that it is begun.

    Attributes:
        chance: to be done within its budget, its inputs being there.
        tokens: prompt and completion.
        dollars: what is billed.
        wasted_tokens: spent when it cannot be done at all, because an input is missing.
        wasted_dollars: billed then.
    """

    chance: float
    tokens: float
    dollars: float
    wasted_tokens: float
    wasted_dollars: float


_NOTHING = Work(0.0, 0.0, 0.0, 0.0, 0.0)


@lru_cache(maxsize=131_072)
def work(family: str, level: int, kind: str, parents: int, worker: SimWorker, budget: int, reservation: float) -> Work:
    """The expectations of a part with this budget. `parents` are those whose digests the worker is shown."""
    prompt = input_tokens(parents)
    room = budget - prompt
    if room < 0:
        return _NOTHING
    curve = curve_of(family, level, kind, worker)
    spend = curve.spend(room)
    return Work(
        chance=curve.chance(room),
        tokens=prompt + spend,
        dollars=dollars(worker, prompt, spend, room, reservation),
        wasted_tokens=float(budget),
        wasted_dollars=dollars(worker, prompt, room, room, reservation),
    )


def dollars(worker: SimWorker, prompt: int, completion: float, room: float, reservation: float) -> float:
    """The bill for a call that wrote `completion` of the `room` tokens it had."""
    billed = completion + reservation * (room - completion)
    return (prompt * worker.price_prompt + billed * worker.price_completion) / 1e6


def planner_tokens(plan: Plan) -> int:
    """What the planner wrote, about: so many tokens a line, and more for long texts."""
    written = sum(LINE_TOKENS + math.ceil((len(each.goal) + len(each.done_when)) / CHARS_PER_TOKEN)
                  for each in plan.subtasks)  # fmt: skip
    return HEAD_TOKENS + written + math.ceil(len(plan.synthesis) / CHARS_PER_TOKEN)


def planner_dollars(tokens: int) -> float:
    """What planning costs when the planner wrote so many tokens."""
    return (BRIEF_TOKENS * PLANNER_PRICE_PROMPT + tokens * PLANNER_PRICE_COMPLETION) / 1e6
