"""Choosing rows: filters and, for exporters that compare plans of one brief, rows in groups with the best first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from .read import Skip, read_rows
from .row import TraceRow


@dataclass(frozen=True)
class Filters:
    """Which rows are wanted; None is no limit. A row without a score passes no limit on the score.

    Attributes:
        min_score: at least this.
        max_score: at most this.
        max_tokens: spent at most these.
        max_dollars: cost at most this.
        since: started at this Unix time or later.
        until: started before this Unix time.
        project: of the project with this name.
    """

    min_score: float | None = None
    max_score: float | None = None
    max_tokens: int | None = None
    max_dollars: float | None = None
    since: float | None = None
    until: float | None = None
    project: str | None = None

    def keeps(self, row: TraceRow) -> bool:
        """Whether the row is wanted."""
        return (
            self._keeps_score(row.score)
            and (self.max_tokens is None or row.tokens <= self.max_tokens)
            and (self.max_dollars is None or row.dollars <= self.max_dollars)
            and (self.since is None or row.started >= self.since)
            and (self.until is None or row.started < self.until)
            and (self.project is None or row.project == self.project)
        )

    def _keeps_score(self, score: float | None) -> bool:
        if self.min_score is None and self.max_score is None:
            return True
        least = 0.0 if self.min_score is None else self.min_score
        most = 1.0 if self.max_score is None else self.max_score
        return score is not None and least <= score <= most


def choose(places: Iterable[Path], filters: Filters, *, skip: Skip) -> Iterator[TraceRow]:
    """The wanted runs behind `places` (see `read_rows`), in that order."""
    return filter(filters.keeps, read_rows(places, skip=skip))


class _Seat(NamedTuple):
    """Where a row is found again, with what orders it."""

    group: int
    badness: float
    age: float
    trace: Path


def choose_by_brief(
    places: Iterable[Path], filters: Filters, *, only_best: bool = False, skip: Skip
) -> Iterator[TraceRow]:
    """The wanted runs, those of one brief together, the one with the best score first, of equals the newest.

    Each trace is read twice, so that memory holds a few words for each run and the content of one.

    Args:
        places: directories of runs, or files of traces.
        filters: which are wanted.
        only_best: only the first of each brief.
        skip: told of traces that cannot be read.
    """
    groups: dict[str, int] = {}
    seats = []
    for row in choose(places, filters, skip=skip):
        group = groups.setdefault(row.brief_key, len(groups))
        seats.append(_Seat(group, 1.0 if row.score is None else -row.score, -row.started, row.trace))
    last_group = -1
    for seat in sorted(seats):
        if not only_best or seat.group != last_group:
            yield from read_rows([seat.trace], skip=skip)
        last_group = seat.group
