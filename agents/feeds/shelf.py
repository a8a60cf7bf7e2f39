"""The shelf of all feeds: what each has seen and reported, and how its runs went, beside the jobs in their database.

Laws: what a run has found new counts as seen once the run has ended well, in one transaction with what it reported, so
that a run that was killed, or failed, marks nothing as seen and leaves nothing out; a feed has one run at a time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from ...memory.errors import StorageError
from ..jobs.book import open_tables, put
from ..tools.loading import Mark
from .harvest import Harvest, Seen
from .told import Told

TurnState: TypeAlias = Literal["running", "reported", "nothing new", "failed", "skipped"]
"""How a run of a feed is. `failed`: what it had found new is new again for the next one."""

KEPT_NOTES = 200
"""Runs without a report that a history keeps, beside all those with one."""
KEPT_TOLD = 5_000
"""The newest statements that a feed's reports are compared with."""

_SEEN_NOW = ""

_META = sa.MetaData()
_CLOCK = sa.Table(
    "foreplan_feed_clock",
    _META,
    sa.Column("feed", sa.Text, primary_key=True),
    sa.Column("handled", sa.Float, nullable=False),
)
_TURN = sa.Table(
    "foreplan_feed_turn",
    _META,
    sa.Column("turn", sa.Text, primary_key=True),
    sa.Column("feed", sa.Text, nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("new", sa.Integer, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("report", sa.Text, nullable=False),
)
_OPEN = sa.Table(
    "foreplan_feed_open",
    _META,
    sa.Column("feed", sa.Text, primary_key=True),
    sa.Column("turn", sa.Text, nullable=False),
)
_SEEN = sa.Table(
    "foreplan_feed_seen",
    _META,
    sa.Column("feed", sa.Text, primary_key=True),
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("turn", sa.Text, primary_key=True, index=True),
    sa.Column("stamp", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
)
_PAGE = sa.Table(
    "foreplan_feed_page",
    _META,
    sa.Column("feed", sa.Text, primary_key=True),
    sa.Column("url", sa.Text, primary_key=True),
    sa.Column("turn", sa.Text, primary_key=True),
    sa.Column("mark", sa.Text, nullable=False),
)
_TOLD = sa.Table(
    "foreplan_feed_told",
    _META,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("feed", sa.Text, nullable=False, index=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
)
_FILE = sa.Table(
    "foreplan_feed_file",
    _META,
    sa.Column("feed", sa.Text, nullable=False, index=True),
    sa.Column("turn", sa.Text, primary_key=True),
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
_OF_A_FEED = (_CLOCK, _TURN, _OPEN, _SEEN, _PAGE, _TOLD, _FILE)


@dataclass(frozen=True)
class Turn:
    """One run of a feed.

    `turn` is its id and its job's; `at` is when it was due, in Unix seconds; `new` counts the documents it found new.
    """

    turn: str
    feed: str
    state: TurnState
    at: float
    new: int = 0
    note: str = ""
    report: str = field(default="", repr=False)

    def to_json(self) -> dict[str, Any]:
        """What a history says of it."""
        return {
            "run": self.turn, "feed": self.feed, "state": self.state, "at": self.at, "new": self.new,
            "note": self.note, "report": self.report,
        }  # fmt: skip


class Shelf:
    """The tables in the database at `url`, made if need be. Safe to use from any thread.

    Raises:
        StorageError: when the database cannot be reached.
    """

    def __init__(self, url: str) -> None:
        try:
            self.engine = open_tables(url, _META)
        except DBAPIError as error:
            raise _unreachable(error) from error

    def seen(self, feed: str) -> Seen:
        """What a feed has seen."""
        query = sa.select(_SEEN.c.sha256, _SEEN.c.stamp).where(_SEEN.c.feed == feed, _SEEN.c.turn == _SEEN_NOW)
        pages = sa.select(_PAGE.c.url, _PAGE.c.mark).where(_PAGE.c.feed == feed, _PAGE.c.turn == _SEEN_NOW)
        with self.engine.connect() as connection:
            rows = connection.execute(query).all()
            marks = {row.url: Mark(*json.loads(row.mark)) for row in connection.execute(pages)}
        return Seen(frozenset(row.sha256 for row in rows), frozenset(row.stamp for row in rows if row.stamp), marks)

    def told(self, feed: str) -> list[Told]:
        """What a feed has reported, newest first."""
        query = sa.select(_TOLD).where(_TOLD.c.feed == feed).order_by(_TOLD.c.number.desc()).limit(KEPT_TOLD)
        with self.engine.connect() as connection:
            rows = connection.execute(query).all()
        return [Told(row.text, frozenset(row.evidence.split())) for row in rows]

    def handled(self, feed: str) -> float:
        """The last due time that has had its run, in Unix seconds; 0 when none has."""
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(_CLOCK.c.handled).where(_CLOCK.c.feed == feed)).scalar()
        return found or 0.0

    def set_handled(self, feed: str, at: float) -> None:
        """Count what was due up to `at` as having had its run."""
        with self.engine.begin() as connection:
            put(connection, _CLOCK, {"feed": feed}, {"handled": at})

    def history(self, feed: str, *, limit: int = 1_000) -> list[Turn]:
        """A feed's runs, newest first."""
        return self._turns(sa.select(_TURN).where(_TURN.c.feed == feed).order_by(_TURN.c.at.desc()).limit(limit))

    def turn(self, turn: str) -> Turn | None:
        """The run with this id."""
        return next(iter(self._turns(sa.select(_TURN).where(_TURN.c.turn == turn))), None)

    def unsettled(self) -> list[Turn]:
        """Runs that have not ended, and failed ones that could still end well because none came after them."""
        waiting = sa.select(_SEEN.c.turn).where(_SEEN.c.turn != _SEEN_NOW)
        return self._turns(sa.select(_TURN).where(sa.or_(_TURN.c.state == "running", _TURN.c.turn.in_(waiting))))

    def begin(
        self, turn: Turn, harvest: Harvest, queue: Callable[[sa.Connection], None], *, folder: Path | None = None
    ) -> bool:
        """Keep a run that has begun, and what it found new, to be seen once it ends well; whether it was the first.

        Args:
            turn: the run, whose state is `running`.
            harvest: what it found.
            queue: called with the transaction, to put its job into the queue within it.
            folder: where its documents are, when they have to be kept for other machines too.
        """
        try:
            with self.engine.begin() as connection:
                connection.execute(sa.insert(_OPEN).values(feed=turn.feed, turn=turn.turn))
                self._drop_pending(connection, turn.feed)
                put(connection, _TURN, {"turn": turn.turn}, _values(turn))
                self._keep(connection, turn, harvest, turn.turn)
                if folder is not None:
                    _keep_files(connection, turn, harvest, folder)
                queue(connection)
        except IntegrityError:
            return False
        return True

    def record(self, turn: Turn, harvest: Harvest | None = None) -> None:
        """Keep a run that ended without a job; what it saw, if anything, is seen."""
        with self.engine.begin() as connection:
            self._handle(connection, turn)
            put(connection, _TURN, {"turn": turn.turn}, _values(turn))
            if harvest is not None:
                self._keep(connection, turn, harvest, _SEEN_NOW)
            self._tidy(connection, turn.feed)

    def settle(self, turn: Turn, told: Sequence[Told] = ()) -> bool:
        """Keep how a run with a job ended; unless it failed, what it found is seen and what it reported is told.

        Nothing happens when another process did it before; whether this one did.
        """
        ended_well = turn.state in ("reported", "nothing new")
        before = ("running", "failed") if ended_well else ("running",)
        with self.engine.begin() as connection:
            change = sa.update(_TURN).where(_TURN.c.turn == turn.turn, _TURN.c.state.in_(before))
            if connection.execute(change.values(**_values(turn))).rowcount != 1:
                return False
            connection.execute(sa.delete(_OPEN).where(_OPEN.c.turn == turn.turn))
            if ended_well:
                self._see(connection, turn)
                connection.execute(sa.delete(_FILE).where(_FILE.c.turn == turn.turn))
            for each in told:
                row = {"feed": turn.feed, "text": each.text, "evidence": " ".join(sorted(each.evidence))}
                connection.execute(sa.insert(_TOLD).values(**row))
            self._tidy(connection, turn.feed)
        return True

    def lay_out(self, turn: str, folder: Path) -> None:
        """Write a run's documents into a folder that is not there, on a machine that did not gather them.

        Raises:
            StorageError: when the database cannot be read.
            OSError: when they cannot be written.
        """
        query = sa.select(_FILE.c.path, _FILE.c.body).where(_FILE.c.turn == turn)
        try:
            with self.engine.connect() as connection:
                rows = connection.execute(query).all()
        except DBAPIError as error:
            raise _unreachable(error) from error
        for row in rows:
            path = folder / row.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(row.body)

    def forget(self, feed: str) -> None:
        """Delete all that is known of a feed."""
        with self.engine.begin() as connection:
            for table in _OF_A_FEED:
                connection.execute(sa.delete(table).where(table.c.feed == feed))

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    def _turns(self, query: sa.Select[Any]) -> list[Turn]:
        with self.engine.connect() as connection:
            return [Turn(**row._mapping) for row in connection.execute(query)]

    def _keep(self, connection: sa.Connection, turn: Turn, harvest: Harvest, under: str) -> None:
        """What a run found; `under` its id until it has ended, or as seen."""
        now = time.time()
        for sha256, stamp in harvest.marks.items():
            put(connection, _SEEN, {"feed": turn.feed, "sha256": sha256, "turn": under}, {"stamp": stamp, "at": now})
        for url, mark in harvest.pages.items():
            put(connection, _PAGE, {"feed": turn.feed, "url": url, "turn": under}, {"mark": json.dumps(mark)})
        self._handle(connection, turn)

    def _see(self, connection: sa.Connection, turn: Turn) -> None:
        for table, key in ((_SEEN, _SEEN.c.sha256), (_PAGE, _PAGE.c.url)):
            own = sa.select(key).where(table.c.feed == turn.feed, table.c.turn == turn.turn)
            old = sa.delete(table).where(table.c.feed == turn.feed, table.c.turn == _SEEN_NOW, key.in_(own))
            connection.execute(old)
            connection.execute(sa.update(table).where(table.c.turn == turn.turn).values(turn=_SEEN_NOW))

    def _drop_pending(self, connection: sa.Connection, feed: str) -> None:
        for table in (_SEEN, _PAGE):
            connection.execute(sa.delete(table).where(table.c.feed == feed, table.c.turn != _SEEN_NOW))
        connection.execute(sa.delete(_FILE).where(_FILE.c.feed == feed))

    def _handle(self, connection: sa.Connection, turn: Turn) -> None:
        late = sa.select(_CLOCK.c.handled).where(_CLOCK.c.feed == turn.feed)
        if (connection.execute(late).scalar() or 0.0) < turn.at:
            put(connection, _CLOCK, {"feed": turn.feed}, {"handled": turn.at})

    def _tidy(self, connection: sa.Connection, feed: str) -> None:
        """Keep the newest notes only, so that a feed that is due each minute does not fill the database."""
        notes = sa.and_(_TURN.c.feed == feed, _TURN.c.state.in_(("nothing new", "failed", "skipped")))
        newest = sa.select(_TURN.c.turn).where(notes).order_by(_TURN.c.at.desc()).limit(KEPT_NOTES)
        connection.execute(sa.delete(_TURN).where(notes, _TURN.c.turn.not_in(newest)))


def _keep_files(connection: sa.Connection, turn: Turn, harvest: Harvest, folder: Path) -> None:
    for document in harvest.documents:
        values = {"feed": turn.feed, "body": (folder / document.file).read_bytes()}
        put(connection, _FILE, {"turn": turn.turn, "path": document.file}, values)


def _unreachable(error: DBAPIError) -> StorageError:
    return StorageError(f"The feeds cannot be used: {' '.join(str(error.orig).split())[:300]}.", kind="transient")


def _values(turn: Turn) -> dict[str, Any]:
    return {
        "feed": turn.feed, "state": turn.state, "at": turn.at, "new": turn.new, "note": turn.note[:2_000],
        "report": turn.report,
    }  # fmt: skip
