"""The plan: its subtasks go in, a picture of what depends on what and the table of all of them come out.

The table is also what the timeline and the picture of spending say, in words and numbers.
"""

from __future__ import annotations

from collections import Counter

from ...core.amounts import counted, dollars, duration, number
from ...core.drawing.dag import Node, dag
from ...core.drawing.html import paragraph, section, table_of
from ...core.drawing.states import STATES, known
from ...core.drawing.svg import Markup, escape, join, shortened, tag
from .facts import Facts
from .items import Item, Items

_HEADER = (
    "Subtask", "State", "Took", "Tokens", "Forecast", "Budget", "Cost", "Claims", "Worker", "Goal", "Depends on",
)  # fmt: skip
_WORDS = (1, 8, 9, 10)
_MAX_PARENTS = 6
_NAME_CHARS = 60
_GOAL_CHARS, _MANY, _GOAL_CHARS_OF_MANY = 240, 1_000, 90


def plan_section(facts: Facts, items: Items) -> Markup:
    """What was to be done, and what became of it."""
    if not items.all:
        direct = "The brief was answered at once, without subtasks."
        none = direct if facts.view.mode == "direct" else "There is no plan yet."
        return section("Plan", paragraph(none), key="plan")
    planned = items.planned
    place = {item.number: at for at, item in enumerate(planned)}
    nodes = [_node(item, place) for item in planned]
    picture = dag("What depends on what", _described(items), nodes)
    return section("Plan", picture, _table(items), *_left_out(items), key="plan")


def _described(items: Items) -> str:
    counts = Counter(known(item.row.state) for item in items.planned)
    states = ", ".join(f"{counts[name]:,} {name}" for name in STATES if counts[name])
    path = sum(item.critical for item in items.planned)
    critical = f" {counted(path, 'subtask')} on the critical path." if path else ""
    return f"{counted(len(items.planned), 'subtask')}: {states}.{critical} The table below says the same."


def _node(item: Item, place: dict[int, int]) -> Node:
    row = item.row
    told = [
        duration(item.seconds) if item.start is not None else "",
        f"{number(row.tokens)} tokens" if row.tokens else "",
    ]
    return Node(
        label=row.subtask,
        small=", ".join(filter(None, told)) or known(row.state),
        hint=f"{shortened(row.subtask, _NAME_CHARS)} ({known(row.state)}): {shortened(row.goal, _GOAL_CHARS)}",
        state=row.state,
        parents=[place[parent] for parent in item.parents if parent in place],
        critical=item.critical,
        href=f"#{item.key}",
    )


def _table(items: Items) -> Markup:
    goal_chars = _GOAL_CHARS if len(items.all) <= _MANY else _GOAL_CHARS_OF_MANY
    names = [shortened(item.row.subtask, _NAME_CHARS) for item in items.all]
    lines = [_line(item, names, goal_chars) for item in items.all]
    caption = (
        "All subtasks; critical: on the critical path. Forecast and budget are in tokens, a forecast is of one attempt."
    )
    return table_of(_HEADER, lines, caption=caption, words=_WORDS, tall=True)


def _line(item: Item, names: list[str], goal_chars: int) -> Markup:
    row = item.row
    parents = [names[parent] for parent in item.parents[:_MAX_PARENTS]]
    if len(item.parents) > _MAX_PARENTS:
        parents.append(f"and {len(item.parents) - _MAX_PARENTS:,} more")
    words = [shortened(row.worker, _NAME_CHARS), shortened(row.goal, goal_chars), ", ".join(parents)]
    numbers = [
        duration(item.seconds) if item.start is not None else "",
        f"{row.tokens:,}",
        f"{row.forecast_tokens:,}",
        f"{row.budget_tokens:,}",
        dollars(item.book.dollars),
        f"{row.claims:,}",
    ]
    return tag(
        "tr",
        tag("th", escape(names[item.number]), scope="row"),
        tag("td", _state(item), class_="words"),
        *(tag("td", escape(each)) for each in numbers),
        *(tag("td", escape(each), class_="words") for each in words),
        id=item.key,
    )


def _state(item: Item) -> Markup:
    name = known(item.row.state)
    more = ["reused"] if item.row.cached else []
    more += ["critical"] if item.critical else []
    more += ["taken out of the plan"] if item.row.dropped else []
    mark = tag("span", escape(STATES[name].sign), class_=f"of st-{name}", aria_hidden="true")
    return join(mark, escape(" " + ", ".join([name, *more])))


def _left_out(items: Items) -> list[Markup]:
    return (
        [paragraph(f"{items.left_out:,} more subtasks are left out of this page.", kind="warning")]
        if items.left_out
        else []
    )
