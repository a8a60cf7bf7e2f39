"""The ledger of a run: reserve before a model call, settle after it.

In go limits (tokens, dollars, seconds) and a journal; out come accounts, one for each party that spends (the planner,
each subtask, the writer). Laws:

- The sum of settled spend and open reservations never exceeds the run's limit, nor an account's own cap.
- A share held back for one account cannot be reserved by another.
- A reservation is journalled before the call it is for and settled after it; one that was open when the process died
  is settled at its full size when the journal is read back, so the ledger is never below what was really spent. The run
  pays for it and not the account's cap, so that a subtask that is gone on with ends as if nothing had happened.
- The same holds for a call that was cancelled with the run. One that its own account cancelled (a time-out, a race that
  was lost) is told from it by what follows: the account goes on and asks for more, and then the cap pays.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from .errors import BudgetExhausted
from .limits import Limits, out_of_time
from .usage import Price, Usage

MIN_COMPLETION_TOKENS = 16
"""A reservation with room for fewer completion tokens than this is refused: the call could not say anything."""


class Journal(Protocol):
    """Where reservations and settlements are kept so that they outlive the process."""

    async def write(self, key: str, entry: dict[str, Any]) -> None:
        """Keep `entry` under `key`, replacing what was there. Durable when it returns."""


class NoJournal:
    """Keeps nothing: for runs that need not survive the process."""

    async def write(self, key: str, entry: dict[str, Any]) -> None:
        """Drop the entry."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Room for one call: at most `prompt_tokens` in and `completion_tokens` out, priced at `price`."""

    key: str
    account: str
    prompt_tokens: int
    completion_tokens: int
    price: Price

    @property
    def usage(self) -> Usage:
        """The reservation's full size, as usage."""
        return Usage(prompt_tokens=self.prompt_tokens, completion_tokens=self.completion_tokens)


@dataclass
class _Book:
    """Totals of one account."""

    cap_tokens: int | None = None
    held_tokens: int = 0
    held_dollars: float = 0.0
    held_seconds: float = 0.0
    spent: Usage = field(default_factory=Usage)
    spent_dollars: float = 0.0
    open_tokens: int = 0
    lost_tokens: int = 0
    open_dollars: float = 0.0
    calls: int = 0
    cancelled: list[Reservation] = field(default_factory=list)

    @property
    def used_tokens(self) -> int:
        return self.spent.total_tokens + self.open_tokens

    @property
    def cap_left(self) -> int | None:
        """Tokens below the cap. Calls that were cut off with the run are paid by it, not by who made them."""
        return None if self.cap_tokens is None else self.cap_tokens + self.lost_tokens - self.used_tokens

    @property
    def used_dollars(self) -> float:
        return self.spent_dollars + self.open_dollars


