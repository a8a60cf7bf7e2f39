"""Is A better than B? Records of both on the same tasks go in; paired differences with intervals and p-values come out.

Laws: the two sides have the same tasks, or nothing is compared; the tokens of both sides are always stated, planner
included, and a comparison that is not at equal tokens says so. Tasks are what is resampled: epochs of one task are
averaged first, since they are no independent evidence.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random

from ..errors import DataError
from ..records import EvalRecord

RESAMPLES = 5_000
TOLERANCE = 0.05
_EXACT_UP_TO = 12
"""So many tasks that differ have 4,096 sign patterns, which are gone through one by one."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure on both sides, B less A.

    Attributes:
        mean_a: mean over tasks of A.
        mean_b: mean over tasks of B.
        difference: `mean_b - mean_a`.
        low: lower end of its 95 % interval.
        high: upper end.
        p_value: how often a difference as large comes about when A and B are exchanged by lot.
    """

    mean_a: float
    mean_b: float
    difference: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two planners on the same tasks.

    Attributes:
        planner_a: who planned on side A.
        planner_b: who planned on side B.
        tasks: how many tasks both did.
        measures: `score`, `solved`, `tokens`, `dollars` and `seconds` of a task, by name.
        tokens_a: tokens of A a task, planner included, summed over tasks.
        tokens_b: the same of B.
        tolerance: how far their ratio may be from 1 at equal tokens.
    """

    planner_a: str
    planner_b: str
    tasks: int
    measures: dict[str, Difference]
    tokens_a: float
    tokens_b: float
    tolerance: float

    @property
    def token_ratio(self) -> float | None:
        """B's tokens for each of A's; None when A used none."""
        return self.tokens_b / self.tokens_a if self.tokens_a > 0 else None

    @property
    def equal_tokens(self) -> bool:
        """Whether the sides used as many tokens, within the tolerance: only then is a gain in score a gain."""
        return abs(self.tokens_b - self.tokens_a) <= self.tolerance * min(self.tokens_a, self.tokens_b)


_MEASURES: dict[str, Callable[[EvalRecord], float]] = {
    "score": lambda record: record.score,
    "solved": lambda record: float(record.solved),
    "tokens": lambda record: float(record.tokens),
    "dollars": lambda record: record.dollars,
    "seconds": lambda record: record.seconds,
}


def compare(
    a: Sequence[EvalRecord], b: Sequence[EvalRecord], *, tolerance: float = TOLERANCE, seed: int = 0
) -> Comparison:
    """Compare two planners on the same tasks.

    Args:
        a: the records of one planner.
        b: those of the other.
        tolerance: by how much their tokens may differ and still count as equal.
        seed: of the resampling.

    Raises:
        DataError: when a side is empty, has more than one planner or a task's epoch twice, or when the tasks differ.
    """
    tasks_a, tasks_b = _by_task(a, "A"), _by_task(b, "B")
    _same_tasks(tasks_a.keys(), tasks_b.keys())
    pairs = [(tasks_a[task], tasks_b[task]) for task in sorted(tasks_a)]
    measures = {}
    for name, measure in _MEASURES.items():
        columns = [[statistics.fmean(map(measure, side)) for side in pair] for pair in pairs]
        measures[name] = paired_difference([left for left, _ in columns], [right for _, right in columns], seed=seed)
    tokens = measures["tokens"]
    return Comparison(
        planner_a=a[0].planner,
        planner_b=b[0].planner,
        tasks=len(pairs),
        measures=measures,
        tokens_a=tokens.mean_a * len(pairs),
        tokens_b=tokens.mean_b * len(pairs),
        tolerance=tolerance,
    )


def paired_difference(
    a: Sequence[float], b: Sequence[float], *, resamples: int = RESAMPLES, confidence: float = 0.95, seed: int = 0
) -> Difference:
    """The mean of b - a over tasks, with its bias-corrected and accelerated bootstrap interval (Efron 1987).

    Args:
        a: one value a task.
        b: the other, in the same order.
        resamples: how many sets of tasks are drawn, with replacement, and how many sign patterns.
        confidence: of the interval.
        seed: of the draws.

    Raises:
        DataError: when there are no tasks, the lengths differ, or a value is not finite.
    """
    if not a or len(a) != len(b):
        raise DataError(f"{len(a)} values cannot be paired with {len(b)}.")
    if not all(map(math.isfinite, (*a, *b))):
        raise DataError("A value to be compared is not finite.")
    draw = Random(seed)  # noqa: S311 - a reproducible draw, no secret
    gains = [right - left for left, right in zip(a, b, strict=True)]
    low, high = _bca_interval(gains, resamples, confidence, draw)
    return Difference(
        mean_a=statistics.fmean(a),
        mean_b=statistics.fmean(b),
        difference=statistics.fmean(gains),
        low=low,
        high=high,
        p_value=sign_flip_p_value(gains, resamples=resamples, draw=draw),
    )


