"""How a training went, as one HTML file: its journal and measurements before and after go in, the page comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from ...core.drawing.charts import Line, chart
from ...core.drawing.html import charts, page, paragraph, section, table
from ...core.drawing.scale import Axis, short_number
from ...core.drawing.svg import Markup, join
from ...evals.metrics.summary import plan_forecasts, subtask_forecasts, summary
from ...evals.page.figures import reliability_figure, spend_figure
from ..held_out import Measured
from ..journal import Row
from ..watch import SHOWN

_MOST_POINTS = 200
_STEP = Axis("Step")
_CURVES = (
    ("Loss", "loss", "What is made small: of plans to imitate nats a token, of preferences that of DPO or KTO.", ""),
    ("Token accuracy", "mean_token_accuracy", "Share of the good plans' tokens that were the likeliest.", ""),
    ("Preference", "rewards/accuracies", "Share of pairs whose better plan gained on the other.", ""),
    ("Margin", "rewards/margins", "How much more the better plans gained than the others, in beta times nats.", ""),
    ("Reward", "reward/total", "The sum of all terms, in units of what a task is worth.", ""),
    ("Success", "plans/success", "Share of plans that solved their whole problem, drawn with chance.", ""),
    ("Regret", "plans/regret", "Shortfall against the best plan, as a share of what the task is worth.", ""),
    ("Spend", "plans/dollars", "Dollars of a plan, planning included.", "dollars"),
    ("Calibration", "calibration/brier", "Mean squared error of forecasts of success; less is better.", ""),
)
_TERMS = ("outcome", "spend", "structure", "success", "tokens", "overlong")

Sides: TypeAlias = Mapping[str, Measured]
_Read: TypeAlias = Callable[[Measured], float | None]


def report_page(title: str, about: str, numbers: Sequence[Row], sides: Sides) -> str:
    """The page.

    Args:
        title: whose training it is.
        about: a sentence on how it was made.
        numbers: of each step, from the journal; what none of them has is not drawn.
        sides: measurements by name, first before the training, then after it; empty where nothing was measured.
    """
    body = [paragraph(about, kind="soft")]
    if sides:
        body.append(section("On held-out problems", _table(sides)))
    if numbers:
        body.append(section("As it went", curves(numbers)))
    if sides:
        body.append(section("What it learned", _learned(sides)))
    return page(title, join(*body))


def curves(numbers: Sequence[Row]) -> Markup:
    """Loss, reward, success, regret, spend and calibration by step, as far as they are known."""
    terms = [Line(name, series_of(numbers, f"reward/{name}"), at) for at, name in enumerate(_TERMS)]
    said = "What each term paid on average, in units of what a task is worth."
    paid = [line for line in terms if any(value for _, value in line.points)]
    figures = [_curve("Reward by part", said, Axis("reward"), paid)]
    for title, name, about, unit in _CURVES:
        figures.append(_curve(title, about, Axis(SHOWN[name].strip(), unit), [Line("", series_of(numbers, name))]))
    return charts(*(figure for figure in figures if figure is not None))


def _curve(title: str, said: str, axis: Axis, lines: Sequence[Line]) -> Markup | None:
    """The lines that have points; None where none has."""
    drawn = [line for line in lines if line.points]
    return chart(title, said, _STEP, axis, drawn) if drawn else None


def series_of(numbers: Sequence[Row], name: str) -> list[tuple[float, float]]:
    """One number over the steps; of long trainings, means of equal stretches."""
    points = [(float(row["step"]), float(row[name])) for row in numbers if isinstance(row.get(name), int | float)]
    if len(points) <= _MOST_POINTS:
        return points
    edges = [len(points) * at // _MOST_POINTS for at in range(_MOST_POINTS + 1)]
    return [_mean(points[start:end]) for start, end in pairwise(edges)]


def _mean(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


def _table(sides: Sides) -> Markup:
    rows = [[label, *(_said(read(each)) for each in sides.values())] for label, read in _ROWS]
    return table(["Mean over problems", *sides], rows, caption="Problems that were never trained on, once each.")


def _learned(sides: Sides) -> Markup:
    records = {name: each.records for name, each in sides.items()}
    plans = {name: plan_forecasts(each) for name, each in records.items()}
    subtasks = {name: subtask_forecasts(each) for name, each in records.items()}
    return charts(
        spend_figure(records),
        reliability_figure("Reliability of plans", plans),
        reliability_figure("Reliability of subtasks", subtasks),
    )


def _said(value: float | None) -> str:
    return "none" if value is None else short_number(value)


def _brier_skill(found: Measured) -> float | None:
    subtasks = summary(found.records).subtasks
    return subtasks.brier.skill if subtasks else None


def _ece(found: Measured) -> float | None:
    subtasks = summary(found.records).subtasks
    return subtasks.ece if subtasks else None


_ROWS: tuple[tuple[str, _Read], ...] = (
    ("Share solved", lambda each: each.success),
    ("Regret", lambda each: each.regret),
    ("Tokens of a task", lambda each: each.tokens),
    ("Dollars of a task", lambda each: each.dollars),
    ("Texts that are no plan", lambda each: each.unreadable),
    ("Brier skill of subtasks' forecasts", _brier_skill),
    ("ECE of subtasks' forecasts", _ece),
)
