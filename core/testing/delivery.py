"""How a speech reaches the client: whole, in pieces, late, cut or not at all, and what is billed for it.

Law: the log entry is closed exactly once, before the last byte is sent, by whoever ends the call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..usage import Usage
from .faults import Fault, FaultName
from .latency import Timing
from .line import JSON, Line
from .log import RequestLog
from .speech import Speech
from .wire import DONE, Wire, wire_usage

EVENTS = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
HALF_EVENT = b'data: {"id":"chatcmpl-broken","choices":[{"index":0,"delta":{"content":"\n\n'


@dataclass
class Delivery:
    """One answer on its way. `usage` is the true usage of the whole; `sent_tokens` counts what a stream has sent."""

    number: int
    line: Line
    log: RequestLog
    wire: Wire
    speech: Speech
    timing: Timing
    usage: Usage
    fault: Fault | None
    stream: bool
    show_usage: bool
    chunk_tokens: int
    sent_tokens: int = 0

    @property
    def kind(self) -> FaultName | None:
        """What goes wrong, or None."""
        return None if self.fault is None else self.fault.kind

    async def deliver(self) -> None:
        """Bring the answer to the client; raises ClientLeft when it goes away first."""
        if self.kind == "hang":
            await self.line.wait_forever()
        elif self.kind == "slow_loris":
            await self._drip()
        elif self.kind == "drop":
            await self.line.wait_until(self.timing.first_token_s)
            self.settle(self.usage)
            await self.line.hang_up()
        elif self.stream:
            await self._stream()
        else:
            await self._whole()

    def generated(self) -> Usage:
        """Usage of what there was by now, for a client that leaves in the middle."""
        whole = self.usage.completion_tokens
        tokens = self.sent_tokens if self.stream and self.sent_tokens else self.timing.out_by(self.line.seconds, whole)
        return self._billed(tokens)

    def settle(self, usage: Usage, **changes: Any) -> None:
        """Close the log entry."""
        self.log.close(self.number, usage, status=self.line.status, fault=self.kind, **changes)

    async def _whole(self) -> None:
        total = self.usage.completion_tokens
        await self.line.wait_until(self.timing.due_s(total, total))
        body = self.wire.whole(self.speech, self._shown_usage(), choices=self.kind != "empty_choices")
        sent = body[: len(body) * 2 // 3] if self.kind in ("malformed_body", "cut_stream") else body
        length = len(body) if self.kind == "cut_stream" else len(sent)
        await self.line.start(200, JSON | {"content-length": str(length)})
        self._finish()
        await self.line.body(sent, more=self.kind == "cut_stream")
        if self.kind == "cut_stream":
            await self.line.hang_up()

    async def _stream(self) -> None:
        await self.line.start(200, EVENTS, watch=True)
        await self.line.wait_until(self.timing.first_token_s)
        if self.kind == "empty_choices":
            await self.line.body(self.wire.event(None), more=True)
        elif not await self._pieces():
            self.settle(self._billed(self.sent_tokens))
            await self.line.hang_up()
            return
        await self._end()

    async def _pieces(self) -> bool:
        """Send the pieces; False when the stream is to be cut."""
        await self.line.body(self.wire.event({"role": "assistant", "content": ""}), more=True)
        total = self.speech.tokens
        for place, (delta, tokens) in enumerate(self.wire.deltas(self.speech, self.chunk_tokens)):
            if self._cut_at(place):
                return False
            self.sent_tokens += tokens
            await self.line.wait_until(self.timing.due_s(self.sent_tokens, total))
            if delta is not None:
                await self.line.body(self.wire.event(delta), more=True)
        return not self._cut_at(None)

    def _cut_at(self, place: int | None) -> bool:
        """Whether the stream ends before piece `place`; a cut stream never comes to its end (None)."""
        if self.fault is None or self.fault.kind != "cut_stream":
            return False
        return place is None or place >= self.fault.chunks

    async def _end(self) -> None:
        if self.kind == "malformed_body":
            await self.line.body(HALF_EVENT, more=True)
        elif self.kind != "empty_choices":
            await self.line.body(self.wire.event({}, self.speech.finish_reason), more=True)
        usage = self._shown_usage()
        if self.show_usage and usage is not None:
            await self.line.body(self.wire.usage_event(usage), more=True)
        self._finish()
        await self.line.body(DONE)

    def _finish(self) -> None:
        if self.kind == "empty_choices":
            self.settle(self._billed(0))
        else:
            self.settle(self.usage, finished=self.kind != "cut_stream")

    async def _drip(self) -> None:
        blank = b": \n\n" if self.stream else b" "
        every_s = 1.0 if self.fault is None else self.fault.every_s
        await self.line.start(200, EVENTS if self.stream else JSON)
        await self.line.wait_forever(every_s, lambda: self.line.body(blank, more=True))

    def _billed(self, tokens: int) -> Usage:
        tokens = min(tokens, self.usage.completion_tokens)
        thinking = min(tokens, self.usage.reasoning_tokens)
        return Usage(self.usage.prompt_tokens, self.usage.cached_tokens, tokens, thinking)

    def _shown_usage(self) -> dict[str, Any] | None:
        if self.kind == "usage_missing":
            return None
        if self.fault is not None and self.fault.kind == "usage_lying":
            return wire_usage(self.usage, self.fault.factor)
        return wire_usage(self._billed(0) if self.kind == "empty_choices" else self.usage)