def sign_flip_p_value(gains: Sequence[float], *, resamples: int = RESAMPLES, draw: Random | None = None) -> float:
    """The two-sided permutation p-value of paired gains (Fisher 1935): how often random signs reach their mean.

    Exact for up to twelve gains that are not 0. Beyond, the observed signs count as one of the draws, so that the value
    is never 0 (Phipson and Smyth 2010, "Permutation p-values should never be zero").
    """
    sizes = [abs(gain) for gain in gains if gain]
    reached = abs(math.fsum(gains)) * (1 - 1e-12)
    if len(sizes) <= _EXACT_UP_TO:
        sums = [math.fsum(signed) for signed in product(*((size, -size) for size in sizes))]
        return sum(abs(total) >= reached for total in sums) / len(sums)
    chance = draw or Random(0)  # noqa: S311
    whole = math.fsum(sizes)
    hits = 1
    for _ in range(resamples):
        bits = chance.getrandbits(len(sizes))
        turned = math.fsum(size for place, size in enumerate(sizes) if bits >> place & 1)
        hits += abs(whole - 2 * turned) >= reached
    return hits / (resamples + 1)


def _bca_interval(gains: Sequence[float], resamples: int, confidence: float, draw: Random) -> tuple[float, float]:
    """Efron 1987, "Better bootstrap confidence intervals", of the mean; the mean itself where all gains are equal."""
    count, mean = len(gains), statistics.fmean(gains)
    largest = max(abs(gain - mean) for gain in gains)
    if len(set(gains)) == 1 or largest == 0:
        return mean, mean
    means = sorted(statistics.fmean(draw.choices(gains, k=count)) for _ in range(resamples))
    normal = statistics.NormalDist()
    # Half of what is equal to the mean counts as below: binary scores make many ties.
    below = (sum(each < mean for each in means) + sum(each <= mean for each in means)) / 2
    bias = normal.inv_cdf(min(max(below, 0.5), resamples - 0.5) / resamples)
    # Of a mean, leaving one out moves it by (mean - gain) / (count - 1): the scale cancels, and must not underflow.
    moves = [(gain - mean) / largest for gain in gains]
    cubes, squares = math.fsum(move**3 for move in moves), math.fsum(move**2 for move in moves)
    acceleration = cubes / (6 * squares**1.5)
    ends = []
    for tail in ((1 - confidence) / 2, (1 + confidence) / 2):
        shifted = bias + normal.inv_cdf(tail)
        share = normal.cdf(bias + shifted / (1 - acceleration * shifted))
        ends.append(means[min(resamples - 1, max(0, round(share * resamples - 0.5)))])
    return ends[0], ends[1]


def _by_task(records: Sequence[EvalRecord], side: str) -> dict[tuple[str, str], list[EvalRecord]]:
    if not records:
        raise DataError(f"Side {side} has no records.")
    planners = {record.planner for record in records}
    if len(planners) > 1:
        raise DataError(f"Side {side} has records of {len(planners)} planners.", hint="Compare one with one.")
    tasks: dict[tuple[str, str], list[EvalRecord]] = {}
    seen: set[tuple[str, str, int]] = set()
    for record in records:
        key = (record.suite, record.task, record.epoch)
        if key in seen:
            raise DataError(f"Side {side} has epoch {record.epoch} of task {record.task!r} twice.")
        seen.add(key)
        tasks.setdefault((record.suite, record.task), []).append(record)
    return tasks


def _same_tasks(a: Collection[tuple[str, str]], b: Collection[tuple[str, str]]) -> None:
    only_a, only_b = sorted({*a} - {*b}), sorted({*b} - {*a})
    if only_a or only_b:
        suite, task = (only_a or only_b)[0]
        raise DataError(
            f"The sides did not do the same tasks: {len(only_a)} are only in A and {len(only_b)} only in B,"
            f" such as {task!r} of {suite!r}.",
            hint="Run both on the same tasks, with the same --limit.",
        )
