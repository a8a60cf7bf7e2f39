"""Metering: what a call used. Whatever an endpoint says about usage goes in, counts that can be trusted come out.

Laws: usage is never below what the text that was seen must have cost; what is missing or absurd is replaced by an upper
bound, never by zero; thinking that is counted apart from completion tokens is added to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..ledger import Reservation
from ..usage import Usage
from .base import Reply, Request

MAX_PLAUSIBLE_TOKENS = 1_000_000_000
MAX_BYTES_PER_TOKEN = 16
"""No tokenizer averages more bytes a token over a text; usage that says so is not believed."""

CHARS_PER_TOKEN = 128
SLACK_CHARS = 10_000
MAX_CALLS = 128
"""Tool calls that are kept of an answer that was too long."""


def max_chars(request: Request) -> int:
    """Characters that an answer can have if its endpoint keeps to the token limit; longer ones are cut there."""
    return request.max_completion_tokens * CHARS_PER_TOKEN + SLACK_CHARS


def shortened(reply: Reply, request: Request) -> Reply:
    """`reply`, cut when it is longer than its token limit allows; it then ends as `length`."""
    limit = max_chars(request)
    if visible_bytes(reply) <= limit:
        return reply
    parts = [reply.text, reply.reasoning, *(call.arguments for call in reply.tool_calls)]
    if sum(map(len, parts)) <= limit:
        return reply
    calls = tuple(replace(call, arguments=call.arguments[:limit]) for call in reply.tool_calls[:MAX_CALLS])
    return replace(
        reply, text=reply.text[:limit], reasoning=reply.reasoning[:limit], tool_calls=calls, finish_reason="length"
    )


def parse_usage(raw: object) -> Usage:
    """The `usage` object of a chat completion as `Usage`; fields that are missing or absurd are zero.

    Some endpoints leave thinking out of `completion_tokens`; then `total_tokens` is larger than the sum, and counts.
    """
    if not isinstance(raw, Mapping):
        return Usage()
    prompt, completion = _count(raw, "prompt_tokens"), _count(raw, "completion_tokens")
    total = _count(raw, "total_tokens")
    if prompt and total > prompt + completion:
        completion = total - prompt
    cached = _count(raw.get("prompt_tokens_details"), "cached_tokens")
    reasoning = _count(raw.get("completion_tokens_details"), "reasoning_tokens")
    return Usage(prompt, min(cached, prompt), completion, min(reasoning, completion))


def wire_usage(usage: Usage) -> dict[str, Any] | None:
    """`usage` in the wire form, as `parse_usage` reads it; None for no tokens."""
    if not usage.total_tokens:
        return None
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def settled_usage(
    said: Usage, reservation: Reservation, *, prompt_bytes: int, seen_bytes: int, hidden_thinking: bool
) -> Usage:
    """What a whole answer is settled at: what the endpoint says where it is plausible, else an upper bound.

    Args:
        said: the endpoint's own count; zero where it gave none.
        reservation: the room that was set aside; its prompt tokens are an upper bound of the prompt.
        prompt_bytes: bytes of the request's messages.
        seen_bytes: bytes of everything the model wrote that was seen. A token is a byte at least, so they bound it.
        hidden_thinking: whether the model may have thought without showing it. Then only the whole reservation bounds
            what an endpoint that reports nothing may bill.
    """
    usage = said
    if said.prompt_tokens * MAX_BYTES_PER_TOKEN < prompt_bytes:
        usage = replace(usage, prompt_tokens=max(said.prompt_tokens, reservation.prompt_tokens))
    if said.completion_tokens == 0 or said.completion_tokens * MAX_BYTES_PER_TOKEN < seen_bytes:
        bound = reservation.completion_tokens if hidden_thinking else min(seen_bytes, reservation.completion_tokens)
        usage = replace(usage, completion_tokens=max(said.completion_tokens, bound, 1))
    return usage


def visible_bytes(reply: Reply) -> int:
    """Bytes of everything the model wrote that was seen."""
    parts = [reply.text, reply.reasoning, *(call.name + call.arguments for call in reply.tool_calls)]
    return sum(len(part.encode("utf-8", "surrogatepass")) for part in parts)


def _count(raw: Any, name: str) -> int:
    value = raw.get(name) if isinstance(raw, Mapping) else None
    sane = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_PLAUSIBLE_TOKENS
    return value if isinstance(value, int) and sane else 0
