"""multi: several graders under names and a formula go in; the formula's value over their rewards is the reward.

Each name stands for that grader's reward, from 0 to 1 (a score_model's score is scaled from its range first). Laws: the
formula is never `eval`ed; a part that could not be graded counts as whatever gives the least reward, so that an output
gains nothing by breaking a part that is subtracted; all parts are graded, side by side, and their tokens add up.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass

from ...core.errors import InputError
from ...core.expression import FUNCTIONS, evaluate
from .base import Grade, Grader, Item, Sample, bounded

MAX_DEPTH = 4
"""Multis within multis."""
_MAX_BROKEN = 6
"""With more broken parts than this not all cases are tried: the reward is 0."""
_TRIED = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class MultiGrader:
    """Grades by parts. Made by `multi`, which has checked the formula."""

    name: str
    graders: Mapping[str, Grader]
    formula: str

    async def grade(self, item: Item, sample: Sample) -> Grade:
        """The formula's value, bounded to 0..1; a formula without a value for these rewards is a reward of 0.

        Raises:
            ForeplanError: when a part's judge cannot be reached.
        """
        began = time.perf_counter()
        grades = await self._parts(item, sample)
        errors = [f"{self.name}: {error}" for each in grades.values() for error in each.errors]
        try:
            reward = self._least(grades)
        except InputError as error:
            reward = 0.0
            errors.append(f"{self.name}: {error.message}")
        return Grade(
            reward=reward,
            sub_rewards=_by_path(grades),
            errors=tuple(errors),
            seconds=time.perf_counter() - began,
            tokens=sum(each.tokens for each in grades.values()),
        )

    async def _parts(self, item: Item, sample: Sample) -> dict[str, Grade]:
        asked = (each.grade(item, sample) for each in self.graders.values())
        grades = await asyncio.gather(*asked, return_exceptions=True)
        for grade in grades:
            if isinstance(grade, BaseException):
                raise grade
        return dict(zip(self.graders, (each for each in grades if isinstance(each, Grade)), strict=True))

    def _least(self, grades: Mapping[str, Grade]) -> float:
        """The value with each part that has errors at its reward or at 1, whichever gives less."""
        broken = [name for name, grade in grades.items() if grade.errors]
        if len(broken) > _MAX_BROKEN:
            return 0.0
        rewards = {name: grade.reward for name, grade in grades.items()}
        cases = itertools.product(*((rewards[name], 1.0) for name in broken))
        return min(_value(self.formula, rewards | dict(zip(broken, case, strict=True))) for case in cases)


def multi(name: str, graders: Mapping[str, Grader], formula: str) -> MultiGrader:
    """The grader that combines `graders` by `formula`.

    Raises:
        ValueError: when a grader has the name of a function, or the formula has no value for any rewards tried.
    """
    taken = sorted(set(graders) & set(FUNCTIONS))
    if taken:
        raise ValueError(f"graders: {', '.join(taken)} is the name of a function of calculate_output")
    faults = []
    for reward in _TRIED:
        try:
            _value(formula, dict.fromkeys(graders, reward))
        except InputError as error:
            faults.append(error.message)
    if len(faults) == len(_TRIED):
        raise ValueError(f"calculate_output: {faults[0]}")
    return MultiGrader(name, graders, formula)


def _value(formula: str, rewards: Mapping[str, float]) -> float:
    return bounded(float(evaluate(formula, rewards)))


def _by_path(grades: Mapping[str, Grade]) -> dict[str, float]:
    """Each part's reward by its name, and its own parts' as `name.part`."""
    found: dict[str, float] = {}
    for name, grade in grades.items():
        found[name] = grade.reward
        found |= {f"{name}.{part}": reward for part, reward in grade.sub_rewards.items()}
    return found
