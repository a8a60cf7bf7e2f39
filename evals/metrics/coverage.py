"""What do more samples buy? Graded samples of many tasks go in; the chance to have, to vote or to pick a right one out.

All estimates are unbiased: they are expectations over every choice of k of the n samples that were drawn, without
replacement, worked out exactly. pass@k is what a perfect verifier would get, majority@k what voting gets, best-of-k
what a given grader gets; the distance between the first and the others is what selection loses.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from random import Random
from typing import NamedTuple

from ..errors import DataError

RESAMPLES = 1_000


class Tally(NamedTuple):
    """One task: how many samples were drawn, and how many of them are right."""

    samples: int
    right: int


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """Coverage by samples, c(k) = exp(a k^b). With a, b < 0 it rises towards 1."""

    a: float
    b: float

    def coverage(self, k: float) -> float:
        """The share of tasks with a right one among k samples."""
        exponent = self.b * math.log(k)
        # Far outside of what was fitted the power overflows; the law's limit there is 0.
        return math.exp(self.a * math.exp(exponent)) if exponent < 700 else 0.0


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """Coverage at k samples: as estimated (None beyond the samples drawn), as fitted, and the fit's interval."""

    k: int
    estimated: float | None
    fitted: float
    low: float
    high: float


def pass_at_k(samples: int, right: int, k: int) -> float:
    """The chance that k samples hold a right one: 1 - C(n - c, k) / C(n, k) (Chen et al. 2021, section 2.1).

    Raises:
        DataError: when more are right, or wanted, than were drawn.
    """
    _check(samples, k)
    if not 0 <= right <= samples:
        raise DataError(f"{right} of {samples} samples cannot be right.")
    return 1 - math.comb(samples - right, k) / math.comb(samples, k)


def coverage(tallies: Sequence[Tally], k: int) -> float:
    """Mean pass@k over tasks.

    Raises:
        DataError: when there are no tasks, or one has fewer than k samples.
    """
    if not tallies:
        raise DataError("There are no tasks to cover.")
    return statistics.fmean(pass_at_k(samples, right, k) for samples, right in tallies)


def majority_at_k(answers: Sequence[Hashable | None], right: Hashable, k: int) -> float:
    """The chance that the most frequent of k answers is the right one (self-consistency, Wang et al. 2022).

    Equal answers must be equal values; None is no answer and gets no vote. Ties are broken by lot.

    Raises:
        DataError: when more are wanted than were drawn.
    """
    _check(len(answers), k)
    votes = Counter(answers)
    blank, winning = votes.pop(None, 0), votes.pop(right, 0)
    # Fractions, since the numbers of ways exceed what a float holds.
    won = sum(
        (
            math.comb(winning, own) * _others(list(votes.values()), blank, own, k - own)
            for own in range(1, min(winning, k) + 1)
        ),
        Fraction(),
    )
    return float(won / math.comb(len(answers), k))


def best_of_k(scores: Sequence[float], qualities: Sequence[float], k: int) -> float:
    """The mean quality of the one with the highest score among k (Hilton and Gao 2022, "Measuring Goodhart's law").

    `scores` are the choosing grader's, `qualities` what counts, sample by sample. Ties are broken by lot.

    Raises:
        DataError: when the lengths differ, a score is not a number, or more are wanted than were drawn.
    """
    if len(scores) != len(qualities):
        raise DataError(f"{len(scores)} scores cannot choose among {len(qualities)} samples.")
    if any(math.isnan(value) for value in (*scores, *qualities)):
        raise DataError("A score is not a number.")
    _check(len(scores), k)
    rows = sorted(zip(scores, qualities, strict=True))
    total, below, expected = math.comb(len(rows), k), 0, []
    for _, tied in groupby(rows, key=lambda row: row[0]):
        group = [quality for _, quality in tied]
        chosen = math.comb(below + len(group), k) - math.comb(below, k)
        expected.append(chosen / total * statistics.fmean(group))
        below += len(group)
    return math.fsum(expected)


