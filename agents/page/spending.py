"""What subtasks spent: tokens against forecast and budget go in, a bar for each comes out; of many, dots as well."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.amounts import number
from ...core.drawing.bars import Bar, bars
from ...core.drawing.charts import Dots, Line, chart
from ...core.drawing.html import charts, paragraph, section
from ...core.drawing.scale import Axis
from ...core.drawing.svg import Markup
from .items import Item, Items

MAX_BARS = 60
MAX_DOTS = 1_000


def spending_section(items: Items) -> Markup:
    """Tokens spent against forecast, subtask by subtask."""
    shown = [item for item in items.all if item.row.tokens or item.row.forecast_tokens]
    if not shown:
        return section(
            "Tokens against forecast", paragraph("No subtask spent or was forecast any tokens."), key="tokens"
        )
    drawn = sorted(shown, key=lambda item: -max(item.row.tokens, item.row.forecast_tokens))[:MAX_BARS]
    drawn.sort(key=lambda item: item.number)
    axis = Axis("tokens, prompt and completion", "tokens", low=0)
    picture = bars("Spent by each subtask", _described(shown, drawn), axis, [_bar(item) for item in drawn], say=number)
    dots = [charts(_dots(shown))] if len(shown) > len(drawn) else []
    return section("Tokens against forecast", picture, *dots, key="tokens")


def _described(shown: Sequence[Item], drawn: Sequence[Item]) -> str:
    spent = sum(item.row.tokens for item in shown)
    forecast = sum(item.row.forecast_tokens for item in shown)
    some = "" if len(drawn) == len(shown) else f" The largest {len(drawn)} of {len(shown):,} are drawn."
    against = f"; their forecasts come to {forecast:,}" if forecast else "; nothing was forecast"
    return f"Subtasks spent {spent:,} tokens{against}.{some}"


def _bar(item: Item) -> Bar:
    row = item.row
    told = f"{number(row.tokens)} of {number(row.forecast_tokens)}" if row.forecast_tokens else number(row.tokens)
    allowed = f"{row.forecast_tokens:,} forecast, {row.budget_tokens:,} allowed"
    return Bar(
        name=f"{row.subtask[:40]} · {told}",
        hint=f"{row.subtask[:100]}: {row.tokens:,} spent, {allowed}",
        state=row.state,
        start=0.0,
        end=row.tokens,
        expected=row.forecast_tokens or None,
        cap=row.budget_tokens or None,
    )


def _dots(shown: Sequence[Item]) -> Markup:
    both = [item for item in shown if item.row.tokens and item.row.forecast_tokens][:MAX_DOTS]
    points = [(item.row.forecast_tokens, item.row.tokens) for item in both]
    ends = [min((min(point) for point in points), default=1), max((max(point) for point in points), default=10)]
    return chart(
        "Spent against forecast",
        f"A dot for each of {len(both):,} subtasks; on the line, the forecast was right.",
        Axis("forecast", "tokens", log=True),
        Axis("spent", "tokens", log=True),
        [
            Line("as forecast", [(end, end) for end in ends], guide=True),
            Dots("subtasks", points, 0, [item.row.subtask[:40] for item in both]),
        ],
    )
