"""The book of all jobs: progress, spend by day, and answers to plans that wait for approval, beside DBOS's tables.

Numbers and answers go in by job, and come out for lists and limits. Law: what a job has spent is written as its whole
sum so far, never added up, so that writing it twice, or after a crash again, counts once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

_BUSY_MS = 30_000

_META = sa.MetaData()
_PROGRESS = sa.Table(
    "foreplan_job_progress",
    _META,
    sa.Column("job", sa.Text, primary_key=True),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("tokens", sa.BigInteger, nullable=False),
    sa.Column("dollars", sa.Float, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)
_SPEND = sa.Table(
    "foreplan_job_spend",
    _META,
    sa.Column("job", sa.Text, primary_key=True),
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("tokens", sa.BigInteger, nullable=False),
    sa.Column("dollars", sa.Float, nullable=False),
)
_ANSWER = sa.Table(
    "foreplan_job_answer",
    _META,
    sa.Column("job", sa.Text, primary_key=True),
    sa.Column("plan", sa.Text, primary_key=True),
    sa.Column("answer", sa.Text, nullable=False),
)


@dataclass(frozen=True)
class Progress:
    """How far a job is: subtasks ended of those planned, what it has spent in all, and what it waits for."""

    done: int = 0
    total: int = 0
    tokens: int = 0
    dollars: float = 0.0
    note: str = ""


def today() -> str:
    """The day (UTC) that spend counts for now."""
    return datetime.now(UTC).strftime("%Y-%m-%d")


class Book:
    """The tables in the database at `url`, made if need be. Safe to use from any thread."""

    def __init__(self, url: str) -> None:
        self._engine = open_tables(url, _META)

    def tell(self, job: str, progress: Progress) -> None:
        """Keep how far a job is, and what of its spend belongs to today."""
        values = {"tokens": progress.tokens, "dollars": progress.dollars}
        own = {"done": progress.done, "total": progress.total, "note": progress.note}
        with self._engine.begin() as connection:
            put(connection, _PROGRESS, {"job": job}, {**values, **own})
            put(connection, _SPEND, {"job": job, "day": today()}, values)

    def progress(self, jobs: Iterable[str] | None = None) -> dict[str, Progress]:
        """How far these jobs are, or all; without those that nothing is known of."""
        query = sa.select(_PROGRESS)
        if jobs is not None:
            query = query.where(_PROGRESS.c.job.in_(list(jobs)))
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return {row.job: Progress(row.done, row.total, row.tokens, row.dollars, row.note) for row in rows}

    def spent_on(self, day: str) -> tuple[int, float]:
        """Tokens and dollars that all jobs spent on a day (UTC)."""
        busy = sa.select(_SPEND.c.job).where(_SPEND.c.day == day)
        query = sa.select(_SPEND).where(_SPEND.c.job.in_(busy), _SPEND.c.day <= day).order_by(_SPEND.c.day)
        before: dict[str, tuple[int, float]] = {}
        after: dict[str, tuple[int, float]] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(query):
                (after if row.day == day else before)[row.job] = (row.tokens, row.dollars)
        gains = [
            (now[0] - was[0], now[1] - was[1]) for job, now in after.items() for was in [before.get(job, (0, 0.0))]
        ]
        return sum(max(0, tokens) for tokens, _ in gains), sum(max(0.0, dollars) for _, dollars in gains)

    def answer(self, job: str, plan: str, answer: Mapping[str, Any]) -> None:
        """Keep what was decided about the plan of this fingerprint."""
        with self._engine.begin() as connection:
            put(connection, _ANSWER, {"job": job, "plan": plan}, {"answer": json.dumps(answer)})

    def answered(self, job: str, plan: str) -> dict[str, Any] | None:
        """What was decided about a plan; None when nothing was."""
        query = sa.select(_ANSWER.c.answer).where(_ANSWER.c.job == job, _ANSWER.c.plan == plan)
        with self._engine.connect() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else dict(json.loads(found))

    def unanswer(self, job: str, plan: str) -> None:
        """Forget an answer that turned out to be none."""
        with self._engine.begin() as connection:
            connection.execute(sa.delete(_ANSWER).where(_ANSWER.c.job == job, _ANSWER.c.plan == plan))

    def forget(self, job: str) -> None:
        """Delete what is known of a job but its spend, which still counts for its day."""
        with self._engine.begin() as connection:
            for table in (_PROGRESS, _ANSWER):
                connection.execute(sa.delete(table).where(table.c.job == job))

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()


def open_tables(url: str, tables: sa.MetaData) -> sa.Engine:
    """An engine for the database at `url`, in which these tables are, made if need be."""
    engine = sa.create_engine(url, pool_pre_ping=True, pool_size=2, max_overflow=2)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _patient)
    try:
        tables.create_all(engine)
    except DBAPIError:
        # Another process made them between the look and the making.
        time.sleep(0.2)
        tables.create_all(engine)
    return engine


def put(connection: sa.Connection, table: sa.Table, key: dict[str, str], values: dict[str, Any]) -> None:
    """Write the row of this key, whether there is one or not."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement: Any = insert(table).values(**key, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))


def _patient(connection: Any, _record: Any) -> None:
    connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
