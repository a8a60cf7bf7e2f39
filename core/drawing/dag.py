"""A plan as a picture: nodes with their states go in, a figure with an inline SVG comes out.

A small plan is drawn node by node, from left to right, in a box that scrolls by itself. A large one is drawn as a bar
for each level, filled by the states of its nodes: thousands of boxes would show nobody anything. Law: what is drawn is
bounded whatever the plan; each node of a small plan leads to where it is described.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .html import scrolling
from .layers import Layout, depths, layout
from .states import STATES, known, legend, sign
from .svg import Markup, escape, join, number, shortened, tag

MAX_NODES, MAX_TIES, MAX_COLUMNS = 150, 500, 30
"""A plan with more than one of these is drawn by levels."""
MAX_LEVELS = 60
"""More levels than this are drawn several to a bar."""

_BOX_WIDTH, _BOX_HEIGHT, _GAP_X, _ROW = 168, 38, 44, 48
_MARGIN = 6
_BAR_ROW, _BAR = 22, 14
_LABEL_CHARS = 22


@dataclass(frozen=True, slots=True)
class Node:
    """One box.

    Attributes:
        label: its name.
        small: a few words below the name.
        hint: shown when one points at it.
        state: one of `states.STATES`.
        parents: numbers of the nodes it depends on, all lower than its own.
        critical: whether it is on the critical path.
        href: where it is described.
    """

    label: str
    small: str
    hint: str
    state: str
    parents: Sequence[int]
    critical: bool
    href: str


def dag(title: str, description: str, nodes: Sequence[Node]) -> Markup:
    """A figure of nodes and what they depend on; `description` says what there is to see to those who do not see it."""
    small = len(nodes) <= MAX_NODES and sum(len(node.parents) for node in nodes) <= MAX_TIES
    place = layout([node.parents for node in nodes]) if small else None
    drawn = small and place is not None and place.width <= MAX_COLUMNS
    picture = (
        _boxes(title, description, nodes, place) if drawn and place is not None else _levels(title, description, nodes)
    )
    caption = tag("figcaption", tag("strong", escape(title)), escape(description))
    line = Markup('<line class="tie critical" x1="1" x2="25" y1="6" y2="6"/>')
    more = [(line, "critical path")] if drawn and any(node.critical for node in nodes) else []
    return tag("figure", caption, picture, legend({known(node.state) for node in nodes}, *more))


def _boxes(title: str, description: str, nodes: Sequence[Node], place: Layout) -> Markup:
    width = 2 * _MARGIN + place.width * (_BOX_WIDTH + _GAP_X) - _GAP_X
    height = 2 * _MARGIN + place.height * _ROW
    # Thick lines last, so that thin ones do not cover them.
    ties = sorted(_ties(nodes), key=lambda tie: tie[2])
    parts = [_tie(start, end, critical, place) for start, end, critical in ties]
    parts += [_box(node, number_, place) for number_, node in enumerate(nodes)]
    picture = tag(
        "svg",
        *parts,
        role="img",
        aria_label=f"{title}. {description}",
        width=max(width, 1),
        height=max(height, 1),
        viewBox=f"0 0 {number(max(width, 1))} {number(max(height, 1))}",
    )
    return scrolling(picture, kind="wide", label=title)


def _ties(nodes: Sequence[Node]) -> Iterator[tuple[int, int, bool]]:
    for end, node in enumerate(nodes):
        critical = [start for start in node.parents if node.critical and nodes[start].critical]
        for start in dict.fromkeys(node.parents):
            # A chain passes through one parent only: the last on it.
            yield start, end, bool(critical) and start == critical[-1]


def _box(node: Node, number_: int, place: Layout) -> Markup:
    x, y = _left(place.depth[number_]), _middle(place, number_, place.depth[number_]) - _BOX_HEIGHT / 2
    state = known(node.state)
    kind = f"node st-{state} critical" if node.critical else f"node st-{state}"
    content = tag(
        "g",
        tag("title", escape(node.hint)),
        tag("rect", x=x, y=y, width=_BOX_WIDTH, height=_BOX_HEIGHT, rx=5),
        tag("rect", class_="edge", x=x, y=y, width=5, height=_BOX_HEIGHT, rx=2),
        tag("text", escape(f"{sign(state)} {shortened(node.label, _LABEL_CHARS)}"), x=x + 11, y=y + 16),
        tag("text", escape(shortened(node.small, 30)), class_="small", x=x + 11, y=y + 31),
        class_=kind,
    )
    # Keys go through the table, where the same links are with their words.
    return tag("a", content, href=node.href, tabindex="-1", aria_hidden="true")


def _tie(start: int, end: int, critical: bool, place: Layout) -> Markup:
    column, y = place.depth[start], _middle(place, start, place.depth[start])
    steps = [f"M{number(_left(column) + _BOX_WIDTH)},{number(y)}"]
    for following in range(column + 1, place.depth[end] + 1):
        spot = end if following == place.depth[end] else start
        x, to = _left(following), _middle(place, spot, following)
        bend = number(x - _GAP_X / 2)
        steps.append(f"C{bend},{number(y)} {bend},{number(to)} {number(x)},{number(to)}")
        if spot != end:
            steps.append(f"H{number(x + _BOX_WIDTH)}")
        y = to
    return tag("path", class_="tie critical" if critical else "tie", d=" ".join(steps))


def _left(column: int) -> float:
    return _MARGIN + column * (_BOX_WIDTH + _GAP_X)


def _middle(place: Layout, node: int, column: int) -> float:
    return _MARGIN + place.at[node, column] * _ROW


def _levels(title: str, description: str, nodes: Sequence[Node]) -> Markup:
    """A bar for each level, or for several neighbouring ones, as long as it has nodes."""
    found: dict[int, Counter[str]] = {}
    for depth, node in zip(depths([node.parents for node in nodes]), nodes, strict=True):
        found.setdefault(depth, Counter())[known(node.state)] += 1
    step = max(1, -(-len(found) // MAX_LEVELS))
    bars = [
        (
            first,
            min(first + step, len(found)),
            sum((found[depth] for depth in range(first, min(first + step, len(found)))), Counter()),
        )
        for first in range(0, len(found), step)
    ]
    most = max((counts.total() for _, _, counts in bars), default=1)
    parts = [_level(place, *bar, most) for place, bar in enumerate(bars)]
    return tag(
        "svg", *parts, role="img", aria_label=f"{title}. {description}", width="100%", height=len(bars) * 2 * _BAR_ROW
    )


def _level(place: int, first: int, end: int, counts: Counter[str], most: int) -> Markup:
    top = place * 2 * _BAR_ROW
    name = f"level {first}" if end == first + 1 else f"levels {first} to {end - 1}"
    told = ", ".join(f"{counts[state]:,} {state}" for state in STATES if counts[state])
    parts = [tag("text", escape(f"{name}: {told}"), class_="name", x=0, y=top + _BAR_ROW - 6)]
    start = 0.0
    for state in (each for each in STATES if counts[each]):
        share = 100 * counts[state] / most
        hint = tag("title", escape(f"{counts[state]:,} {state}"))
        parts.append(
            tag(
                "rect", hint, class_=f"fill st-{state}", x=f"{number(start)}%", y=top + _BAR_ROW,
                width=f"{number(share)}%", height=_BAR,
            )
        )  # fmt: skip
        start += share
    return join(*parts)
