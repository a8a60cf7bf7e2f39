"""The timeline: subtasks with their times go in, a bar for each and how many were at work at once come out.

Of a run with too many subtasks for a bar each, the critical path's and the longest are drawn; how many were at work at
the same time is drawn of all.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...core.amounts import counted, duration, number
from ...core.drawing.bars import Bar, bars
from ...core.drawing.charts import Band, chart
from ...core.drawing.html import charts, paragraph, section
from ...core.drawing.scale import Axis
from ...core.drawing.svg import Markup
from .facts import Facts
from .items import Item, Items

MAX_BARS = 100
_STEPS = 300


def timeline_section(facts: Facts, items: Items) -> Markup:
    """When each subtask was worked on."""
    worked = [item for item in items.all if item.start is not None and item.end is not None]
    if not worked:
        return section("Timeline", paragraph("No subtask was worked on."), key="timeline")
    drawn = _drawn(worked)
    axis = Axis("time since the run began", "seconds", low=0, high=max(facts.seconds, 0.001))
    resumed = [(at - facts.start, "the run was gone on with here") for at in facts.resumed_at]
    rows = [_bar(item) for item in drawn]
    picture = bars("Who worked when", _described(facts, items, worked, drawn), axis, rows, say=_tick, lines=resumed)
    at_once = [charts(_at_once(worked, facts.seconds))] if len(worked) > len(drawn) else []
    return section("Timeline", picture, *at_once, key="timeline")


def _drawn(worked: Sequence[Item]) -> list[Item]:
    """Those that get a bar, by when they began."""
    longest = sorted(worked, key=lambda item: (not item.critical, -item.seconds))[:MAX_BARS]
    return sorted(longest, key=lambda item: (item.start or 0.0, item.number))


def _described(facts: Facts, items: Items, worked: Sequence[Item], drawn: Sequence[Item]) -> str:
    some = "" if len(drawn) == len(worked) else f" The {len(drawn)} that matter most of {len(worked):,} are drawn."
    on_path = sum(item.critical for item in items.all)
    pauses = (
        f" It was gone on with {counted(len(facts.resumed_at), 'time')} (dotted lines)." if facts.resumed_at else ""
    )
    path = f"Its critical path, {counted(on_path, 'subtask')} of which each waits for the one before, took"
    whole = duration(facts.seconds)
    return f"The run took {whole} of work. {path} {duration(items.critical_seconds)}.{pauses}{some}"


def _bar(item: Item) -> Bar:
    start, end = item.start or 0.0, item.end or 0.0
    when = f"from {duration(start)} to {duration(end)}"
    critical = ", critical path" if item.critical else ""
    return Bar(
        name=f"{item.row.subtask[:40]} · {duration(item.seconds)}",
        hint=f"{item.row.subtask[:100]}: {when}{critical}",
        state=item.row.state,
        start=start,
        end=end,
        critical=item.critical,
    )


def _tick(seconds: float) -> str:
    return duration(seconds) if seconds else "0"


def _at_once(worked: Sequence[Item], seconds: float) -> Markup:
    """How many subtasks were at work, the most in each of some hundred steps."""
    changes = sorted([(item.start or 0.0, 1) for item in worked] + [(item.end or 0.0, -1) for item in worked])
    step = max(seconds, 0.001) / _STEPS
    points: list[tuple[float, float, float]] = []
    running = place = 0
    for number_ in range(_STEPS):
        most = running
        while place < len(changes) and (changes[place][0] < (number_ + 1) * step or number_ == _STEPS - 1):
            running += changes[place][1]
            most = max(most, running)
            place += 1
        points += [(number_ * step, 0.0, most), ((number_ + 1) * step, 0.0, most)]
    highest = max(point[2] for point in points)
    return chart(
        "How many at once",
        f"Subtasks at work at the same time; {number(highest)} at most.",
        Axis("time since the run began", "seconds", low=0, high=max(seconds, 0.001)),
        Axis("subtasks at work", low=0),
        [Band("", points)],
    )
