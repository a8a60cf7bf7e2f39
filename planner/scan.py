"""Pieces of text in, boundaries of JSON values out, without reading any character twice.

`RootFinder` finds where a plan begins in what a model says; `Capture` collects one JSON value. Both keep their place
between pieces, so text may be cut anywhere, and both go from one telling character to the next by regular expression.
"""

from __future__ import annotations

import re

from .reading import NotJson

ROOT_KEYS = ("mode", "answer", "synthesis", "success", "subtasks")
"""Keys by whose presence a plan is told from other braces."""

MAX_VALUE_CHARS = 1_000_000
"""A single value (a subtask, an answer) with more characters than this is refused while it is being collected."""

MAX_DEPTH = 32

_LONGEST_KEY = max(map(len, ROOT_KEYS))
_PROSE = re.compile(r"[{<]")
_IN_STRING = re.compile(r'["\\]')
_STRUCTURE = re.compile(r'["{}\[\]]')
_SCALAR_END = re.compile(r"[\s,:{}\[\]\"]")
_SPACE = re.compile(r"[ \t\r\n]*")
_OPEN_TAGS = ("<think>", "<thinking>")
_CLOSE_TAGS = ("</think>", "</thinking>")


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
        self._fed = 0
        self._thinking = False
        self._tag = ""
        self._brace = ""

    def feed(self, text: str) -> int:
        """Read on, up to just behind the colon after the plan's first key; -1 when it is not in this piece."""
        at = 0
        while at < len(text):
            if self._brace:
                at = self._in_brace(text, at)
                if self.key:
                    return at
            elif self._tag:
                at = self._in_tag(text, at)
            else:
                at = self._in_prose(text, at)
        self._fed += len(text)
        return -1

    def _in_prose(self, text: str, at: int) -> int:
        found = _PROSE.search(text, at)
        if found is None:
            return len(text)
        if found[0] == "<":
            self._tag = "<"
        elif not self._thinking:
            self._brace, self.start = "{", self._fed + found.start()
        return found.end()

    def _in_tag(self, text: str, at: int) -> int:
        """Take a character if it can go on a tag we look for; else leave it for `_in_prose`."""
        tags = _CLOSE_TAGS if self._thinking else _OPEN_TAGS
        longer = self._tag + text[at].lower()
        if longer in tags:
            self._thinking, self._tag = not self._thinking, ""
            return at + 1
        if any(tag.startswith(longer) for tag in tags):
            self._tag = longer
            return at + 1
        self._tag = ""
        return at

    def _in_brace(self, text: str, at: int) -> int:
        """Go on from `{`: white space, a quoted key, white space, a colon. What does not fit is prose again.

        `_brace` holds what was seen so far, without the white space.
        """
        if self._brace == "{" or self._brace.count('"') == 2:
            at = skip_space(text, at)
            if at == len(text):
                return at
        seen = self._brace + text[at]
        key = seen[2:].rstrip(':"')
        if seen.endswith('":') and key in ROOT_KEYS:
            self.key = key
            return at + 1
        if self._goes_on(seen):
            self._brace = seen
            return at + 1
        self._brace = ""
        return at

    def _goes_on(self, seen: str) -> bool:
        inside = seen[2:]
        return (
            seen[1] == '"'
            and len(inside) <= _LONGEST_KEY + 1
            and any(f'{key}"'.startswith(inside) for key in ROOT_KEYS)
        )


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
