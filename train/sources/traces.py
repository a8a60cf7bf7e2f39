"""Traces of runs go in, rows in TRL's forms come out: plans that turned out well and whose forecasts were honest.

A run's forecasts are scored as `evals.metrics` does it: Brier (1950) for success, pinball loss on ln tokens (Koenker
and Bassett 1978) for the median and the ninth decile. A subtask cut off at its budget tells only that it needed
more: it counts against a forecast below that, and not at all against one above.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from ...evals.metrics.quantiles import pinball
from ..errors import RecipeError
from ..recipe import DataTable
from ..rows.choose import Filters, choose, choose_by_brief
from ..rows.formats import exporter
from ..rows.read import TRACE_FILE, Skip
from ..rows.row import Outcome, TraceRow

_ENDED = frozenset({"done", "partial", "failed", "capped"})


class Honesty(NamedTuple):
    """Mean losses of a run's forecasts, 0 at best; None where there is nothing to score them by."""

    brier: float | None
    pinball: float | None


def honesty(outcomes: Iterable[Outcome]) -> Honesty:
    """How honest the forecasts of a run's subtasks were."""
    ended = [each for each in outcomes if each.state in _ENDED]
    briers = [(each.success - (each.state == "done")) ** 2 for each in ended]
    pinballs = [loss for each in ended if each.tokens > 0 for loss in _pinballs(each)]
    return Honesty(fmean(briers) if briers else None, fmean(pinballs) if pinballs else None)


def trace_rows(homes: Iterable[Path], form: str, data: DataTable, *, skip: Skip) -> Iterator[dict[str, Any]]:
    """Rows of one form from the runs of homes, or from runs' own directories.

    Args:
        homes: data homes, directories of runs, or traces.
        form: `sft`, `dpo` or `kto`.
        data: what is good enough; preferences take all that has a score.
        skip: told of traces that cannot be read.

    Raises:
        RecipeError: when there is no such place.
    """
    places = [place for home in homes for place in places_of(home)]
    made = exporter(form)
    if form == "sft":
        yield from made.rows(row for row in choose(places, Filters(), skip=skip) if worth_imitating(row, data))
    elif made.grouped:
        yield from made.rows(choose_by_brief(places, Filters(), skip=skip))
    else:
        yield from made.rows(choose(places, Filters(), skip=skip))


def worth_imitating(row: TraceRow, data: DataTable) -> bool:
    """Whether a run turned out well and its forecasts were honest; what cannot be told speaks against no run."""
    if row.score is None or row.score < data.min_score:
        return False
    losses = honesty(row.outcomes)
    return (losses.brier or 0.0) <= data.max_brier and (losses.pinball or 0.0) <= data.max_pinball


def _pinballs(outcome: Outcome) -> Iterator[float]:
    for quantile, forecast in ((0.5, outcome.tokens_p50), (0.9, outcome.tokens_p90)):
        if outcome.state != "capped" or forecast < outcome.tokens:
            yield pinball(quantile, outcome.tokens, forecast)


def places_of(home: Path) -> list[Path]:
    """The traces below a place that a user named.

    Raises:
        RecipeError: when there is no such place.
    """
    if not home.exists():
        raise RecipeError(f"There is no {home}.", hint="Name a data home, a run's folder or a trace with --traces.")
    if home.is_file() or (home / TRACE_FILE).is_file():
        return [home]
    runs = home / "runs" if (home / "runs").is_dir() else home
    return sorted(each for each in runs.iterdir() if each.is_dir())
