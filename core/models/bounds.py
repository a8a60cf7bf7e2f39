r"""Prompt bounds: how many tokens a request can be at most, before it is sent and with no tokenizer at hand.

In go requests and, after calls, what the endpoint counted; out come bounds. A byte-level tokenizer never makes more
tokens than there are bytes, but for words it makes far fewer, so bytes are counted in three classes:

========  =========================================================  =====================  =======================
class     bytes                                                      tokens a byte, first   after observation
========  =========================================================  =====================  =======================
plain     lower-case ASCII letters and blanks                        1/2                    largest seen x 1.25
dense     digits, capitals, punctuation, and unbroken runs of 24     1                      1
          letters and digits or more (numbers, encoded data)
wide      everything that is not ASCII                               1                      largest seen x 1.25
========  =========================================================  =====================  =======================

and `CALL_TOKENS` for what the chat template adds (`TOOLS_TOKENS` more with tools). An observation charges all tokens to
one class, which errs on the safe side, and is used for that class only where the class makes up most of the prompt.
A ratio above its first value is believed, since it shows a tokenizer (or a hidden prompt) worse than thought.

The bound is safe for text as people write it in any language, numbers, code and data. Text made up to be worse than
anything seen (short runs of random letters) can still pass it by some per cent; the ledger then books what was really
used. `count_tokens`, a local tokenizer's exact count, replaces the bound where the user gives one.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .base import Message, Request, ToolSchema

CountTokens: TypeAlias = Callable[[Sequence[Message], Sequence[ToolSchema]], int]
"""An exact count of a prompt's tokens, chat template and tools included."""

CALL_TOKENS = 64
TOOLS_TOKENS = 256
MARGIN = 1.25
PLAIN_START, WIDE_START = 0.5, 1.0
MOST = 0.75
"""Share of a prompt's bytes that a class must have for an observation to count for it."""
MAX_RATIO = 4.0

_PLAIN = b"abcdefghijklmnopqrstuvwxyz \n\t"
_ASCII = bytes(range(128))
_RUN = re.compile(rb"[A-Za-z0-9+/=_-]{24,}")


@dataclass(frozen=True, slots=True)
class Bulk:
    """A serialised request by class of bytes, and the tokens its template may add."""

    plain: int
    dense: int
    wide: int
    overhead: int

    @property
    def total(self) -> int:
        """All bytes."""
        return self.plain + self.dense + self.wide


def bulk_of(request: Request, *, schema: bool = True) -> Bulk:
    """The request's messages and tools as they go over the wire, measured, with or without the output's schema."""
    parts: list[object] = [list(request.messages)]
    if request.tools:
        parts.append(list(request.tools))
    if schema and request.output is not None and request.structured == "json_schema":
        parts.append(request.output.json_schema)
    data = b"".join(_dumped(part) for part in parts)
    wide = len(data.translate(None, _ASCII))
    words = _RUN.sub(b"", data)
    plain = len(words) - len(words.translate(None, _PLAIN))
    return Bulk(plain, len(data) - wide - plain, wide, CALL_TOKENS + (TOOLS_TOKENS if request.tools else 0))


def message_bytes(request: Request) -> int:
    """Bytes of the messages alone, which every endpoint counts."""
    return len(_dumped(list(request.messages)))


class PromptBound:
    """Bounds for one model at one endpoint; learns from each call."""

    def __init__(self, count_tokens: CountTokens | None = None) -> None:
        self._count_tokens = count_tokens
        self._plain = self._wide = 0.0

    def tokens(self, request: Request) -> int:
        """At most this many prompt tokens."""
        if self._count_tokens is not None:
            return self._count_tokens(request.messages, request.tools)
        bulk = bulk_of(request)
        plain = bulk.plain * _ratio(self._plain, PLAIN_START)
        wide = bulk.wide * _ratio(self._wide, WIDE_START)
        return math.ceil(plain + bulk.dense + wide) + bulk.overhead

    def likely(self, request: Request) -> int:
        """About this many prompt tokens: half the bound, which no common tokenizer exceeds by much for plain text."""
        return self.tokens(request) if self._count_tokens is not None else self.tokens(request) // 2

    def observe(self, request: Request, prompt_tokens: int) -> None:
        """Learn from what the endpoint counted for `request`. Counts of zero say nothing.

        The schema is left out, since not every endpoint counts it: so the ratio errs upwards.
        """
        bulk = bulk_of(request, schema=False)
        if prompt_tokens <= 0 or self._count_tokens is not None:
            return
        if bulk.plain >= MOST * bulk.total:
            self._plain = max(self._plain, min(MAX_RATIO, prompt_tokens / bulk.plain))
        elif bulk.wide >= MOST * bulk.total:
            self._wide = max(self._wide, min(MAX_RATIO, prompt_tokens / bulk.wide))


def _ratio(seen: float, start: float) -> float:
    """The ratio to reckon with: the first one until something was seen, then that with a margin."""
    if seen == 0:
        return start
    return seen * MARGIN if seen > start else min(start, seen * MARGIN)


def _dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace")
