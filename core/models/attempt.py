"""One attempt at an endpoint, metered: a fitted request and an account go in, a reserved attempt comes out.

Law: every attempt is reserved before it is sent and settled whatever happens: at its usage when it was answered, at
zero when nothing can have been billed, else (timeout, cut stream, server error, cancellation) at the full reservation.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from ..errors import ModelError
from ..events import Emit, Spent
from ..ledger import MIN_COMPLETION_TOKENS, Account, Reservation
from ..usage import Price, Usage
from .base import Request
from .bounds import PromptBound, message_bytes
from .faults import Place
from .metering import settled_usage


@dataclass
class Attempt:
    """A reserved call. `request` asks for no more than was reserved; `usage` is set once it was answered."""

    request: Request
    reservation: Reservation
    meter: Meter
    hidden_thinking: bool
    usage: Usage | None = None

    def answered(self, said: Usage, seen_bytes: int) -> Usage:
        """Note what the endpoint says the answer used; returns what it is settled at.

        Args:
            said: the endpoint's own count; zero where it gave none.
            seen_bytes: bytes of everything it wrote that was seen.
        """
        self.usage = settled_usage(
            said,
            self.reservation,
            prompt_bytes=message_bytes(self.request),
            seen_bytes=seen_bytes,
            hidden_thinking=self.hidden_thinking,
        )
        self.meter.reports_usage = said.total_tokens > 0
        if self.usage.prompt_tokens == said.prompt_tokens:
            self.meter.bound.observe(self.request, said.prompt_tokens)
        return self.usage


@dataclass
class Meter:
    """Reserves and settles the attempts of one model. `reports_usage` is None until the first answer."""

    place: Place
    price: Price
    window_tokens: int | None
    bound: PromptBound
    reports_usage: bool | None = None

    @asynccontextmanager
    async def reserved(
        self, request: Request, account: Account, emit: Emit, *, hidden_thinking: bool, whole: bool = False
    ) -> AsyncIterator[Attempt]:
        """An attempt for the length of the block, settled at its end and told as `Spent`.

        Raises:
            BudgetExhausted: when the account has no room for it; with `whole`, also when only for a shorter answer.
            ModelError: of kind context_overflow, when the endpoint's window has none.
        """
        prompt_tokens = self.bound.tokens(request)
        completion_tokens = self._within_window(request, prompt_tokens)
        reservation = await account.reserve(prompt_tokens, completion_tokens, self.price, whole=whole)
        clipped = replace(request, max_completion_tokens=reservation.completion_tokens)
        attempt = Attempt(clipped, reservation, self, hidden_thinking)
        started, unbilled, cancelled = time.monotonic(), False, False
        try:
            yield attempt
        except ModelError as error:
            unbilled = error.unbilled
            raise
        except asyncio.CancelledError:
            cancelled = attempt.usage is None
            raise
        finally:
            usage = attempt.usage or (Usage() if unbilled else reservation.usage)
            await account.settle(reservation, usage, cancelled=cancelled)
            emit(self._spent(account, usage, time.monotonic() - started))

    def _within_window(self, request: Request, prompt_tokens: int) -> int:
        """The longest answer that the window has room for beside the prompt.

        The prompt's bound is pessimistic, so a prompt is given up only when its likely size leaves no room either; one
        in between is sent, and the endpoint decides.
        """
        wanted = request.max_completion_tokens
        if self.window_tokens is None:
            return wanted
        least = min(MIN_COMPLETION_TOKENS, wanted)
        for size in (prompt_tokens, self.bound.likely(request)):
            if self.window_tokens - size >= least:
                return min(wanted, self.window_tokens - size)
        raise ModelError(
            f"The prompt for {self.place} has about {self.bound.likely(request)} tokens and does not fit its window of "
            f"{self.window_tokens}.",
            hint="Use a model with a larger window, or correct window_tokens in the settings.",
            kind="context_overflow",
            unbilled=True,
        )

    def _spent(self, account: Account, usage: Usage, seconds: float) -> Spent:
        return Spent(
            account=account.name,
            model=self.place.model,
            prompt_tokens=usage.prompt_tokens,
            cached_tokens=usage.cached_tokens,
            completion_tokens=usage.completion_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            dollars=self.price.dollars(usage),
            seconds=seconds,
        )
