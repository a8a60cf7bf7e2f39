"""Pieces of text in, boundaries of JSON values out, in time linear in the text.

`RootFinder` finds where a plan begins in what a model says; `Capture` collects one JSON value. Both keep their place
between pieces, so text may be cut anywhere, and both go from one telling character to the next by regular expression.
"""

from __future__ import annotations

import re

from .reading import NotJson

MAX_VALUE_CHARS = 1_000_000
"""A single value (a subtask, an answer) with more characters than this is refused while it is being collected."""

MAX_DEPTH = 32

_ROOT = re.compile(
    r'\{[ \t\r\n]{0,64}"(?P<key>mode|answer|synthesis|success|subtasks)"[ \t\r\n]{0,64}:|(?i:<think(?:ing)?>)'
)
_THINKING_ENDS = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_TAIL_CHARS = 160
"""What `_ROOT` matches is shorter than this: so much of a piece is looked at again with the next one."""

_IN_STRING = re.compile(r'["\\]')
_STRUCTURE = re.compile(r'["{}\[\]]')
_SCALAR_END = re.compile(r"[\s,:{}\[\]\"]")
_SPACE = re.compile(r"[ \t\r\n]*")


def skip_space(text: str, at: int) -> int:
    """The place of the first character from `at` on that is not white space."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


class RootFinder:
    """Looks for `{` followed by one of a plan's keys, past prose, code fences, other braces and `<think>` blocks.

    Attributes:
        key: the key that follows the brace, once the plan is found.
        start: where the brace stands, counted from the first character fed.
    """

    def __init__(self) -> None:
        self.key = ""
        self.start = -1
        self._thinking = False
        self._tail = ""
        self._tail_start = 0

    def feed(self, text: str) -> int:
        """Read on, up to just behind the colon after the plan's first key; -1 when it is not in this piece."""
        window, at = self._tail + text, 0
        while (found := (_THINKING_ENDS if self._thinking else _ROOT).search(window, at)) is not None:
            at = found.end()
            key = found.groupdict().get("key")
            if key is not None:
                self.key, self.start = key, self._tail_start + found.start()
                return at - len(self._tail)
            self._thinking = not self._thinking
        at = max(at, len(window) - _TAIL_CHARS)
        self._tail, self._tail_start = window[at:], self._tail_start + at
        return -1


class Capture:
    """Collects the text of one JSON value, whatever follows it."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._chars = 0
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._scalar = False
        self.closed = False

    @property
    def text(self) -> str:
        """What was collected."""
        return "".join(self._parts)

    def feed(self, text: str, start: int) -> int:
        """Take from `text[start:]` what belongs to the value, and tell where it stopped.

        Raises:
            NotJson: when the value is too long or too deep.
        """
        at = start
        while at < len(text) and not self.closed:
            at = self._take(text, at)
        self._parts.append(text[start:at])
        self._chars += at - start
        if self._chars > MAX_VALUE_CHARS:
            raise NotJson(f"a value has more than {MAX_VALUE_CHARS} characters")
        return at

    def _take(self, text: str, at: int) -> int:
        if self._in_string:
            return self._take_string(text, at)
        if self._depth or not self._scalar:
            return self._take_structure(text, at)
        found = _SCALAR_END.search(text, at)
        self.closed = found is not None
        return found.start() if found else len(text)

    def _take_string(self, text: str, at: int) -> int:
        if self._escaped:
            self._escaped = False
            return at + 1
        found = _IN_STRING.search(text, at)
        if found is None:
            return len(text)
        if found[0] == "\\":
            self._escaped = True
        else:
            self._in_string = False
            self.closed = self._depth == 0
        return found.end()

    def _take_structure(self, text: str, at: int) -> int:
        if self._depth == 0 and text[at] not in '"{[':
            self._scalar = True
            return at
        found = _STRUCTURE.search(text, at)
        if found is None:
            return len(text)
        if found[0] == '"':
            self._in_string = True
        elif found[0] in "{[":
            self._deepen()
        else:
            self._depth -= 1
            self.closed = self._depth == 0
        return found.end()

    def _deepen(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise NotJson(f"a value is nested more than {MAX_DEPTH} deep")