def fit_power_law(curve: Sequence[tuple[int, float]]) -> PowerLaw | None:
    """Fit c(k) = exp(a k^b) (Brown et al. 2024, "Large Language Monkeys", section 3) to pairs of k and coverage.

    Regresses ln(-ln c) on ln k. Points at 0 and 1 have no such logarithm and are left out; None when fewer than two
    different k are left.
    """
    points = [(math.log(k), math.log(-math.log(share))) for k, share in curve if 0 < share < 1]
    if len({x for x, _ in points}) < 2:
        return None
    slope, intercept = statistics.linear_regression(*zip(*points, strict=True))
    return PowerLaw(-math.exp(intercept), slope)


def coverage_curve(
    tallies: Sequence[Tally],
    ks: Sequence[int],
    *,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[CoveragePoint, ...] | None:
    """Coverage at each k, estimated and fitted, with the fit's bootstrap band over tasks (Efron 1979, percentiles).

    Args:
        tallies: the tasks.
        ks: numbers of samples; those beyond the samples drawn are extrapolated by the fit.
        resamples: how many sets of tasks are drawn, with replacement.
        confidence: the share of them that lies in the band.
        seed: of the draws.

    Returns:
        None when too little was between never and always solved for a fit.

    Raises:
        DataError: when there are no tasks.
    """
    if not tallies:
        raise DataError("There are no tasks to cover.")
    drawn = [k for k in ks if k <= min(each.samples for each in tallies)]
    columns = [[pass_at_k(samples, right, k) for samples, right in tallies] for k in drawn]
    estimated = {k: statistics.fmean(column) for k, column in zip(drawn, columns, strict=True)}
    law = fit_power_law(list(estimated.items()))
    if law is None:
        return None
    laws = _resampled_laws(drawn, columns, resamples, seed) or [law]
    return tuple(
        CoveragePoint(k, estimated.get(k), law.coverage(k), *_band([each.coverage(k) for each in laws], confidence))
        for k in ks
    )


def _resampled_laws(ks: Sequence[int], columns: Sequence[Sequence[float]], resamples: int, seed: int) -> list[PowerLaw]:
    draw, places, laws = Random(seed), range(len(columns[0])), []  # noqa: S311 - a reproducible draw, no secret
    for _ in range(resamples):
        chosen = draw.choices(places, k=len(places))
        means = [statistics.fmean([column[place] for place in chosen]) for column in columns]
        law = fit_power_law(list(zip(ks, means, strict=True)))
        # A draw of tasks that are all solved, or all not, says nothing about the law's shape.
        if law is not None:
            laws.append(law)
    return laws


def _band(values: list[float], confidence: float) -> tuple[float, float]:
    values.sort()
    tail = (1 - confidence) / 2
    return values[int(tail * (len(values) - 1))], values[math.ceil((1 - tail) * (len(values) - 1))]


def _check(samples: int, k: int) -> None:
    if not 1 <= k <= samples:
        raise DataError(f"{k} samples cannot be chosen from {samples}.", hint="Draw more samples a task.")


def _others(votes: Sequence[int], blank: int, own: int, others: int) -> Fraction:
    """In how many ways `others` samples leave an answer of `own` votes in front; a tie of m counts 1 / m.

    Ways are counted answer by answer, by how many samples are taken and how many answers have `own` votes too.
    """
    ways = Counter({(taken, 0): math.comb(blank, taken) for taken in range(min(blank, others) + 1)})
    for count in votes:
        after: Counter[tuple[int, int]] = Counter()
        for (taken, ties), number in ways.items():
            for more in range(min(count, own, others - taken) + 1):
                after[taken + more, ties + (more == own)] += number * math.comb(count, more)
        ways = after
    return sum((Fraction(number, 1 + ties) for (taken, ties), number in ways.items() if taken == others), Fraction())
