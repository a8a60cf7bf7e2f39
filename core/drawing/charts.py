"""Charts over two axes: lines, dots and bands go in, a figure with an inline SVG and its legend comes out.

Laws: every axis says what it measures and in what unit; every figure has a title and a description for those who do not
see it; series differ by shape or dash as well as by colour; no text leaves the place it was put in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .scale import Axis, Scale, scale, short_number
from .svg import Markup, escape, join, number, tag

WIDTH, HEIGHT = 420, 300
"""Of the drawing's own coordinates: small, so that letters stay readable on a phone's width."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 14, 12, 46
COLOURS = 6
"""How many series can be told apart; `core.drawing.html` has the colours."""


@dataclass(frozen=True, slots=True)
class Line:
    """Points (x, y) joined by a line. A `guide` is drawn thin and grey and is in the legend only if it has a label."""

    label: str
    points: Sequence[tuple[float, float]]
    series: int = 0
    guide: bool = False


@dataclass(frozen=True, slots=True)
class Dots:
    """Points (x, y), each by itself; `names` are what they are, point by point, shown when one points at them."""

    label: str
    points: Sequence[tuple[float, float]]
    series: int = 0
    names: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Band:
    """The area between low and high over x, as (x, low, high)."""

    label: str
    points: Sequence[tuple[float, float, float]]
    series: int = 0


Mark: TypeAlias = Line | Dots | Band


def chart(title: str, description: str, x: Axis, y: Axis, marks: Sequence[Mark]) -> Markup:
    """A figure that shows marks over two axes, the first of them at the back.

    Args:
        title: what is shown, a few words.
        description: what there is to see, a sentence or two, for screen readers and below the title.
        x: the axis from left to right.
        y: the axis from bottom to top.
        marks: what is drawn; points without a place on the axes are left out.
    """
    across = scale(x, (point[0] for mark in marks for point in mark.points), start=_LEFT, end=WIDTH - _RIGHT)
    heights = (value for mark in marks for point in mark.points for value in point[1:])
    up = scale(y, heights, start=HEIGHT - _BOTTOM, end=_TOP)
    drawn = [_draw(mark, _shown(mark, x, y), across, up) for mark in marks]
    key = hashlib.sha256(escape(f"{title}\n{description}\n{''.join(drawn)}").encode()).hexdigest()[:10]
    picture = tag(
        "svg",
        tag("title", escape(title), id=f"t{key}"),
        tag("desc", escape(description), id=f"d{key}"),
        _grid(across, up),
        *drawn,
        _captions(x, y),
        *([] if any(drawn) else [_text("no data", (_LEFT + WIDTH - _RIGHT) / 2, HEIGHT / 2, "middle")]),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_labelledby=f"t{key} d{key}",
    )
    caption = tag("figcaption", tag("strong", escape(title)), Markup(" "), escape(description))
    return tag("figure", caption, picture, _legend(marks))


def _shown(mark: Mark, x: Axis, y: Axis) -> list[int]:
    """Places of the points that can be drawn."""
    return [
        place
        for place, point in enumerate(mark.points)
        if x.shows(point[0]) and all(y.shows(value) for value in point[1:])
    ]


def _draw(mark: Mark, places: Sequence[int], across: Scale, up: Scale) -> Markup:
    if not places:
        return Markup("")
    if isinstance(mark, Line):
        kind = "guide" if mark.guide else f"line s{mark.series % COLOURS}"
        ends = [(across.at(mark.points[place][0]), up.at(mark.points[place][1])) for place in places]
        return tag("polyline", class_=kind, points=_points(ends))
    if isinstance(mark, Band):
        rows = [mark.points[place] for place in places]
        outline = [(across.at(x), up.at(high)) for x, _, high in rows]
        outline += [(across.at(x), up.at(low)) for x, low, _ in reversed(rows)]
        return tag("polygon", class_=f"band s{mark.series % COLOURS}", points=_points(outline))
    return join(*(_dot(mark, place, across, up) for place in places))


def _dot(mark: Dots, place: int, across: Scale, up: Scale) -> Markup:
    x, y = mark.points[place]
    name = f"{mark.names[place]}: " if place < len(mark.names) else ""
    hint = tag("title", escape(f"{name}{short_number(x)}, {short_number(y)}"))
    return _shape(across.at(x), up.at(y), mark.series, hint)


def _shape(x: float, y: float, series: int, *content: Markup) -> Markup:
    """A dot that says by its shape which series it is of."""
    kind, size = f"dot s{series % COLOURS}", 3.5
    if series % 3 == 0:
        return tag("circle", *content, class_=kind, cx=x, cy=y, r=size)
    if series % 3 == 1:
        return tag("rect", *content, class_=kind, x=x - size, y=y - size, width=2 * size, height=2 * size)
    corners = [(x, y - 1.3 * size), (x + 1.3 * size, y + size), (x - 1.3 * size, y + size)]
    return tag("polygon", *content, class_=kind, points=_points(corners))


def _grid(across: Scale, up: Scale) -> Markup:
    parts = []
    for tick in across.ticks:
        at = across.at(tick)
        parts.append(tag("line", class_="grid", x1=at, x2=at, y1=up.start, y2=up.end))
        parts.append(_text(short_number(tick), at, up.start + 15, "middle"))
    for tick in up.ticks:
        at = up.at(tick)
        parts.append(tag("line", class_="grid", x1=across.start, x2=across.end, y1=at, y2=at))
        parts.append(_text(short_number(tick), across.start - 6, at + 4, "end"))
    return join(*parts)


def _captions(x: Axis, y: Axis) -> Markup:
    middle = (HEIGHT - _BOTTOM + _TOP) / 2
    return join(
        _text(x.caption, (_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 8, "middle", class_="axis"),
        _text(y.caption, 13, middle, "middle", class_="axis", transform=f"rotate(-90 13 {number(middle)})"),
    )


def _text(text: str, x: float, y: float, anchor: str, **attributes: str) -> Markup:
    return tag("text", escape(text), x=x, y=y, text_anchor=anchor, **attributes)


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{number(x)},{number(y)}" for x, y in points)


def _legend(marks: Sequence[Mark]) -> Markup:
    entries = [
        tag("li", tag("svg", _sample(mark), viewBox="0 0 26 12", class_="key", aria_hidden="true"), escape(mark.label))
        for mark in marks
        if mark.label
    ]
    return tag("ul", *entries, class_="legend") if entries else Markup("")


def _sample(mark: Mark) -> Markup:
    if isinstance(mark, Dots):
        return _shape(13, 6, mark.series)
    if isinstance(mark, Band):
        return tag("rect", class_=f"band s{mark.series % COLOURS}", x=1, y=1, width=24, height=10)
    kind = "guide" if mark.guide else f"line s{mark.series % COLOURS}"
    return tag("polyline", class_=kind, points="1,6 25,6")
