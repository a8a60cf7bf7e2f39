"""Reading a stream: chunks of a chat completion go in as plain JSON, `Delta`s come out.

Laws: thinking is told apart, whichever field or tag it comes in; where the answer is handed in by a forced tool, the
tool's arguments are the text and words before them are thinking; a refusal comes whole, at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..usage import Usage
from .base import Delta, Request
from .metering import parse_usage
from .thinking import ThinkSplitter, Told
from .wire import as_list, as_text, first_choice, reasoning_of

MAX_ASIDE_CHARS = 10_000
"""Words before the forced tool is called that are held back; after more of them the answer is taken to be the words."""


class StreamReader:
    """Reads one stream, chunk by chunk."""

    def __init__(self, request: Request) -> None:
        self._awaits_tool = request.output is not None and request.structured == "tool"
        self._splitter = ThinkSplitter()
        self._aside = ""
        self._tool: Any = None
        self._refusal = ""
        self._reason = ""
        self._usage = Usage()

    def read(self, chunk: Any) -> Delta:
        """What a chunk adds; nothing for those that carry only roles, usage or endings."""
        if isinstance(chunk, Mapping) and chunk.get("usage"):
            self._usage = parse_usage(chunk["usage"])
        choice = first_choice(chunk)
        self._reason = as_text(choice.get("finish_reason")) or self._reason
        delta = choice.get("delta")
        if not isinstance(delta, Mapping):
            return Delta()
        self._refusal += as_text(delta.get("refusal"))
        told = self._splitter.feed(as_text(delta.get("content")))
        told = self._by_tool(told, delta) if self._awaits_tool else told
        return Delta(text=told.text, reasoning=reasoning_of(delta) + told.reasoning)

    def last(self) -> Delta:
        """The piece after the last chunk. Without a finish reason the stream was cut."""
        if self._refusal:
            return Delta(text=self._refusal, usage=self._usage, finish_reason="refusal")
        told = self._splitter.close()
        handed_in = self._tool is not None
        text, aside = ("", self._aside + told.text) if handed_in else (self._aside + told.text, "")
        reason = "stop" if handed_in and self._reason == "tool_calls" else self._reason or None
        return Delta(text=text, reasoning=told.reasoning + aside, usage=self._usage, finish_reason=reason)

    def _by_tool(self, told: Told, delta: Mapping[str, Any]) -> Told:
        arguments = self._arguments(delta)
        self._aside += told.text
        if self._tool is None and len(self._aside) <= MAX_ASIDE_CHARS:
            return Told(reasoning=told.reasoning)
        aside, self._aside = self._aside, ""
        if self._tool is None:
            self._awaits_tool = False
            return Told(aside, told.reasoning)
        return Told(arguments, told.reasoning + aside)

    def _arguments(self, delta: Mapping[str, Any]) -> str:
        """What the chunk adds to the arguments of the first tool called."""
        added = ""
        for call in as_list(delta.get("tool_calls")):
            if not isinstance(call, Mapping):
                continue
            index = call.get("index", 0)
            self._tool = index if self._tool is None else self._tool
            function = call.get("function")
            if index == self._tool and isinstance(function, Mapping):
                added += as_text(function.get("arguments"))
        return added
