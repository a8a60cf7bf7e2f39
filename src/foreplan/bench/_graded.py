"""What the benchmark of graders grades: answers of 60 words and plans of 12 subtasks, each output a different one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from foreplan.evals.graders.base import Item, Sample
from foreplan.planner.codec import encode
from foreplan.planner.plan import Forecast, Plan, Subtask

ANSWER_WORDS = 60
SUBTASKS = 12
GROUP = 8
"""Outputs to one item, as in training."""

_VOWELS, _CONSONANTS = "aeiou", "bcdfglmnprstv"


class Case(NamedTuple):
    """One output and the item it answers."""

    item: Item
    sample: Sample


def answers(count: int, seed: int) -> list[Case]:
    """Answers that share most words with the gold answer."""
    dice = random.Random(seed)
    words = _vocabulary(dice)
    return [Case({"answer": gold}, Sample(_edited(gold, words, dice))) for gold in _golds(words, count, dice)]


def plans(count: int, seed: int, *, compact: bool) -> list[Case]:
    """Plans whose goals are those of the item's parts in other words, as JSON or in the compact form."""
    dice = random.Random(seed)
    words = _vocabulary(dice)
    cases = []
    for start in range(0, count, GROUP):
        parts = _parts(words, dice)
        for _ in range(min(GROUP, count - start)):
            plan = _plan(parts, words, dice)
            cases.append(Case({"parts": parts}, Sample(encode(plan) if compact else plan.model_dump_json())))
    return cases


def _golds(words: list[str], count: int, dice: random.Random) -> Iterator[str]:
    for start in range(0, count, GROUP):
        gold = " ".join(dice.choices(words, k=ANSWER_WORDS)).capitalize() + "."
        yield from [gold] * min(GROUP, count - start)


def _vocabulary(dice: random.Random) -> list[str]:
    return [
        "".join(dice.choice(_CONSONANTS) + dice.choice(_VOWELS) for _ in range(dice.randint(1, 4))) for _ in range(900)
    ]


def _edited(text: str, words: list[str], dice: random.Random) -> str:
    """The text with a third of its words exchanged."""
    return " ".join(dice.choice(words) if dice.random() < 1 / 3 else word for word in text.split())


def _parts(words: list[str], dice: random.Random) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    for number in range(SUBTASKS):
        parents = [f"p{parent}" for parent in dice.sample(range(number), min(number, dice.randint(0, 2)))]
        goal = "Find out " + " ".join(dice.choices(words, k=12))
        parts.append({"id": f"p{number}", "goal": goal, "depends_on": parents})
    return parts


def _plan(parts: list[dict[str, Any]], words: list[str], dice: random.Random) -> Plan:
    subtasks = tuple(
        Subtask(
            id=f"s{number}",
            depends_on=tuple(parent.replace("p", "s") for parent in part["depends_on"]),
            kind="research",
            goal=_edited(part["goal"], words, dice),
            done_when="a number with its source is found",
            on_missing="partial",
            worker=None,
            effort="low",
            attempts=1,
            select="first",
            forecast=Forecast(success=0.8, tokens_p50=2_000, tokens_p90=4_000),
            budget=5_000,
        )
        for number, part in enumerate(parts)
    )
    return Plan(mode="plan", answer=None, synthesis="Compare them.", success=0.7, subtasks=subtasks)
