"""Pictures of plans and of work: whatever the graph and the numbers are, what is drawn is whole and in place."""

import re
import time
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.core.drawing.bars import Bar, bars
from foreplan.core.drawing.dag import MAX_COLUMNS, MAX_LEVELS, MAX_NODES, Node, dag
from foreplan.core.drawing.layers import layout
from foreplan.core.drawing.scale import Axis
from foreplan.core.drawing.states import STATES
from foreplan.core.drawing.svg import Markup, shortened

ANY = st.floats(allow_nan=True, allow_infinity=True)
TEXTS = st.text(st.characters(), max_size=30)
HOSTILE = "</title></svg><script>alert(1)</script>\"' onload=x &amp; \x00\x1b\ud800\u202e"


@st.composite
def graphs(draw: st.DrawFn) -> list[list[int]]:
    """Parents of each node, numbers below its own."""
    count = draw(st.integers(0, 25))
    return [draw(st.lists(st.integers(0, n - 1), max_size=4)) if n else [] for n in range(count)]


def figure(markup: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(markup)  # noqa: S314 - our own


def node(parents: list[int], state: str = "done", **changes: object) -> Node:
    values: dict[str, object] = {"label": "n", "small": "", "hint": "", "critical": False, "href": "#n"}
    return Node(state=state, parents=parents, **(values | changes))  # type: ignore[arg-type]


@given(graphs())
def test_nodes_stand_right_of_what_they_depend_on_and_never_on_each_other(parents: list[list[int]]) -> None:
    found = layout(parents)
    assert all(found.depth[each] < found.depth[n] for n, own in enumerate(parents) for each in own)
    assert all((n, found.depth[n]) in found.at for n in range(len(parents)))
    for column in range(found.width):
        places = sorted(
            (at, 1.0 if found.depth[n] == where else 0.35) for (n, where), at in found.at.items() if where == column
        )
        for (one, size), (other, next_size) in pairwise(places):
            assert other - one >= (size + next_size) / 2 - 1e-9
        assert all(0 <= at <= found.height for at, _ in places)


@given(graphs())
def test_an_edge_over_several_columns_has_a_lane_in_each(parents: list[list[int]]) -> None:
    found = layout(parents)
    for n, own in enumerate(parents):
        for parent in own:
            assert all((parent, column) in found.at for column in range(found.depth[parent], found.depth[n]))


def test_crossings_that_can_be_avoided_are() -> None:
    # In plan order the two edges cross.
    found = layout([[], [], [1], [0]])
    assert (found.at[0, 0] < found.at[1, 0]) == (found.at[3, 1] < found.at[2, 1])


@given(graphs(), st.sampled_from([*STATES, "x\" onload='"]), TEXTS)
def test_any_plan_makes_a_whole_figure(parents: list[list[int]], state: str, text: str) -> None:
    nodes = [node(own, state, label=text, small=text, hint=text, critical=n % 2 == 0) for n, own in enumerate(parents)]
    drawn = figure(dag(text, text, nodes))
    assert len(list(drawn.iter("a"))) == len(nodes)
    assert len(list(drawn.iter("path"))) == sum(len(set(own)) for own in parents)


@pytest.mark.parametrize(
    "parents",
    [
        [[] for _ in range(5_000)],
        [[n - 1] if n else [] for n in range(5_000)],
        [list(range(max(0, n - 64), n)) for n in range(MAX_NODES)],
        [[n - 1] if n else [] for n in range(MAX_COLUMNS + 1)],
    ],
    ids=["wide", "chain", "dense", "long"],
)
def test_a_plan_too_large_for_boxes_is_drawn_by_levels(parents: list[list[int]]) -> None:
    started = time.perf_counter()
    markup = dag("t", "d", [node(own, "failed" if n % 2 else "done") for n, own in enumerate(parents)])
    assert time.perf_counter() - started < 3
    drawn = figure(markup)
    assert not list(drawn.iter("a"))
    assert len(markup) < 40_000
    told = [text.text or "" for text in drawn.iter("text")]
    assert len(told) <= MAX_LEVELS
    assert sum(
        int(each.replace(",", "")) for text in told for each in re.findall(r"([\d,]+) (?:done|failed)", text)
    ) == len(parents)


def test_the_critical_path_is_one_line() -> None:
    nodes = [node([], critical=True), node([0], critical=True), node([0, 1], critical=True)]
    assert dag("t", "d", nodes).count('class="tie critical"') == 2 + 1  # and its sample in the legend


@given(st.lists(st.tuples(ANY, ANY, st.none() | ANY, TEXTS), max_size=6))
def test_any_bars_make_a_whole_figure(rows: list[tuple[float, float, float | None, str]]) -> None:
    told = [Bar(text, text, "done", start, end, expected, expected, True) for start, end, expected, text in rows]
    drawn = figure(bars("t", "d", Axis("time", "seconds", low=0), told, say=str))
    for shape in drawn.iter("rect"):
        for name in ("x", "width"):
            if shape.get(name, "").endswith("%"):
                assert 0 <= float(shape.get(name, "")[:-1]) <= 100
    assert len(list(drawn.iter("g"))) == len(rows)


def test_texts_of_figures_stay_text() -> None:
    made = dag(HOSTILE, HOSTILE, [node([], label=HOSTILE, small=HOSTILE, hint=HOSTILE)])
    made = Markup(
        f"<div>{made}{bars(HOSTILE, HOSTILE, Axis('x'), [Bar(HOSTILE, HOSTILE, HOSTILE, 0, 1)], say=str)}</div>"
    )
    drawn = figure(made)
    assert not list(drawn.iter("script"))
    assert not [each for each in drawn.iter() if each.get("onload")]


def test_a_shortened_text_says_that_it_is() -> None:
    assert shortened("a  b\nc", 10) == "a b c"
    assert shortened("abcdef", 4) == "abc…"
    assert len(shortened("x" * 10_000_000, 50)) == 50
    assert shortened(" " * 1_000 + "x", 5).endswith("…")
