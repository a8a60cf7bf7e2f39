"""Speeches in OpenAI's wire form: whole bodies, and the events of a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..usage import Usage
from .speech import Speech
from .tokens import BYTES_PER_TOKEN, count_tokens

DONE = b"data: [DONE]\n\n"


def dumps(value: Any) -> bytes:
    """JSON in ASCII, so that every string a script can hold gets over the wire, lone surrogates too."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


@dataclass(frozen=True, slots=True)
class Wire:
    """Writes the answers to one request. `reasoning_field` is where thinking is shown; None hides it."""

    id: str
    model: str
    created: int
    reasoning_field: str | None

    def whole(self, speech: Speech, usage: dict[str, Any] | None, *, choices: bool = True) -> bytes:
        """The body of an answer that comes in one piece."""
        choice = {"index": 0, "message": self._message(speech), "finish_reason": speech.finish_reason, "logprobs": None}
        body: dict[str, Any] = {"id": self.id, "object": "chat.completion", "created": self.created}
        body |= {"model": self.model, "choices": [choice] if choices else []}
        return dumps(body if usage is None else body | {"usage": usage})

    def event(self, delta: dict[str, Any] | None, finish_reason: str | None = None) -> bytes:
        """One event of a stream; without a delta it has no choices."""
        choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish_reason}]
        return self._event({"choices": choices})

    def usage_event(self, usage: dict[str, Any]) -> bytes:
        """The event after the last choice that carries usage."""
        return self._event({"choices": [], "usage": usage})

    def deltas(self, speech: Speech, chunk_tokens: int) -> Iterator[tuple[dict[str, Any] | None, int]]:
        """The speech in pieces of about `chunk_tokens`, each with the completion tokens it adds; None is not shown."""
        for piece, n in pieces(speech.reasoning, chunk_tokens):
            yield None if self.reasoning_field is None else {self.reasoning_field: piece}, n
        yield from (({"content": piece}, n) for piece, n in pieces(speech.text, chunk_tokens))
        yield from (({"refusal": piece}, n) for piece, n in pieces(speech.refusal, chunk_tokens))
        for place, (name, arguments) in enumerate(speech.tool_calls):
            opening = {"id": f"call_{self.id}_{place}", "type": "function", "function": {"name": name, "arguments": ""}}
            yield {"tool_calls": [{"index": place, **opening}]}, count_tokens(name)
            for piece, n in pieces(arguments, chunk_tokens):
                yield {"tool_calls": [{"index": place, "function": {"arguments": piece}}]}, n

    def _message(self, speech: Speech) -> dict[str, Any]:
        silent = speech.refusal or (speech.tool_calls and not speech.text)
        message: dict[str, Any] = {"role": "assistant", "content": None if silent else speech.text}
        message["refusal"] = speech.refusal or None
        if speech.reasoning and self.reasoning_field is not None:
            message[self.reasoning_field] = speech.reasoning
        if speech.tool_calls:
            message["tool_calls"] = [
                {
                    "id": f"call_{self.id}_{place}",
                    "type": "function",
                    "function": {"name": name, "arguments": arguments},
                }
                for place, (name, arguments) in enumerate(speech.tool_calls)
            ]
        return message

    def _event(self, fields: dict[str, Any]) -> bytes:
        head = {"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model}
        return b"data: " + dumps(head | fields) + b"\n\n"


def pieces(text: str, chunk_tokens: int) -> Iterator[tuple[str, int]]:
    """`text` in pieces of about `chunk_tokens`, each with its tokens; these add up to the tokens of the whole."""
    size = max(1, chunk_tokens) * BYTES_PER_TOKEN
    counted = sent_bytes = 0
    for start in range(0, len(text), size):
        piece = text[start : start + size]
        sent_bytes += len(piece.encode("utf-8", "surrogatepass"))
        now = -(-sent_bytes // BYTES_PER_TOKEN)
        yield piece, now - counted
        counted = now


def wire_usage(usage: Usage, factor: float = 1.0) -> dict[str, Any]:
    """Usage in the wire form, every count times `factor` (1 for the truth)."""
    prompt, completion = int(usage.prompt_tokens * factor), int(usage.completion_tokens * factor)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": int(usage.cached_tokens * factor)},
        "completion_tokens_details": {"reasoning_tokens": int(usage.reasoning_tokens * factor)},
    }
