"""A stream under way: a backend's pieces go in, the caller's pieces come out, checked and counted.

Laws: a stream that ends without saying why was cut; one longer than its limit allows ends as `length`; a refusal is
never passed on as text; the last piece carries the usage that the stream is settled at.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from ..errors import ModelError
from ..usage import Usage
from .attempt import Attempt
from .base import Delta, Reply, Request
from .faults import Place, cut, refused, timed_out
from .metering import max_chars
from .structured import take

REFUSED = frozenset({"refusal", "content_filter"})
"""Finish reasons of an answer that was declined."""


def declined(place: Place, reason: str, words: str) -> ModelError:
    """The fault of an answer that ended with one of `REFUSED`."""
    return refused(place, place.quote(words) if reason == "refusal" else "its content filter stopped the answer")


async def whole(reply: Awaitable[Reply], request: Request) -> AsyncGenerator[Delta, None]:
    """A whole answer as a stream, for endpoints that give no pieces."""
    said = take(await reply, request, worded_tools=False)
    yield Delta(said.text, said.reasoning, said.usage, said.finish_reason)


async def next_piece(deltas: AsyncIterator[Delta], timeout_s: float, place: Place) -> Delta | None:
    """The next piece, or None at the end.

    Raises:
        ModelError: transient, when nothing comes for `timeout_s` seconds.
    """
    try:
        async with asyncio.timeout(timeout_s):
            return await anext(deltas, None)
    except TimeoutError as error:
        raise timed_out(place, f"nothing came for {timeout_s:g} s") from error


@dataclass
class Flow:
    """A stream whose first piece has come: everything it holds is let go by closing `stack`."""

    stack: AsyncExitStack
    attempt: Attempt
    place: Place
    timeout_s: float
    first: Delta
    rest: AsyncIterator[Delta]

    async def pieces(self) -> AsyncGenerator[Delta, None]:
        """Text and reasoning as they come, then one last piece with usage and finish reason."""
        said, reason, chars, seen_bytes = Usage(), "", 0, 0
        limit = max_chars(self.attempt.request)
        delta: Delta | None = self.first
        while delta is not None and chars <= limit:
            said, reason = delta.usage or said, delta.finish_reason or reason
            chars += len(delta.text) + len(delta.reasoning)
            seen_bytes += len((delta.text + delta.reasoning).encode("utf-8", "surrogatepass"))
            if reason in REFUSED:
                self.attempt.answered(said, seen_bytes)
                raise declined(self.place, reason, delta.text)
            if delta.text or delta.reasoning:
                yield Delta(text=delta.text, reasoning=delta.reasoning)
            delta = await next_piece(self.rest, self.timeout_s, self.place)
        if chars > limit:
            reason = "length"
        if not reason:
            raise cut(self.place, "the stream ended before its answer did")
        yield Delta(usage=self.attempt.answered(said, seen_bytes), finish_reason=reason)