class Ledger:
    """All accounts of one run. Not thread-safe: it lives in the run's event loop."""

    def __init__(
        self,
        limits: Limits,
        *,
        journal: Journal | None = None,
        started_at: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.limits = limits
        self._journal = journal or NoJournal()
        self._clock = clock
        self._started_at = clock() if started_at is None else started_at
        self._books: dict[str, _Book] = {}
        self._total = _Book()
        self._holders: set[str] = set()
        self._open: dict[str, Reservation] = {}
        self._numbers = itertools.count()

    def account(self, name: str, *, cap_tokens: int | None = None, priority: float = 0.0) -> Account:
        """The account `name`, opened on first use. `cap_tokens` limits all its calls together."""
        book = self._books.setdefault(name, _Book())
        if cap_tokens is not None:
            book.cap_tokens = cap_tokens
        return Account(self, name, priority)

    def hold(self, name: str, *, tokens: int = 0, dollars: float = 0.0, seconds: float = 0.0) -> None:
        """Keep back a share of the run's limits, and the end of its time, for account `name`."""
        book = self._books.setdefault(name, _Book())
        book.held_tokens, book.held_dollars, book.held_seconds = tokens, dollars, seconds
        self._holders.add(name)

    def spent(self, name: str | None = None) -> Usage:
        """Settled usage of one account, or of the whole run."""
        return self._book(name).spent

    def dollars(self, name: str | None = None) -> float:
        """Settled dollars of one account, or of the whole run."""
        return self._book(name).spent_dollars

    def calls(self, name: str | None = None) -> int:
        """How many calls of one account, or of the whole run, were settled."""
        return self._book(name).calls

    def seconds_left(self, name: str | None = None) -> float | None:
        """Seconds until the run's deadline, less those kept back for others than `name`; None when it has none."""
        if self.limits.seconds is None:
            return None
        held = 0.0 if name is None else sum(each.held_seconds for each in self._other_holders(name))
        return self.limits.seconds - (self._clock() - self._started_at) - held

    def tokens_left(self, name: str) -> int | None:
        """Tokens account `name` could reserve now (its cap and the run's limit), or None when nothing limits it."""
        book = self._books.setdefault(name, _Book())
        rooms = [] if book.cap_left is None else [book.cap_left]
        if self.limits.tokens is not None:
            held = sum(max(0, each.held_tokens - each.used_tokens) for each in self._other_holders(name))
            rooms.append(self.limits.tokens - self._total.used_tokens - held)
        return min(rooms) if rooms else None

    def dollars_left(self, name: str) -> float | None:
        """Dollars account `name` could reserve now, or None when nothing limits it."""
        if self.limits.dollars is None:
            return None
        held = sum(max(0.0, each.held_dollars - each.used_dollars) for each in self._other_holders(name))
        return self.limits.dollars - self._total.used_dollars - held

    def has_room(self, name: str, prompt_tokens: int, completion_tokens: int, price: Price) -> bool:
        """Whether a call of this size could be reserved by account `name` now as a whole, in tokens and in dollars."""
        return self._completion_room(name, prompt_tokens, completion_tokens, price) >= completion_tokens

    async def reserve(
        self, name: str, prompt_tokens: int, completion_tokens: int, price: Price, *, whole: bool = False
    ) -> Reservation:
        """Set room aside for one call, with fewer completion tokens than asked for when little is left.

        Raises:
            BudgetExhausted: when not even `MIN_COMPLETION_TOKENS` would fit (with `whole`, when not all would), or the
                deadline has passed.
        """
        await self._charge_cancelled(name)
        seconds = self.seconds_left()
        if seconds is not None and seconds <= 0:
            raise out_of_time()
        room = self._completion_room(name, prompt_tokens, completion_tokens, price)
        if room < (completion_tokens if whole else min(MIN_COMPLETION_TOKENS, completion_tokens)):
            raise BudgetExhausted(
                f"The budget has no room for a call of {prompt_tokens} prompt tokens by {name}.",
                scope=self._limiting_scope(name, prompt_tokens),
                hint="Raise --budget, or the subtask's budget in the plan.",
            )
        reservation = Reservation(f"{name}/{next(self._numbers)}-{time.time_ns()}", name, prompt_tokens, room, price)
        self._add_open(reservation, sign=1)
        self._open[reservation.key] = reservation
        try:
            await self._journal.write(reservation.key, _entry(reservation, None))
        except BaseException:
            # The call will not be made, so nothing may stay set aside in this process. The journal may have the entry
            # nevertheless, and a resumed run then counts it as spent: too much rather than too little.
            del self._open[reservation.key]
            self._add_open(reservation, sign=-1)
            raise
        return reservation

    async def settle(self, reservation: Reservation, usage: Usage | None, *, cancelled: bool = False) -> None:
        """Replace a reservation by what the call really used; None (not known) settles it at its full size.

        A call that was `cancelled` stays open in the journal until its account goes on: if it never does, because the
        run was stopped, the journal says the same as after a crash.
        """
        if self._open.pop(reservation.key, None) is None:
            return
        self._add_open(reservation, sign=-1)
        final = reservation.usage if usage is None else usage
        self._add_spent(reservation, final)
        if cancelled:
            self._books[reservation.account].cancelled.append(reservation)
        else:
            await self._journal.write(reservation.key, _entry(reservation, final))

    def replay(self, entries: Iterable[dict[str, Any]]) -> None:
        """Read back a journal after a crash: settled calls as settled, open ones at their full size."""
        for entry in entries:
            reservation = Reservation(
                entry["key"], entry["account"], entry["prompt_tokens"], entry["completion_tokens"],
                Price(**entry["price"]),
            )  # fmt: skip
            book = self._books.setdefault(reservation.account, _Book())
            self._add_spent(reservation, Usage(**entry["usage"]) if entry["usage"] else reservation.usage)
            if not entry["usage"]:
                book.lost_tokens += reservation.usage.total_tokens

    async def _charge_cancelled(self, name: str) -> None:
        """Settle what an account that goes on has cancelled itself."""
        cancelled = self._books.setdefault(name, _Book()).cancelled
        while cancelled:
            reservation = cancelled.pop()
            await self._journal.write(reservation.key, _entry(reservation, reservation.usage))

    def _completion_room(self, name: str, prompt_tokens: int, wanted: int, price: Price) -> int:
        room = wanted
        tokens_left = self.tokens_left(name)
        if tokens_left is not None:
            room = min(room, tokens_left - prompt_tokens)
        dollars_left = self.dollars_left(name)
        if dollars_left is not None:
            after_prompt = dollars_left - price.dollars(Usage(prompt_tokens=prompt_tokens))
            if price.completion > 0:
                room = min(room, int(after_prompt * 1e6 / price.completion))
            elif after_prompt < 0:
                room = -1
        return room

    def _limiting_scope(self, name: str, prompt_tokens: int) -> str:
        book = self._books[name]
        capped = book.cap_left is not None and book.cap_left < prompt_tokens + MIN_COMPLETION_TOKENS
        return name if capped else "run"

    def _book(self, name: str | None) -> _Book:
        return self._total if name is None else self._books.get(name, _Book())

    def _other_holders(self, name: str) -> list[_Book]:
        return [self._books[each] for each in self._holders if each != name]

    def _add_open(self, reservation: Reservation, *, sign: int) -> None:
        dollars = sign * reservation.price.dollars(reservation.usage)
        for book in (self._books[reservation.account], self._total):
            book.open_tokens += sign * reservation.usage.total_tokens
            book.open_dollars += dollars

    def _add_spent(self, reservation: Reservation, usage: Usage) -> None:
        for book in (self._books[reservation.account], self._total):
            book.spent += usage
            book.spent_dollars += reservation.price.dollars(usage)
            book.calls += 1


@dataclass(frozen=True, slots=True)
class Account:
    """One party's view of the ledger. A model call takes an account and reserves and settles through it.

    `priority` orders waiting calls when an endpoint's slots are short: higher goes first.
    """

    ledger: Ledger
    name: str
    priority: float = 0.0

    async def reserve(
        self, prompt_tokens: int, completion_tokens: int, price: Price, *, whole: bool = False
    ) -> Reservation:
        """See `Ledger.reserve`."""
        return await self.ledger.reserve(self.name, prompt_tokens, completion_tokens, price, whole=whole)

    async def settle(self, reservation: Reservation, usage: Usage | None, *, cancelled: bool = False) -> None:
        """See `Ledger.settle`."""
        await self.ledger.settle(reservation, usage, cancelled=cancelled)

    def has_room(self, prompt_tokens: int, completion_tokens: int, price: Price) -> bool:
        """Whether a call of this size could be reserved now as a whole, in tokens and in dollars."""
        return self.ledger.has_room(self.name, prompt_tokens, completion_tokens, price)

    @property
    def tokens_left(self) -> int | None:
        """Tokens this account could reserve now, or None when nothing limits it."""
        return self.ledger.tokens_left(self.name)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until this account's time is up, or None when the run has no deadline."""
        return self.ledger.seconds_left(self.name)

    @property
    def spent(self) -> Usage:
        """What this account's calls have used so far."""
        return self.ledger.spent(self.name)


def free_account(name: str = "free") -> Account:
    """An account without limits, for calls outside a run (tests, `doctor`)."""
    return Ledger(Limits(tokens=None)).account(name)


def _entry(reservation: Reservation, usage: Usage | None) -> dict[str, Any]:
    return {**asdict(reservation), "usage": asdict(usage) if usage else None}
