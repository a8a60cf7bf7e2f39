"""Model: the one door to an endpoint. Messages and an account go in, a `Reply` or a stream of `Delta`s comes out.

An attempt goes: a slot by the account's priority, then a reservation with the ledger, then the backend, then settling
(`attempt`). Laws:

- Quirks are applied here and nowhere else; what an endpoint refuses is learned once and not asked for again.
- Faults that may pass are retried; the slot is free while waiting.
- An answer longer than its token limit allows is cut there and ends as `length`.
- With `spec.hedge` a slow call is made twice (`hedge`), each reserved and settled like any call; streams never are.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import TypeAlias, TypeVar

from ..errors import BudgetExhausted, ModelError, UnsupportedFeature
from ..events import Emit, Noted, silent
from ..ledger import Account
from ..slots import PrioritySlots
from ..usage import Price
from .attempt import Attempt, Meter
from .base import Backend, Closing, Delta, Effort, Message, OutputSchema, Reply, Request, StructuredMode, ToolSchema
from .bounds import CountTokens, PromptBound
from .faults import Place, cut, timed_out
from .fit import fit
from .flow import REFUSED, Flow, declined, next_piece, whole
from .hedge import Hedge
from .metering import shortened, visible_bytes
from .quirks import learned_quirks
from .retry import RetryPolicy
from .spec import ModelSpec
from .structured import Ladder, take

T = TypeVar("T")

Sent: TypeAlias = Callable[[Request], None]
"""Told each attempt's request as it goes out, after the endpoint's quirks were applied."""

MAX_PAUSE_S = 600.0
"""However long an endpoint asks one caller to wait, the others try it again after this."""

_Answered: TypeAlias = tuple[Reply, Request]
"""A whole answer, and the request it answers."""


class Model:
    """One model at one endpoint, metered.

    Args:
        spec: what the user says about it.
        backend: makes single attempts.
        slots: the endpoint's slots, shared with its other models; own ones of `spec.concurrency` if None.
        retry: when to try again.
        count_tokens: an exact local count of prompt tokens in place of the bound from bytes.
        place: what to call it in errors, where its URL would not tell.
    """

    def __init__(
        self,
        spec: ModelSpec,
        backend: Backend,
        *,
        slots: PrioritySlots | None = None,
        retry: RetryPolicy | None = None,
        count_tokens: CountTokens | None = None,
        place: Place | None = None,
    ) -> None:
        self.spec = spec
        self.slots = slots or PrioritySlots(spec.concurrency, per_minute=spec.calls_per_minute)
        self.quirks = spec.all_quirks
        self.price = spec.known_price or Price()
        self._backend = backend
        self._retry = retry or RetryPolicy()
        self._hedge = Hedge(spec.hedge)
        self._ladder = Ladder(self.quirks)
        self._place = place or Place(spec.endpoint, spec.model, spec.key)
        self._meter = Meter(self._place, self.price, spec.window_tokens, PromptBound(count_tokens))

    def __repr__(self) -> str:
        return f"Model({self._place})"

    @property
    def name(self) -> str:
        """The model's name at its endpoint."""
        return self.spec.model

    @property
    def bound(self) -> PromptBound:
        """How long a prompt can be at most, for callers that pack as much into it as fits."""
        return self._meter.bound

    @property
    def structured(self) -> StructuredMode:
        """How it is asked for structured output now."""
        return self._ladder.way.mode

    @property
    def reports_usage(self) -> bool | None:
        """Whether the endpoint told the usage of its last answer; None before the first."""
        return self._meter.reports_usage

    async def call(
        self,
        messages: Sequence[Message],
        *,
        account: Account,
        tools: Sequence[ToolSchema] = (),
        tool_choice: str | None = None,
        output: OutputSchema | None = None,
        effort: Effort | None = None,
        max_completion_tokens: int | None = None,
        seed: int | None = None,
        temperature: float | None = None,
        emit: Emit = silent,
        sent: Sent | None = None,
    ) -> Reply:
        """The whole answer, with the usage it was settled at.

        With `output`, `Reply.text` is the JSON text as the model wrote it, told apart from prose around it but not
        validated: parse it as hostile input. `finish_reason` "length" says that the answer was cut. `sent` is told each
        attempt's request.

        Raises:
            ModelError: when the endpoint fails for good; `kind` says how.
            BudgetExhausted: when the account has no room for the call.
        """
        wanted = Request(
            messages=messages,
            max_completion_tokens=max_completion_tokens or self.spec.max_completion_tokens,
            tools=tools,
            tool_choice=tool_choice,
            output=output,
            effort=effort or self.spec.effort,
            seed=seed,
            temperature=temperature,
        )
        reply, request = await self._through(wanted, account, emit, self._once, sent)
        return take(reply, request, worded_tools=bool(tools) and not self.quirks.tools)

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        account: Account,
        output: OutputSchema | None = None,
        effort: Effort | None = None,
        max_completion_tokens: int | None = None,
        emit: Emit = silent,
        sent: Sent | None = None,
    ) -> AsyncGenerator[Delta, None]:
        """The answer in pieces; the last one carries the usage it was settled at and `finish_reason`.

        Faults before the first piece are retried; a later one is raised, and what was sent stays sent. With `output`
        asked for in the prompt, prose and fences around the JSON come through. A consumer that stops early must close
        the stream (`contextlib.aclosing`), which hangs up and settles it.

        Raises:
            ModelError: when the endpoint fails for good, or after the first piece; `kind` says how.
            BudgetExhausted: when the account has no room for the call.
        """
        wanted = Request(
            messages=messages,
            max_completion_tokens=max_completion_tokens or self.spec.max_completion_tokens,
            output=output,
            effort=effort or self.spec.effort,
        )
        flow = await self._through(wanted, account, emit, self._open, sent)
        async with flow.stack, aclosing(flow.pieces()) as pieces:
            async for piece in pieces:
                yield piece

    async def aclose(self) -> None:
        """Close the connections that the running event loop has open to the endpoint."""
        if isinstance(self._backend, Closing):
            await self._backend.aclose()

    async def _through(
        self,
        wanted: Request,
        account: Account,
        emit: Emit,
        once: Callable[[Request, Account, Emit], Awaitable[T]],
        sent: Sent | None,
    ) -> T:
        """Fit the request, try it, and fit it anew when the endpoint refuses a part of it that can be done without."""
        while True:
            way, quirks = self._ladder.way, self.quirks
            request = fit(wanted, way, quirks)

            async def attempt(request: Request = request) -> T:
                if sent is not None:
                    sent(request)
                try:
                    return await once(request, account, emit)
                except ModelError as error:
                    # The others who share the endpoint would be told the same.
                    self.slots.pause(min(error.retry_after_s or 0.0, MAX_PAUSE_S))
                    raise

            try:
                return await self._retry.run(attempt, account=account, emit=emit)
            except UnsupportedFeature as error:
                # Words about tools refuse a forced tool, one way of asking for output, or tools that were offered.
                offered = error.feature == "structured" and wanted.output is None and wanted.tools
                feature = "tools" if offered else error.feature
                learned = learned_quirks(feature, quirks, settled=self.spec.quirks)
                if learned is not None:
                    emit(Noted(text=f"{self._place} refuses {feature}; it is not sent again."))
                    self.quirks = learned
                elif wanted.output is None or not self._ladder.fall(way, error):
                    raise

    async def _once(self, request: Request, account: Account, emit: Emit) -> _Answered:
        thinks = self.quirks.reasoning_effort
        async with (
            self.slots.slot(account.priority),
            self._meter.reserved(request, account, emit, hidden_thinking=thinks) as attempt,
        ):
            return await self._hedge.first(
                lambda: self._answer(attempt, account), lambda: self._again(attempt.request, account, emit)
            )

    async def _again(self, request: Request, account: Account, emit: Emit) -> _Answered | None:
        """The answer to a second, equal call; None when the account has no room for one, or no slot is free."""
        if not self.slots.idle:
            return None
        thinks = self.quirks.reasoning_effort
        try:
            async with (
                self.slots.slot(account.priority),
                self._meter.reserved(request, account, emit, hidden_thinking=thinks, whole=True) as attempt,
            ):
                emit(Noted(text=f"{self._place} is slow; {account.name} asks a second time."))
                return await self._answer(attempt, account)
        except BudgetExhausted:
            return None

    async def _answer(self, attempt: Attempt, account: Account) -> _Answered:
        patience_s = _patience_s(self.spec, account)
        try:
            async with asyncio.timeout(patience_s):
                reply = await self._backend.complete(attempt.request)
        except TimeoutError as error:
            raise timed_out(self._place, f"{patience_s:g} s are over") from error
        usage = attempt.answered(reply.usage, visible_bytes(reply))
        if reply.finish_reason in REFUSED:
            raise declined(self._place, reply.finish_reason, reply.text)
        short = shortened(reply, attempt.request)
        return Reply(short.text, short.reasoning, short.tool_calls, short.finish_reason, usage), attempt.request

    async def _open(self, request: Request, account: Account, emit: Emit) -> Flow:
        thinks = self.quirks.reasoning_effort
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.slots.slot(account.priority))
            attempt = await stack.enter_async_context(
                self._meter.reserved(request, account, emit, hidden_thinking=thinks)
            )
            if self.quirks.stream:
                deltas = self._backend.stream(attempt.request)
            else:
                deltas = whole(self._backend.complete(attempt.request), attempt.request)
            if isinstance(deltas, AsyncGenerator):
                await stack.enter_async_context(aclosing(deltas))
            first = await next_piece(deltas, self.spec.timeout_s, self._place)
            if first is None or not (first.text or first.reasoning or first.finish_reason):
                raise cut(self._place, "the stream ended before it began")
            return Flow(stack.pop_all(), attempt, self._place, self.spec.timeout_s, first, deltas)


def _patience_s(spec: ModelSpec, account: Account) -> float:
    """How long to wait for an answer: never longer than the run has time."""
    left_s = account.ledger.seconds_left()
    return spec.timeout_s if left_s is None else min(spec.timeout_s, max(0.0, left_s))
