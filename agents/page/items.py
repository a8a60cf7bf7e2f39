"""The subtasks of a run in an order that can be drawn: facts go in, `Item`s come out, each after what it depends on.

Whatever dependencies a trace tells, those drawn form no cycle and lead to items that are there. The critical path is
the chain of dependent subtasks that was worked on longest: no number of workers could have carried the plan out faster.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...memory.trace.view import Row
from ...planner import dag
from .books import MAX_SUBTASKS, Book
from .facts import Facts


@dataclass(frozen=True, slots=True)
class Item:
    """One subtask.

    Attributes:
        number: its place, which is also that of its row in the table.
        row: what its events tell.
        parents: numbers of the items it depends on, all lower than its own.
        critical: whether it is on the critical path.
        start: seconds after the run's start at which work began; None when none did.
        end: seconds after the run's start at which it ended, or until which it is known to go on.
        book: what it spent.
    """

    number: int
    row: Row
    parents: tuple[int, ...]
    critical: bool
    start: float | None
    end: float | None
    book: Book

    @property
    def key(self) -> str:
        """The id of its row in the table."""
        return f"subtask-{self.number}"

    @property
    def seconds(self) -> float:
        """How long it was worked on."""
        return 0.0 if self.start is None or self.end is None else self.end - self.start


@dataclass(frozen=True, slots=True)
class Items:
    """All items; `critical_seconds` is the length of the critical path, `left_out` how many were too many."""

    all: tuple[Item, ...]
    critical_seconds: float
    left_out: int

    @property
    def planned(self) -> tuple[Item, ...]:
        """Those that are in the plan as it is now."""
        return tuple(item for item in self.all if not item.row.dropped)


def items_of(facts: Facts) -> Items:
    """The run's subtasks, at most as many as a plan may have."""
    rows = dict(list(facts.view.rows.items())[:MAX_SUBTASKS])
    order = dag.ordered({name: row.depends_on for name, row in rows.items()})
    number = {name: place for place, name in enumerate(order)}
    # What is on a cycle comes last in the order, with dependencies that point backwards only.
    graph = {
        name: tuple(
            dict.fromkeys(each for each in rows[name].depends_on if number.get(each, len(order)) < number[name])
        )
        for name in order
    }
    times = {name: _times(rows[name], facts) for name in order}
    planned = {
        name: tuple(each for each in parents if not rows[each].dropped)
        for name, parents in graph.items()
        if not rows[name].dropped
    }
    seconds = {name: times[name][1] - times[name][0] for name in planned}
    path = dag.critical_path(planned, seconds)
    # What still waits at the end of the chain has taken no time.
    critical = {name for name in path.ids if seconds[name]}
    items = tuple(
        Item(
            number=number[name],
            row=rows[name],
            parents=tuple(number[each] for each in graph[name]),
            critical=name in critical,
            start=None if rows[name].started_at is None else times[name][0],
            end=None if rows[name].started_at is None else times[name][1],
            book=facts.spending.subtasks.get(name, Book()),
        )
        for name in order
    )
    return Items(items, path.length, len(facts.view.rows) - len(rows))


def _times(row: Row, facts: Facts) -> tuple[float, float]:
    if row.started_at is None:
        return 0.0, 0.0
    until = facts.now if row.ended_at is None else row.ended_at
    start = max(0.0, row.started_at - facts.start)
    return start, max(start, until - facts.start)
