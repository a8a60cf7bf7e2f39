"""The planner that needs no model: a brief in, the facets of its question as subtasks out. Deterministic.

Each part of the question (a sentence, a clause with its own question word, a line) is looked up by itself: once for
each name in it when it holds several, and with the names of the part before when it holds none. A second look-up, which
waits for these, takes up what they found: many answers are two hops away. Nothing is spent, so forecasts are 0 tokens
and budgets the least allowed. Pure arithmetic is answered at once; what no code can answer is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from ..memory.text.entities import entities
from ..memory.text.quotations import quotations
from ..memory.text.sentences import sentences
from .arithmetic import answer_arithmetic
from .brief import Brief
from .plan import Forecast, Plan, Subtask
from .validate import MIN_BUDGET_TOKENS

MAX_PARTS = 4
MAX_NAMES = 3

_MAX_GOAL_CHARS = 600
_CLAUSE = re.compile(
    r"[,;]?\s+(?:and|or)\s+(?=(?:who|whom|whose|what|which|when|where|why|how)\b)|;\s+|\n+", re.IGNORECASE
)
_LETTER = re.compile(r"\w")
_SUCCESS = 0.5
"""What is known of how often a look-up finds its part: nothing."""


def facets(brief: Brief) -> Plan:
    """The plan for a brief when there is no model to ask."""
    answer = None if brief.sources and brief.cite else answer_arithmetic(brief.goal)
    if answer is not None:
        return Plan(mode="direct", answer=answer, synthesis="", success=1.0, subtasks=())
    parts = list(islice(_parts(brief.goal), MAX_PARTS)) or [brief.goal.strip()]
    subtasks: list[Subtask] = []
    names: list[str] = []
    for number, part in enumerate(parts, start=1):
        own = _names(part)
        subtasks += _part_subtasks(number, part if own or not names else f"{', '.join(names)}: {part}", own)
        names = own or names
    return Plan(
        mode="plan",
        answer=None,
        synthesis="Quote the sentences that answer the question, part by part.",
        success=_SUCCESS,
        subtasks=tuple(subtasks),
    )


def _part_subtasks(number: int, part: str, names: Sequence[str]) -> Iterator[Subtask]:
    goals = [f"{name}: {part}" for name in names] if len(names) > 1 else [part]
    first = [f"part-{number}-{letter}" for letter in "abc"[: len(goals)]]
    for name, goal in zip(first, goals, strict=True):
        yield _subtask(name, (), goal)
    yield _subtask(f"part-{number}-further", tuple(first), part)


def _subtask(name: str, depends_on: tuple[str, ...], goal: str) -> Subtask:
    return Subtask(
        id=name,
        depends_on=depends_on,
        kind="research",
        goal=goal[:_MAX_GOAL_CHARS],
        done_when="Sentences of the sources that bear on it are quoted.",
        on_missing="partial",
        worker=None,
        effort="low",
        attempts=1,
        select="first",
        forecast=Forecast(success=_SUCCESS, tokens_p50=0, tokens_p90=0),
        budget=MIN_BUDGET_TOKENS,
    )


def _parts(goal: str) -> Iterator[str]:
    """Sentences and their clauses, without repetitions; what holds no word is left out."""
    seen: set[str] = set()
    for span in sentences(goal):
        for clause in _CLAUSE.split(goal[span.start : span.end]):
            part = " ".join(clause.split())
            if _LETTER.search(part) and part.lower() not in seen:
                seen.add(part.lower())
                yield part


def _names(part: str) -> list[str]:
    """Quoted terms and proper names, those within others left out, first `MAX_NAMES`."""
    found = [each.text for each in quotations(part)] + [each.name for each in entities(part)]
    distinct = dict.fromkeys(" ".join(name.split()) for name in found)
    return [name for name in distinct if not any(name != other and name in other for other in distinct)][:MAX_NAMES]
