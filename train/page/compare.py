"""What each reward makes of the same planner, as one HTML file: trained planners go in, the evidence page comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from ...core.drawing.charts import Dots, Mark, chart
from ...core.drawing.html import charts, page, paragraph, section, table
from ...core.drawing.scale import Axis, short_number
from ...core.drawing.svg import Markup, join

if TYPE_CHECKING:
    from ..compare.rewards import Trained

_MEASURES = {
    "regret": ("Regret", "share of what a task is worth; less is better"),
    "utility": ("Utility", "expected dollars of a task, value less spend"),
    "success": ("Success", "share of needed parts done, expected"),
    "spend": ("Spend", "expected dollars of a task, planning included"),
    "brier_skill": ("Brier skill", "of parts' forecasts of success; 0 knows no more than the base rate"),
    "pinball_skill": ("Pinball skill", "of parts' forecasts of tokens; 0 knows no more than a constant"),
    "coverage": ("Coverage", "share of needed parts that are planned"),
    "filler": ("Filler", "subtasks of a plan that are about no needed part"),
}
_DRAWN = ("regret", "utility", "success", "spend")


def compare_page(trained: Sequence[Trained], about: str) -> str:
    """The page of these planners, in the order in which their rewards first come."""
    names = list(dict.fromkeys(each.reward for each in trained))
    by_name = {name: [each for each in trained if each.reward == name] for name in names}
    seeds = len({each.seed for each in trained})
    body = [
        paragraph(f"{about} All began as the same planner and practised on the same problems; {seeds} seeds."),
        section("Pictures", charts(*(_figure(measure, by_name) for measure in _DRAWN))),
        section("Plans drawn at temperature 1", _table(by_name, greedy=False)),
        section("Likeliest plans", _table(by_name, greedy=True)),
    ]
    return page("What each reward makes of the same planner", join(*body))


def _figure(measure: str, by_name: Mapping[str, Sequence[Trained]]) -> Markup:
    label, said = _MEASURES[measure]
    marks: list[Mark] = []
    for place, (name, found) in enumerate(by_name.items()):
        points = [(float(place), value) for each in found if (value := _value(each, measure, greedy=False)) is not None]
        marks.append(Dots(f"{place}: {name}", points, place, [f"{name}, seed {each.seed}" for each in found]))
    across = Axis("Reward, by its number below", low=-0.5, high=len(by_name) - 0.5)
    return chart(label, f"{said}. A dot is one seed.", across, Axis(label), marks)


def _table(by_name: Mapping[str, Sequence[Trained]], *, greedy: bool) -> Markup:
    rows = []
    for name, found in by_name.items():
        values = [[_value(each, measure, greedy=greedy) for each in found] for measure in _MEASURES]
        rows.append([name, *(_mean(each) for each in values)])
    caption = "; ".join(f"{label}: {said}" for label, said in _MEASURES.values()) + ". Means over seeds."
    return table(["Reward", *(label for label, _ in _MEASURES.values())], rows, caption=caption)


def _value(trained: Trained, measure: str, *, greedy: bool) -> float | None:
    value: float | None = getattr(trained.greedy if greedy else trained.sampled, measure)
    return value


def _mean(values: Sequence[float | None]) -> str:
    known = [each for each in values if each is not None]
    return short_number(fmean(known)) if known else "none"
