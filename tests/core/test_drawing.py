"""Pictures: whatever the numbers and the texts are, the page is whole, asks nobody for anything and draws inside."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.core.drawing.charts import HEIGHT, WIDTH, Band, Dots, Line, Mark, chart
from foreplan.core.drawing.html import charts, page, paragraph, section, table
from foreplan.core.drawing.scale import Axis, scale, short_number
from foreplan.core.drawing.svg import Markup, escape

ANY = st.floats(allow_nan=True, allow_infinity=True)
TEXTS = st.text(st.characters(), max_size=30)
HOSTILE = "</title></svg><script>alert(1)</script>\"' onload=x &amp; \x00\x1b\ud800\u202e"


def figure(markup: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(markup)  # noqa: S314 - our own


@given(
    st.lists(st.tuples(ANY, ANY), max_size=8),
    st.lists(st.tuples(ANY, ANY, ANY), max_size=8),
    st.booleans(),
    st.booleans(),
    TEXTS,
)
def test_any_numbers_and_texts_make_a_whole_figure(
    points: list[tuple[float, float]],
    areas: list[tuple[float, float, float]],
    log_x: bool,
    log_y: bool,
    text: str,
) -> None:
    marks: list[Mark] = [
        Band(text, areas),
        Line(text, points, 1),
        Dots(text, points, 2, [text] * 8),
        Line("", points, guide=True),
    ]
    drawn = figure(chart(text, text, Axis(text, text, log=log_x), Axis(text, log=log_y), marks))
    for element in drawn.iter():
        for corner in re.findall(r"(\S+),(\S+)", element.get("points", "")):
            assert 0 <= float(corner[0]) <= WIDTH
            assert 0 <= float(corner[1]) <= HEIGHT
        for name in ("x", "y", "cx", "cy", "x1", "y2"):
            assert -1 <= float(element.get(name, 0)) <= WIDTH


@given(st.lists(st.floats(-1e15, 1e15), min_size=1, max_size=9), st.booleans())
def test_a_scale_keeps_the_order_of_values_and_holds_them(values: list[float], log: bool) -> None:
    axis = Axis("x", log=log)
    found = scale(axis, values, start=10, end=110)
    shown = sorted(value for value in values if axis.shows(value))
    places = [found.at(value) for value in shown]
    assert places == sorted(places)
    assert all(10 <= place <= 110 for place in places)
    assert 2 <= len(found.ticks) <= 12
    assert all(found.low <= value <= found.high for value in shown)
    assert len({short_number(tick) for tick in found.ticks}) >= 2 or found.high - found.low < 1e-3 * abs(found.high)


def test_ticks_are_round() -> None:
    assert scale(Axis("x"), [0.03, 0.97], start=0, end=1).ticks == pytest.approx((0, 0.2, 0.4, 0.6, 0.8, 1.0))
    assert scale(Axis("x", low=0, high=1), [], start=0, end=1).ticks == pytest.approx((0, 0.2, 0.4, 0.6, 0.8, 1.0))
    assert scale(Axis("x", log=True), [150, 90_000], start=0, end=1).ticks == (100, 1_000, 10_000, 100_000)
    numbers = [0.25, 0, 1_200, 12_000, 3_400_000, 2e9, -15_000, 999_950]
    assert [short_number(each) for each in numbers] == ["0.25", "0", "1,200", "12k", "3.4M", "2G", "-15k", "1M"]


def test_what_lies_beyond_an_axis_is_not_drawn_at_its_edge() -> None:
    drawn = figure(chart("t", "d", Axis("x", low=0, high=1), Axis("y"), [Dots("", [(0.5, 1), (2, 1), (-1, 1)])]))
    assert len(list(drawn.iter("circle"))) == 1


def test_a_figure_says_what_it_is_without_being_seen() -> None:
    markup = chart(
        "Title", "What there is.", Axis("Spend", "tokens"), Axis("Score"), [Line("planner", [(1, 2), (3, 4)])]
    )
    drawn = figure(markup)
    svg = drawn.find("svg")
    assert svg is not None
    assert svg.get("role") == "img"
    ids = {element.get("id"): element.text for element in svg.iter() if element.get("id")}
    assert [ids[name] for name in svg.get("aria-labelledby", "").split()] == ["Title", "What there is."]
    texts = [element.text for element in svg.iter("text")]
    assert "Spend (tokens)" in texts
    assert "Score" in texts
    assert [item.text or "".join(item.itertext()) for item in drawn.iter("li")] == ["planner"]


def test_nothing_to_draw_is_said() -> None:
    assert "no data" in chart("t", "d", Axis("x"), Axis("y"), [Line("", [(float("nan"), 1)])])
    assert "no data" not in chart("t", "d", Axis("x"), Axis("y"), [Line("", [(0, 1)])])


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs


def test_a_page_runs_nothing_and_asks_nobody() -> None:
    marks = [Dots(HOSTILE, [(1, 1)], names=[HOSTILE])]
    body = section(
        HOSTILE,
        paragraph(HOSTILE, kind="warning"),
        charts(chart(HOSTILE, HOSTILE, Axis(HOSTILE, HOSTILE), Axis(HOSTILE), marks)),
        table([HOSTILE, "b"], [[HOSTILE, HOSTILE]], caption=HOSTILE),
    )
    text = page(HOSTILE, body)
    text.encode("utf-8")
    found = _Elements()
    found.feed(text)
    assert not {"script", "link", "img", "iframe", "object", "base"} & set(found.names)
    assert not [name for name, _ in found.attributes if name.startswith("on") or name in {"href", "src"}]
    assert "url(" not in text
    assert "@import" not in text
    assert "http" not in text.replace("http-equiv", "")
    assert "default-src 'none'" in text.replace("&#x27;", "'")
    assert "prefers-color-scheme: dark" in text
    assert "\u202e" not in text


@given(TEXTS)
def test_escaped_text_is_text(text: str) -> None:
    found = ElementTree.fromstring(f'<a b="{escape(text)}">{escape(text)}</a>')  # noqa: S314 - our own
    assert not list(found)
    escape(text).encode("utf-8")
