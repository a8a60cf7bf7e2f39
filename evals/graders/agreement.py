"""How far a judge can be trusted: it and a code grader grade the same outputs; what they have in common comes out.

An agreement by chance is no agreement: kappa and the rank correlation are 0 then, whatever the share of equal verdicts.
An output that the judge could not grade is left out of the figures and counted in `ungraded`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..errors import DataError
from ..metrics.spend import spearman
from .base import Grade, Grader, Item, Sample

PASSING = 0.5


@dataclass(frozen=True, slots=True)
class Agreement:
    """What two graders have in common.

    Attributes:
        samples: outputs that both graded.
        ungraded: outputs that the judge could not grade.
        accuracy: share of outputs on which both say pass or both say fail, a pass being a reward of `PASSING` or more.
        kappa: Cohen's kappa of the same; None when both always say one and the same thing, which shows nothing.
        spearman: rank correlation of the rewards; None when one side is all the same.
        tokens: what the judge used, all outputs together.
    """

    samples: int
    ungraded: int
    accuracy: float
    kappa: float | None
    spearman: float | None
    tokens: int


async def agreement(judge: Grader, code: Grader, graded: Iterable[tuple[Item, Sample]]) -> Agreement:
    """Grade each output with both and compare.

    Args:
        judge: the grader in question.
        code: the grader that is taken to be right.
        graded: items with an output each. Choose outputs of all qualities: without bad ones there is nothing to tell.

    Raises:
        DataError: when there is no output that both could grade.
    """
    verdicts, truths, ungraded, tokens = list[float](), list[float](), 0, 0
    for item, sample in graded:
        verdict = await judge.grade(item, sample)
        tokens += verdict.tokens
        if _is_ungraded(verdict):
            ungraded += 1
            continue
        verdicts.append(verdict.reward)
        truths.append((await code.grade(item, sample)).reward)
    if not verdicts:
        raise DataError(f"The judge graded none of {ungraded} outputs: there is nothing to compare.")
    return agreed(verdicts, truths, ungraded=ungraded, tokens=tokens)


def agreed(verdicts: Sequence[float], truths: Sequence[float], *, ungraded: int = 0, tokens: int = 0) -> Agreement:
    """What rewards have in common with those that are taken to be right, output by output.

    Raises:
        DataError: when the lengths differ or are 0.
    """
    said, true = [value >= PASSING for value in verdicts], [value >= PASSING for value in truths]
    kappa = cohen_kappa(said, true)
    return Agreement(
        samples=len(verdicts),
        ungraded=ungraded,
        accuracy=sum(a == b for a, b in zip(said, true, strict=True)) / len(said),
        kappa=kappa,
        spearman=spearman(verdicts, truths),
        tokens=tokens,
    )


def cohen_kappa(left: Sequence[bool], right: Sequence[bool]) -> float | None:
    """Agreement beyond chance, (p_o - p_e) / (1 - p_e) (Cohen 1960); None when chance alone agrees always.

    Raises:
        DataError: when the lengths differ or are 0.
    """
    if len(left) != len(right) or not left:
        raise DataError(f"{len(left)} verdicts cannot be compared with {len(right)}.")
    count = len(left)
    observed = sum(a == b for a, b in zip(left, right, strict=True)) / count
    passes_left, passes_right = sum(left), sum(right)
    both_ways = passes_left * passes_right + (count - passes_left) * (count - passes_right)
    if both_ways == count * count:
        return None
    by_chance = both_ways / count**2
    return (observed - by_chance) / (1 - by_chance)


def _is_ungraded(verdict: Grade) -> bool:
    """A reward of 0 with a reason is no verdict; a reward above it with a note (a text that was cut) is one."""
    return bool(verdict.errors) and verdict.reward == 0.0
