"""Two planners on the same tasks as one HTML page: the paired table, what they cost, and four pictures.

Law: the page says first whether the two sides used as many tokens; a gain counts only if they did.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...core.drawing.html import charts, page, paragraph, section, table
from ...core.drawing.scale import short_number
from ...core.drawing.svg import Markup
from ..metrics.compare import Comparison, Difference, compare
from ..metrics.summary import Calibration, Summary, plan_forecasts, subtask_forecasts, summary
from ..records import EvalRecord
from .figures import Sides, coverage_figure, frontier_figure, reliability_figure, spend_figure

_MEASURES = {
    "score": "Score (0 to 1)",
    "solved": "Share solved",
    "tokens": "Tokens a task",
    "dollars": "Dollars a task",
    "seconds": "Seconds a task",
}
_NONE = "none"


def compare_page(a: Sequence[EvalRecord], b: Sequence[EvalRecord]) -> str:
    """The HTML page that compares two planners.

    Args:
        a: the records of one planner.
        b: those of the other, on the same tasks.

    Raises:
        DataError: when they cannot be compared; see `metrics.compare`.
    """
    found = compare(a, b)
    names = f"A: {found.planner_a}", f"B: {found.planner_b}"
    sides = dict(zip(names, (a, b), strict=True))
    body = [
        _tokens_told(found),
        section("Paired comparison", _paired_table(found, names)),
        section("Pictures", _pictures(sides)),
        section("Each planner", _summary_table([summary(a), summary(b)], names)),
    ]
    return page(f"{found.planner_a} and {found.planner_b} on {found.tasks} tasks", Markup("".join(body)))


def _tokens_told(found: Comparison) -> Markup:
    ratio = found.token_ratio
    spent = f"A used {found.tokens_a:,.0f} tokens and B {found.tokens_b:,.0f}, planner included" + (
        f": B {ratio:.2f} for each of A's. " if ratio is not None else ". "
    )
    if found.equal_tokens:
        return paragraph(f"{spent}The two are compared at equal tokens (within {found.tolerance:.0%}).")
    return paragraph(
        f"{spent}The two are NOT compared at equal tokens (within {found.tolerance:.0%}), so a difference in score may"
        " be what the tokens bought.",
        kind="warning",
    )


def _paired_table(found: Comparison, names: Sequence[str]) -> Markup:
    rows = [
        [
            label,
            short_number(each.mean_a),
            short_number(each.mean_b),
            short_number(each.difference),
            f"{short_number(each.low)} to {short_number(each.high)}",
            f"{each.p_value:.3f}" if each.p_value >= 0.001 else "< 0.001",
        ]
        for label, each in _labelled(found)
    ]
    return table(
        ["Mean over tasks", *names, "B less A", "95 % interval", "p"],
        rows,
        caption="Differences are paired by task; intervals by bootstrap (BCa), p by flipping signs.",
    )


def _labelled(found: Comparison) -> list[tuple[str, Difference]]:
    return [(label, found.measures[name]) for name, label in _MEASURES.items()]


def _pictures(sides: Sides) -> Markup:
    plans = {name: plan_forecasts(records) for name, records in sides.items()}
    subtasks = {name: subtask_forecasts(records) for name, records in sides.items()}
    return charts(
        reliability_figure("Reliability of plans", plans),
        reliability_figure("Reliability of subtasks", subtasks),
        spend_figure(sides),
        coverage_figure(sides),
        frontier_figure(sides),
    )


def _summary_table(summaries: Sequence[Summary], names: Sequence[str]) -> Markup:
    rows = [[label, *(_number(read(each)) for each in summaries)] for label, read in _ROWS]
    return table(
        ["Measure", *names],
        rows,
        caption="ECE alone rewards whoever says the base rate: read it beside the resolution.",
    )


def _number(value: float | None) -> str:
    return _NONE if value is None else short_number(value)


_Read = Callable[[Summary], float | None]


def _calibration_rows(what: str, of: Callable[[Summary], Calibration | None]) -> list[tuple[str, _Read]]:
    def row(label: str, read: Callable[[Calibration], float | None]) -> tuple[str, _Read]:
        def value(each: Summary) -> float | None:
            found = of(each)
            return None if found is None else read(found)

        return f"{label} ({what})", value

    return [
        row("Brier score", lambda found: found.brier.score),
        row("Brier reliability, 0 is honest", lambda found: found.brier.reliability),
        row("Brier resolution, more is better", lambda found: found.brier.resolution),
        row("ECE, 0 is honest", lambda found: found.ece),
        row("AUROC, 0.5 is chance", lambda found: found.auroc),
    ]


_ROWS: list[tuple[str, _Read]] = [
    *_calibration_rows("plans", lambda each: each.plans),
    *_calibration_rows("subtasks", lambda each: each.subtasks),
    ("Skill of median token forecasts", lambda each: each.tokens_p50.skill if each.tokens_p50 else None),
    ("Coverage of the median, 0.5 is honest", lambda each: each.tokens_p50.coverage if each.tokens_p50 else None),
    ("Skill of 90 % token forecasts", lambda each: each.tokens_p90.skill if each.tokens_p90 else None),
    ("Coverage of the 90 %, 0.9 is honest", lambda each: each.tokens_p90.coverage if each.tokens_p90 else None),
    ("Rank correlation of spend with difficulty", lambda each: each.spend_difficulty),
    ("Rank correlation of spend with the best budget", lambda each: each.spend_oracle),
    ("Tokens for each solved task", lambda each: each.efficiency.tokens_per_solved),
    ("Dollars for each solved task", lambda each: each.efficiency.dollars_per_solved),
    ("Critical steps (calls)", lambda each: each.efficiency.critical_steps),
    ("Parallel speed-up", lambda each: each.efficiency.speed_up),
    ("Spurious parallelism", lambda each: each.efficiency.spurious_parallelism),
]
