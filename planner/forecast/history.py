"""Past outcomes of subtasks go in; for a subtask to come, its success-against-budget curve comes out.

Outcomes are pooled on four levels: all, those of the same effort, of the same kind and effort, and of the same worker
too. On each level n outcomes count n / (n + `PRIOR_OUTCOMES`) against the level above, stretched to their scale
(partial pooling: the posterior mean under a Dirichlet prior that weighs as much as that many outcomes). Against all of
history stands the planner's own forecast, with the weight of `PLANNER_OUTCOMES`: with no history a forecast stays as it
is, and thin history moves it a little.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from ..plan import Effort, Kind, Subtask
from .align import aligned
from .curve import End, SuccessCurve, forecast_curve, mixed, seen_curve

PRIOR_OUTCOMES = 40.0
"""On the market world, 40 to 80 did best among 5 to 80: budgets at the best of a rough curve are too bold."""

PLANNER_OUTCOMES = 10.0


@dataclass(frozen=True, slots=True)
class PastOutcome:
    """What one attempt at a subtask took.

    Attributes:
        kind: the subtask's kind.
        effort: its effort.
        worker: who did it; empty when there was no choice.
        tokens: prompt, completion and reasoning tokens of one attempt.
        censored: it was cut off by its cap, and might have succeeded with more.
        success: it did what it was for.
        forecast_tokens: what the planner had taken for the median; 0 when that is not known.
    """

    kind: Kind
    effort: Effort
    worker: str
    tokens: int
    censored: bool
    success: bool
    forecast_tokens: int = 0

    @property
    def end(self) -> End:
        """How it ended, as curves see it."""
        return End(self.tokens, self.censored, self.success)


@dataclass(frozen=True, slots=True)
class PastRun:
    """What a whole run took: its tokens and dollars, and the tokens that its subtasks took of them."""

    tokens: int
    dollars: float
    subtask_tokens: int


_Cell: TypeAlias = tuple[str, ...]


class History:
    """What was seen. `outcomes` and `runs` are as they came; empty history changes nothing."""

    def __init__(self, outcomes: Iterable[PastOutcome] = (), runs: Iterable[PastRun] = ()) -> None:
        self.outcomes: Sequence[PastOutcome] = tuple(outcomes)
        self.runs: Sequence[PastRun] = tuple(runs)
        self._ends: dict[_Cell, list[End]] = defaultdict(list)
        self._curves: dict[_Cell, SuccessCurve] = {}
        self._by_size: dict[_Cell, list[tuple[int, End]]] = defaultdict(list)
        for each in self.outcomes:
            self._by_size[each.kind, each.effort].append((each.forecast_tokens, each.end))
            for cell in _cells(each.kind, each.effort, each.worker):
                self._ends[cell].append(each.end)
        for sized in self._by_size.values():
            sized.sort()

    def __len__(self) -> int:
        return len(self.outcomes)

    @cached_property
    def tokens_per_success(self) -> float | None:
        """What a success took on average, failures paid; None before the first success."""
        successes = sum(each.success for each in self.outcomes)
        return sum(each.tokens for each in self.outcomes) / successes if successes else None

    @cached_property
    def overhead_tokens(self) -> float:
        """Mean tokens of a run beyond its subtasks: planner, writer."""
        if not self.runs:
            return 0.0
        return sum(max(0, each.tokens - each.subtask_tokens) for each in self.runs) / len(self.runs)

    @cached_property
    def dollars_per_token(self) -> float | None:
        """Mean price of the runs' tokens; None when no run had a price."""
        tokens, dollars = sum(each.tokens for each in self.runs), sum(each.dollars for each in self.runs)
        return dollars / tokens if tokens and dollars else None

    def curve(self, subtask: Subtask) -> SuccessCurve:
        """What to expect of one attempt at this subtask."""
        forecast = forecast_curve(subtask.forecast)
        if not self.outcomes:
            return forecast
        cells = _cells(subtask.kind, subtask.effort, subtask.worker or "")
        return mixed(self._pooled(cells), forecast, len(self) / (len(self) + PLANNER_OUTCOMES))

    def alike(self, subtask: Subtask, effort: Effort) -> Sequence[End]:
        """Outcomes of this kind and `effort` whose planner took them to be about as large as this subtask.

        Within a factor of 2 of its median forecast: planners give more effort to what is hard, so that outcomes of two
        efforts can only be compared among subtasks that looked the same.
        """
        size, sized = subtask.forecast.tokens_p50, self._by_size.get((subtask.kind, effort), [])
        first, last = (bisect_left(sized, edge, key=lambda each: each[0]) for edge in (max(1, size // 2), 2 * size + 1))
        return [end for _, end in sized[first:last]]

    def _pooled(self, cells: tuple[_Cell, ...]) -> SuccessCurve:
        """The curve of the last of these pools, drawn towards those before it."""
        *wider, cell = cells
        if cell not in self._ends:
            return self._pooled(tuple(wider))
        if cell not in self._curves:
            ends = self._ends[cell]
            self._curves[cell] = shrunk(ends, aligned(self._pooled(tuple(wider)), ends)) if wider else seen_curve(ends)
        return self._curves[cell]


def shrunk(ends: Sequence[End], prior: SuccessCurve) -> SuccessCurve:
    """The curve of these outcomes, drawn towards `prior` the more the fewer they are."""
    if not ends:
        return prior
    return mixed(seen_curve(ends, prior), prior, len(ends) / (len(ends) + PRIOR_OUTCOMES))


def _cells(kind: str, effort: str, worker: str) -> tuple[_Cell, ...]:
    """The pools that an outcome belongs to, the widest first."""
    pools = ((), (effort,), (kind, effort))
    return (*pools, (kind, effort, worker)) if worker else pools
