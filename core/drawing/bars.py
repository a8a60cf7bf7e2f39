"""Bars below their names, from left to right: rows with spans and marks go in, a figure with an inline SVG comes out.

One form for two pictures: when each subtask was worked on, and what it spent against what was expected. Widths are
shares of the figure's own, so that letters keep their size on a phone. Law: a bar that would be too short to be seen is
drawn three pixels wide; what lies beyond the scale is held at its end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .scale import Axis, scale
from .states import known, legend, sign
from .svg import Markup, escape, join, number, shortened, tag

_ROW, _BAR, _HEAD = 34, 12, 22
_NAME_CHARS = 60


@dataclass(frozen=True, slots=True)
class Bar:
    """One row.

    Attributes:
        name: what it is, and its numbers in words.
        hint: shown when one points at it.
        state: one of `states.STATES`.
        start: where the bar begins, in the axis' unit.
        end: where it ends.
        expected: where a line says what was expected; None for nowhere.
        cap: where a dashed line says what was allowed; None for nowhere.
        critical: whether it is on the critical path.
    """

    name: str
    hint: str
    state: str
    start: float
    end: float
    expected: float | None = None
    cap: float | None = None
    critical: bool = False


def bars(
    title: str,
    description: str,
    axis: Axis,
    rows: Sequence[Bar],
    *,
    say: Callable[[float], str],
    lines: Sequence[tuple[float, str]] = (),
) -> Markup:
    """A figure of rows over one axis, the first on top.

    Args:
        title: what is shown, a few words.
        description: what there is to see, a sentence or two.
        axis: what is measured; its scale begins at 0 unless it says where.
        rows: the bars.
        say: writes a tick.
        lines: places on the axis that are marked from top to bottom, and why.
    """
    values = [value for row in rows for value in (row.start, row.end, row.expected, row.cap) if value is not None]
    across = scale(axis, [0.0, *values, *(at for at, _ in lines)], start=0, end=100)
    height = _HEAD + len(rows) * _ROW + 4
    parts = [_tick(across.at(tick), say(tick), height) for tick in across.ticks]
    parts += [_line(across.at(at), why, height) for at, why in lines]
    parts += [_row(row, _HEAD + place * _ROW, across.at) for place, row in enumerate(rows)]
    picture = tag("svg", *parts, role="img", aria_label=f"{title}. {description}", width="100%", height=height)
    caption = tag("figcaption", tag("strong", escape(title)), escape(f"{description} Across: {axis.caption}."))
    return tag("figure", caption, picture, legend({known(row.state) for row in rows}, *_samples(rows)))


def _samples(rows: Sequence[Bar]) -> list[tuple[Markup, str]]:
    samples = []
    if any(row.critical for row in rows):
        samples.append(
            (tag("rect", class_="bar critical st-waiting fill", x=2, y=1, width=22, height=10), "critical path")
        )
    if any(row.expected is not None for row in rows):
        samples.append((tag("line", class_="expected", x1=13, x2=13, y1=0, y2=12), "forecast"))
    if any(row.cap is not None for row in rows):
        samples.append((tag("line", class_="cap", x1=13, x2=13, y1=0, y2=12), "budget"))
    return samples


def _row(row: Bar, top: float, at: Callable[[float], float]) -> Markup:
    start, end = (at(value) if math.isfinite(value) else 0.0 for value in (row.start, row.end))
    state = known(row.state)
    kind = f"bar fill st-{state} critical" if row.critical else f"bar fill st-{state}"
    middle = top + 18
    # The least width stands below the share: of two equal corners the wider bar is seen.
    shapes = [
        tag("rect", class_="track", x=0, y=middle, width="100%", height=_BAR),
        tag("rect", class_=kind, x=_percent(min(start, 99.0)), y=middle, width=3, height=_BAR),
        tag("rect", class_=kind, x=_percent(start), y=middle, width=_percent(max(0.0, end - start)), height=_BAR),
    ]
    for value, name in ((row.expected, "expected"), (row.cap, "cap")):
        if value is not None:
            x = _percent(at(value))
            shapes.append(tag("line", class_=name, x1=x, x2=x, y1=middle - 3, y2=middle + _BAR + 3))
    text = tag("text", escape(f"{sign(state)} {shortened(row.name, _NAME_CHARS)}"), class_="name", x=0, y=top + 13)
    return tag("g", tag("title", escape(row.hint)), text, *shapes)


def _tick(at: float, text: str, height: float) -> Markup:
    line = tag("line", class_="grid", x1=_percent(at), x2=_percent(at), y1=_HEAD - 4, y2=height)
    return join(line, tag("text", escape(text), x=_percent(at), y=12, text_anchor=_anchor(at)))


def _line(at: float, why: str, height: float) -> Markup:
    return tag(
        "line", tag("title", escape(why)), class_="guide", x1=_percent(at), x2=_percent(at), y1=_HEAD - 4, y2=height
    )


def _anchor(at: float) -> str:
    return "start" if at < 5 else "end" if at > 95 else "middle"


def _percent(value: float) -> str:
    return f"{number(value)}%"
