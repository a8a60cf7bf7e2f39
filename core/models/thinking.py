"""Thinking told apart: text that opens with `<think>…</think>` goes in, in pieces; text and reasoning come out.

Laws: nothing is lost or doubled but the two tags and the blanks around them; how the text was cut into pieces does not
matter; a `<think>` that is never closed makes all of it reasoning; one later in the text is text.
"""

from __future__ import annotations

from typing import NamedTuple

OPEN, CLOSE = "<think>", "</think>"
MAX_BLANKS = 256
"""Blanks before `<think>` that still count as leading; text after more of them is text."""


class Told(NamedTuple):
    """What a piece adds to the answer and to the thinking."""

    text: str = ""
    reasoning: str = ""


class ThinkSplitter:
    """Splits one answer. Feed it the pieces, then `close` it; it holds back at most a tag's length and blanks."""

    def __init__(self) -> None:
        self._state = "start"
        self._held = ""

    def feed(self, piece: str) -> Told:
        """What `piece` adds."""
        if self._state == "text":
            return Told(piece)
        self._held += piece
        if self._state == "start":
            return self._start()
        return self._thinking() if self._state == "thinking" else self._after()

    def close(self) -> Told:
        """What was still held back."""
        held, self._held = self._held, ""
        return Told(reasoning=held) if self._state == "thinking" else Told(held if self._state == "start" else "")

    def _start(self) -> Told:
        opening = self._held.lstrip()
        if len(self._held) - len(opening) > MAX_BLANKS:
            return self._text()
        if opening.startswith(OPEN):
            self._state, self._held = "thinking", opening[len(OPEN) :]
            return self._thinking()
        if OPEN.startswith(opening):
            return Told()
        return self._text()

    def _thinking(self) -> Told:
        thought, tag, rest = self._held.partition(CLOSE)
        if tag:
            self._state, self._held = "after", rest
            return Told(self._after().text, thought)
        keep = _overlap(self._held, CLOSE)
        thought, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return Told(reasoning=thought)

    def _after(self) -> Told:
        self._held = self._held.lstrip()
        return self._text() if self._held else Told()

    def _text(self) -> Told:
        self._state = "text"
        held, self._held = self._held, ""
        return Told(held)


def split_thinking(text: str) -> Told:
    """A whole answer, told apart."""
    splitter = ThinkSplitter()
    first, last = splitter.feed(text), splitter.close()
    return Told(first.text + last.text, first.reasoning + last.reasoning)


def _overlap(text: str, tag: str) -> int:
    """How many characters at the end of `text` could be the beginning of `tag`."""
    return next((n for n in range(min(len(tag) - 1, len(text)), 0, -1) if text.endswith(tag[:n])), 0)
