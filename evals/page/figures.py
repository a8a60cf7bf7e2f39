"""The four pictures of a comparison: the records of some planners go in, a figure comes out.

Law: a planner has the same colour and shape in all of them, by its place in the list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from ...core.drawing.charts import Band, Dots, Line, Mark, chart
from ...core.drawing.scale import Axis
from ...core.drawing.svg import Markup
from ..metrics.calibration import reliability_curve
from ..metrics.coverage import coverage, coverage_curve
from ..metrics.summary import tallies
from ..records import EvalRecord

Sides: TypeAlias = Mapping[str, Sequence[EvalRecord]]
"""Records by the name that the page shows for their planner."""

_MAX_DOTS = 1_500
"""More dots of one planner are thinned out evenly: they would lie on each other, and the page would weigh megabytes."""


def reliability_figure(title: str, forecasts: Mapping[str, Sequence[tuple[float, bool]]]) -> Markup:
    """What came true against what was forecast, with 95 % intervals; on the diagonal a forecast is honest."""
    marks: list[Mark] = [Line("calibrated", [(0, 0), (1, 1)], guide=True)]
    for series, (name, rows) in enumerate(forecasts.items()):
        if not rows:
            continue
        curve = reliability_curve([said for said, _ in rows], [came for _, came in rows])
        points = [(each.forecast, each.observed) for each in curve]
        marks.append(Band("", [(each.forecast, each.low, each.high) for each in curve], series))
        marks.append(Line(name, points, series))
        marks.append(Dots("", points, series, [f"{each.count} forecasts" for each in curve]))
    return chart(
        title,
        "Share that succeeded against the chance that was forecast, in bins of equal size. On the dotted diagonal"
        " forecasts are honest; below it they promise too much. Bands are 95 % intervals.",
        Axis("Forecast chance of success", low=0, high=1),
        Axis("Share that succeeded", low=0, high=1),
        marks,
    )


def spend_figure(sides: Sides) -> Markup:
    """Tokens of each task against its difficulty."""
    marks: list[Mark] = []
    for series, (name, records) in enumerate(sides.items()):
        known = [record for record in records if record.difficulty is not None]
        thin = known[:: 1 + len(known) // _MAX_DOTS]
        points = [(each.difficulty or 0.0, float(each.tokens)) for each in thin]
        marks.append(Dots(name, points, series, [each.task for each in thin]))
    return chart(
        "Spend against difficulty",
        "Each dot is one task with all it spent, planner included. Calibrated spend rises with difficulty instead of"
        " lying flat.",
        Axis("Difficulty of the task", "0 is trivial"),
        Axis("Spend of the task", "tokens", log=True),
        marks,
    )


def coverage_figure(sides: Sides) -> Markup:
    """Share of tasks solved at least once in k epochs, with the fitted law where there are epochs enough."""
    marks: list[Mark] = []
    for series, (name, records) in enumerate(sides.items()):
        counted = tallies(records)
        most = min(each.samples for each in counted)
        ks = sorted({*(2**power for power in range(most.bit_length())), most})
        marks.append(Dots(name, [(k, coverage(counted, k)) for k in ks], series))
        fitted = coverage_curve(counted, [*ks, 2 * most, 4 * most])
        if fitted:
            marks.append(Band("", [(point.k, point.low, point.high) for point in fitted], series))
            marks.append(Line(f"{name}, fitted", [(point.k, point.fitted) for point in fitted], series))
    return chart(
        "Coverage",
        "Share of tasks that are solved at least once in so many tries (unbiased). Lines are the law exp(a k^b) with"
        " its 95 % band, carried on to four times the tries made; there are none where each task was done once.",
        Axis("Tries of each task", "epochs", log=True),
        Axis("Share of tasks solved", low=0, high=1),
        marks,
    )


def frontier_figure(sides: Sides) -> Markup:
    """Share of tasks that were solved for at most so many tokens each."""
    marks: list[Mark] = []
    for series, (name, records) in enumerate(sides.items()):
        costs = sorted(max(1, record.tokens) for record in records if record.solved)
        steps = [(float(cost), place / len(records)) for place, cost in enumerate(costs, 1)]
        thin = [*steps[:: 1 + len(steps) // _MAX_DOTS], *steps[-1:]]
        marks.append(Line(name, thin, series))
        mean = sum(record.tokens for record in records) / len(records)
        marks.append(Dots(f"{name}, mean", [(max(1.0, mean), len(costs) / len(records))], series))
    return chart(
        "Cost-quality frontier",
        "Share of tasks solved for at most so many tokens each; higher and further left is better. The dot is the mean"
        " spend of a task, failures too, at the share solved in all.",
        Axis("Spend of a task", "tokens", log=True),
        Axis("Share of tasks solved", low=0, high=1),
        marks,
    )
