"""The parts world: a seed goes in, puzzles that depend on each other's answers come out, with a last step over them.

Every puzzle is a document. Which of several a later part is about follows from the answers of earlier ones, so it
cannot be known before those are solved. `outcome` grades a plan by its structure; `grade` has the puzzles' own scorers.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field

from ....planner.brief import Brief
from ....planner.plan import Plan, Subtask
from ..answers import FINAL, UNKNOWN
from ..base import Outcome, Part, Problem
from ..dials import Dials, read_dials
from ..direct import trivial
from ..draw import draw_for
from ..structure import TOTAL, Doubt, best_plan, simulate
from .datasets import INTEGERS, LEVELS, TEXTS, Puzzle, pose

SOURCES = "puzzles"
UNSOLVABLE = 2.0
"""Difficulty of a part whose puzzle is lost."""

AGGREGATIONS: Mapping[str, Callable[[Sequence[int]], int]] = {"sum": sum, "largest": max, "smallest": min}

_FORMAT = (
    f"One line for each part, its name and its answer, such as `p1: 12`. Close with a line `{FINAL}: ` and the total. "
    f"Write {UNKNOWN} for what cannot be found out."
)
_NAMED = re.compile(r"\b(?:p|part )(\d{1,2})\b", re.IGNORECASE)
_TOTAL = re.compile(r"\b(?:total|final|overall|altogether)\b", re.IGNORECASE)


class PartsDials(Dials):
    """Dials of the parts world.

    Attributes:
        parts: puzzles that are asked for.
        choices: puzzles of which a part that depends on others has to take one.
        level: of the curriculum, from 0.
        distractors: puzzles more that nobody asks for.
        unsolvable: the share of parts, among those that no other depends on, whose puzzle is lost.
        direct: the chance that there is nothing to plan.
    """

    parts: int = Field(4, ge=2, le=12)
    choices: int = Field(3, ge=2, le=5)
    level: int = Field(1, ge=0, lt=LEVELS)
    distractors: int = Field(1, ge=0, le=4)
    unsolvable: float = Field(0.1, ge=0, le=1)
    direct: float = Field(0.1, ge=0, le=1)


class Parts:
    """Puzzles joined by dependencies."""

    name = "parts"

    def problem(self, seed: int, **dials: float) -> Problem:
        """The problem of this seed.

        Raises:
            SettingsError: when a dial is unknown or out of its bounds.
            MissingExtra: without reasoning-gym.
        """
        set_ = read_dials(PartsDials, dials)
        if draw_for(self.name, seed, "direct").random() < set_.direct:
            return self._easy(seed, set_)
        draw = draw_for(self.name, seed, "parts")
        steps = _steps(set_, draw)
        total = draw.choice(sorted(AGGREGATIONS))
        numbers = [step for step in steps if step.needed and step.posed[0].dataset in INTEGERS]
        over = ", ".join(step.id for step in numbers)
        asked = ", ".join(step.id for step in steps if step.needed)
        parts = (*map(_part, steps), _total_part(numbers, total))
        return Problem(
            world=self.name,
            seed=seed,
            brief=Brief(
                goal=f"Solve the parts {asked}. Then give the total: the {total} of the answers of {over}.",
                context="\n".join(step.rule for step in steps),
                return_format=_FORMAT,
                sources=(SOURCES,),
                cite=False,
            ),
            parts=parts,
            answer=_total(numbers, total),
            documents={name: text for step in steps for name, text in step.documents()},
            hidden={
                "dials": set_.model_dump(),
                "goals": {part.id: part.goal for part in parts if part.needed},
                "puzzles": {step.id: step.puzzle._asdict() for step in steps},
                "expected": _total(numbers, total) or UNKNOWN,
            },
        )

    def best_plan(self, problem: Problem) -> Plan:
        """One subtask a part, and one for the total; forecasts know no more than the dials."""
        dials = PartsDials.model_validate(problem.hidden["dials"])
        used = {parent for part in problem.parts if part.id != TOTAL for parent in part.depends_on}
        last = (part for part in problem.parts if part.needed and part.id not in {TOTAL, *used})
        doubts = {part.id: Doubt(1 - dials.unsolvable, _difficulty(dials.level, part.depends_on)) for part in last}
        return best_plan(problem, problem.hidden["goals"], "reason", doubts)

    def outcome(self, problem: Problem, plan: Plan, *, draw: int = 0) -> Outcome:
        """What comes of a plan, by its structure alone."""
        known = frozenset(part.id for part in problem.parts)
        return simulate(problem, plan, lambda subtask, _: _named(subtask, known), draw=draw)

    def _easy(self, seed: int, dials: PartsDials) -> Problem:
        asked = trivial(draw_for(self.name, seed, "trivial"))
        return Problem(
            world=self.name,
            seed=seed,
            brief=Brief(goal=asked.goal, context=asked.context, length="short"),
            parts=(),
            answer=asked.answer,
            hidden={"dials": dials.model_dump(), "goals": {}, "puzzles": {}, "expected": asked.answer},
        )


@dataclass(frozen=True)
class _Step:
    """One part: the puzzles to choose from, which of them is meant, and whether that one is lost."""

    id: str
    depends_on: tuple[str, ...]
    posed: tuple[Puzzle, ...]
    chosen: int
    needed: bool
    lost: bool

    @property
    def puzzle(self) -> Puzzle:
        """The puzzle that is meant."""
        return self.posed[self.chosen]

    @property
    def answer(self) -> str | None:
        """Its gold answer; None when it is lost."""
        return None if self.lost else pose(self.puzzle).answer

    @property
    def rule(self) -> str:
        """How to find out which puzzle is meant."""
        if not self.depends_on:
            return f"{self.id}: the puzzle {self.id}-1."
        given = " plus ".join(f"the answer of {each}" for each in self.depends_on)
        return (
            f"{self.id}: the puzzle {self.id}-n, where n is 1 more than the remainder of {given} "
            f"when divided by {len(self.posed)}, the remainder never being negative."
        )

    def documents(self) -> Iterator[tuple[str, str]]:
        """The puzzles that are not lost, by file name."""
        for at, puzzle in enumerate(self.posed):
            if not (self.lost and at == self.chosen):
                yield f"{self.id}-{at + 1}.md", f"# Puzzle {self.id}-{at + 1}\n\n{pose(puzzle).question}\n"


def _steps(dials: PartsDials, draw: random.Random) -> list[_Step]:
    """All parts, the needless ones last. The first two have whole numbers for answers."""
    steps: list[_Step] = []
    for number in range(1, dials.parts + dials.distractors + 1):
        needed = number <= dials.parts
        whole = number <= 2 or draw.random() < 0.5
        numbers = [step.id for step in steps if step.posed[0].dataset in INTEGERS and step.needed]
        parents = sorted(draw.sample(numbers, min(len(numbers), draw.choice((0, 1, 1, 2)))), key=numbers.index)
        dataset = draw.choice(sorted(INTEGERS if whole else TEXTS))
        count = dials.choices if parents else 1
        posed = tuple(Puzzle(dataset, draw.randrange(2**31), dials.level) for _ in range(count))
        given = sum(int(step.answer or 0) for step in steps if step.id in parents)
        steps.append(_Step(f"p{number}", tuple(parents), posed, given % count, needed, lost=False))
    return [_lost(step, steps, dials, draw) for step in steps]


def _lost(step: _Step, steps: Sequence[_Step], dials: PartsDials, draw: random.Random) -> _Step:
    """The step, its puzzle lost where that is its fate; never that of a step on which another depends."""
    unlucky = draw.random() < dials.unsolvable
    if not unlucky or not step.needed or any(step.id in other.depends_on for other in steps):
        return step
    return _Step(step.id, step.depends_on, step.posed, step.chosen, step.needed, lost=True)


def _part(step: _Step) -> Part:
    return Part(
        id=step.id,
        goal=f"Solve {step.rule}",
        depends_on=step.depends_on,
        difficulty=UNSOLVABLE if step.lost else _difficulty(step.puzzle.level, step.depends_on),
        needed=step.needed,
        answer=step.answer,
    )


def _difficulty(level: int, parents: Sequence[str]) -> float:
    return round(0.2 + 0.15 * level + 0.1 * bool(parents), 2)


def _total_part(numbers: Sequence[_Step], total: str) -> Part:
    return Part(
        id=TOTAL,
        goal=f"Calculate the total: the {total} of the answers of {', '.join(step.id for step in numbers)}.",
        depends_on=tuple(step.id for step in numbers),
        difficulty=0.1,
        answer=_total(numbers, total),
    )


def _total(numbers: Sequence[_Step], total: str) -> str | None:
    """The last step's gold answer; None when a part of it is lost."""
    answers = [step.answer for step in numbers]
    known = [int(answer) for answer in answers if answer is not None]
    return str(AGGREGATIONS[total](known)) if len(known) == len(answers) else None


def _named(subtask: Subtask, known: frozenset[str]) -> Iterator[str]:
    """The parts that a subtask's words name; one that speaks of the total asks for that."""
    if _TOTAL.search(subtask.goal) and TOTAL in known:
        yield TOTAL
        return
    for number in _NAMED.findall(subtask.goal):
        if f"p{int(number)}" in known:
            yield f"p{int(number)}"
