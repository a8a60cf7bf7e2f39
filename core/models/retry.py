"""Retries: an attempt goes in, its result comes out, or the last fault once trying again is no use.

Laws: only `transient` faults are repeated; a server's Retry-After is never undercut; a wait that would outlast the
run's time limit is not begun; each wait is told as a `Retried` event. The parts are tenacity's own kind, so they join
with its others by `|` and `&`: ``RetryPolicy(stop=stop_after_attempt(8) | stop_before_delay(120))``.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_before_delay
from tenacity.stop import stop_base
from tenacity.wait import wait_base

from ..errors import ModelError
from ..events import Emit, Retried
from ..ledger import Account

T = TypeVar("T")

JITTER = 0.1
"""Part of a Retry-After that is added at random, so that callers told the same time do not come back together."""


class wait_as_told(wait_base):  # noqa: N801 (tenacity's own parts are named so)
    """What Retry-After says; without it exponential with full jitter.

    Full jitter: uniform in 0 .. min(max_s, base_s * 2^attempt), after Brooker, "Exponential Backoff And Jitter", 2015.
    """

    def __init__(self, base_s: float = 0.5, max_s: float = 30.0) -> None:
        self.base_s, self.max_s = base_s, max_s

    def __call__(self, retry_state: RetryCallState) -> float:
        """Seconds to wait before the next attempt."""
        error = retry_state.outcome.exception() if retry_state.outcome else None
        told_s = error.retry_after_s if isinstance(error, ModelError) else None
        if told_s is not None:
            return told_s + random.uniform(0, min(1.0, JITTER * told_s))  # noqa: S311 (no secret)
        exponent = min(retry_state.attempt_number, 30)
        return random.uniform(0, min(self.max_s, self.base_s * 2.0**exponent))  # noqa: S311 (no secret)


class stop_at_deadline(stop_base):  # noqa: N801 (tenacity's own parts are named so)
    """Stops when the coming wait would outlast `seconds_left()` (None: no deadline)."""

    def __init__(self, seconds_left: Callable[[], float | None]) -> None:
        self._seconds_left = seconds_left

    def __call__(self, retry_state: RetryCallState) -> bool:
        """Whether to give up."""
        left_s = self._seconds_left()
        return left_s is not None and retry_state.upcoming_sleep >= left_s


def may_pass(error: BaseException) -> bool:
    """Whether the same call may succeed later."""
    return isinstance(error, ModelError) and error.kind == "transient"


@dataclass(frozen=True)
class RetryPolicy:
    """When to try again: `stop` and `wait` as tenacity has them."""

    stop: stop_base = field(default_factory=lambda: stop_after_attempt(5) | stop_before_delay(300))
    wait: wait_base = field(default_factory=wait_as_told)

    async def run(self, attempt: Callable[[], Awaitable[T]], *, account: Account, emit: Emit) -> T:
        """The result of the first attempt that succeeds.

        Raises:
            ForeplanError: the fault that ended it: one that will not pass, or the last of too many.
        """
        retrying = AsyncRetrying(
            stop=self.stop | stop_at_deadline(lambda: account.seconds_left),
            wait=self.wait,
            retry=retry_if_exception(may_pass),
            before_sleep=lambda state: emit(_retried(state, account.name)),
            sleep=asyncio.sleep,
            reraise=True,
        )
        return await retrying(attempt)


NEVER = RetryPolicy(stop=stop_after_attempt(1))
"""One attempt only."""


def _retried(state: RetryCallState, account: str) -> Retried:
    error = state.outcome.exception() if state.outcome else None
    reason = error.message if isinstance(error, ModelError) else str(error)
    return Retried(account=account, reason=reason[:300], attempt=state.attempt_number, wait_s=state.upcoming_sleep)
