"""One lesson: a tool, its arguments in a form that compares, the class of the fault, what was tried and what happened.

Arguments are equal if they differ only in the order of fields, in white space, in the composition of characters, in
1 against 1.0, or in fields that are null.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ...core.errors import FaultKind
from ..plain import plain_data, sanitised

MAX_TEXT_CHARS = 500
MAX_ARGUMENTS_CHARS = 2_000
_MAX_PARSED_CHARS = 1_000_000
_EXACT = 2**53
"""Whole numbers below this are the same as a float; beyond, a float stands for many of them."""


def one_line(text: object) -> str:
    """Bounded, on one line, without control characters: what a tool says is read by a planner and on terminals."""
    words = "".join(each if each.isprintable() else " " for each in str(text)[: 4 * MAX_TEXT_CHARS]).split()
    line = sanitised(" ".join(words))
    return line if len(line) <= MAX_TEXT_CHARS else f"{line[: MAX_TEXT_CHARS - 1]}…"


_Line = Annotated[str, BeforeValidator(one_line)]


class Lesson(BaseModel):
    """Something that failed and must not be repeated unchanged.

    Attributes:
        tool: the tool's name; empty when it was not a tool that failed.
        arguments: its arguments as `normalise` writes them.
        kind: the class of the fault.
        tried: what was wanted, such as the subtask's goal.
        happened: what came of it, such as the error's message.
        run: the run that learned it.
        at: when, as Unix time in seconds.
    """

    model_config = ConfigDict(frozen=True)

    tool: _Line
    arguments: Annotated[str, Field(max_length=MAX_ARGUMENTS_CHARS)] = "{}"
    kind: FaultKind
    tried: _Line = ""
    happened: _Line = ""
    run: str = ""
    at: Annotated[float, Field(allow_inf_nan=False)] = 0.0

    @property
    def key(self) -> str:
        """Sixteen hexadecimal digits for (tool, arguments, kind): equal failures are one lesson."""
        content = json.dumps([self.tool, self.arguments, self.kind])
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def text(self) -> str:
        """The lesson as one sentence for a planner or a worker."""
        what = f"{self.tool} with {self.arguments[:300]}" if self.tool else self.tried or "The attempt"
        wanted = f" (wanted: {self.tried})" if self.tool and self.tried else ""
        return f"{what} failed as {self.kind}: {self.happened or 'no reason was given'}{wanted}"


def normalise(arguments: Mapping[str, Any] | str) -> str:
    """Arguments in canonical form, JSON with sorted fields; a long one is cut and closed by the hash of the whole.

    Args:
        arguments: a mapping, or the raw text that a model wrote. Text that is not JSON is compared as words.
    """
    value = _parsed(arguments) if isinstance(arguments, str) else arguments
    text = json.dumps(_without_nulls(plain_data(value, text=_composed)), sort_keys=True, ensure_ascii=False)
    if len(text) <= MAX_ARGUMENTS_CHARS:
        return text
    whole = f"…sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    return text[: MAX_ARGUMENTS_CHARS - len(whole)] + whole


def _parsed(text: str) -> Any:
    if len(text) > _MAX_PARSED_CHARS:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(sanitised(text).split()))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    return value
