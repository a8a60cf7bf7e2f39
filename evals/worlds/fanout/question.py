"""The question of a fanout problem: chains with their answers go in, goal, answer and the aggregating part come out."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ..answers import FINAL, UNKNOWN
from .relations import Relation, Target, phrase
from .things import Thing, Value

Aggregation = Literal["list", "compare", "count", "sum", "earliest"]

AGGREGATIONS: tuple[Aggregation, ...] = ("list", "compare", "count", "sum", "earliest")
"""By the number of the dial."""

_FORMS: dict[Aggregation, str] = {
    "list": "the values in the order of the question, with semicolons between",
    "compare": "the name asked for",
    "count": "the number",
    "sum": "the number",
    "earliest": "the name asked for",
}


class Chain(NamedTuple):
    """Things that lead to a value, the first of them named in the question; `value` is None when it stands nowhere."""

    things: tuple[Thing, ...]
    path: tuple[Relation, ...]
    value: Value | None

    @property
    def root(self) -> str:
        """The name that the question has."""
        return self.things[0].name


@dataclass(frozen=True)
class Question:
    """Goal and return format of the brief, the `Answer:` line, and the goal of the part that aggregates, if any."""

    goal: str
    return_format: str
    answer: str
    total: str


def ends(aggregation: Aggregation) -> tuple[Target, ...]:
    """What paths may end in, so that the aggregation makes sense."""
    if aggregation == "list":
        return ("number", "date")
    return ("date",) if aggregation == "earliest" else ("number",)


def ask(chains: Sequence[Chain], aggregation: Aggregation, draw: random.Random) -> Question:
    """The question over all chains; for one chain there is nothing to aggregate."""
    path, roots = chains[0].path, _joined([chain.root for chain in chains])
    one = phrase(path, f"that {chains[0].things[0].kind}")
    if len(chains) == 1:
        goal, total, aggregation = f"What is {phrase(path, chains[0].root)}?", "", "list"
    elif aggregation == "list":
        goal, total = f"What is {phrase(path, f'each of {roots}')}?", ""
    elif aggregation == "sum":
        goal = f"What is the sum, over {roots}, of {one}?"
        total = "Calculate the sum of the numbers that were found."
    elif aggregation == "count":
        limit = _limit(chains, draw)
        goal = f"For how many of {roots} is {one} above {limit}?"
        total = f"Count how many of the numbers found are above {limit}."
        return Question(goal, _format(aggregation), _count(chains, limit), total)
    else:
        most = "largest" if aggregation == "compare" else "earliest"
        goal = f"For which of {roots} is {one} the {most}?"
        total = f"Compare what was found and say for which of them it is the {most}."
    return Question(goal, _format(aggregation), _answer(chains, aggregation), total)


def written(value: Value | None) -> str:
    """A value as gold answers have it: digits, an ISO date, or a name."""
    return UNKNOWN if value is None else value.isoformat() if isinstance(value, dt.date) else str(value)


def _format(aggregation: Aggregation) -> str:
    return (
        f"Say what was found on the way. Close with a line of its own, `{FINAL}: ` and {_FORMS[aggregation]}; "
        f"write {UNKNOWN} for what the sources do not tell."
    )


def _answer(chains: Sequence[Chain], aggregation: Aggregation) -> str:
    values = {chain.root: chain.value for chain in chains}
    if aggregation == "list":
        return "; ".join(written(value) for value in values.values())
    if None in values.values():
        return UNKNOWN
    if aggregation == "sum":
        return str(sum(value for value in values.values() if isinstance(value, int)))
    if aggregation == "compare":
        return max((value, root) for root, value in values.items() if isinstance(value, int))[1]
    return min((value, root) for root, value in values.items() if isinstance(value, dt.date))[1]


def _count(chains: Sequence[Chain], limit: int) -> str:
    values = [chain.value for chain in chains]
    return UNKNOWN if None in values else str(sum(isinstance(value, int) and value > limit for value in values))


def _limit(chains: Sequence[Chain], draw: random.Random) -> int:
    """A number near one of the values, none of which it is."""
    values = sorted(chain.value for chain in chains if isinstance(chain.value, int))
    if not values:
        return 1_000
    limit = draw.choice(values) // 10 * 10 + 5
    while limit in values:
        limit -= 1
    return limit


def _joined(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
