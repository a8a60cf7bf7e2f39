"""Text for a terminal: whatever models and documents wrote goes in, text that cannot move a cursor comes out."""

from __future__ import annotations

import re

from foreplan.core.amounts import counted as counted
from foreplan.core.amounts import duration as duration
from foreplan.core.amounts import number as number

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def safe(text: str) -> str:
    """`text` without control characters, direction marks and lone surrogates; newlines and tabs stay."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


def one_line(text: str, width: int) -> str:
    """The start of `text` on one line of at most `width` characters, with an ellipsis where something is left out."""
    flat = " ".join(safe(text[: 4 * width + 200]).split())
    if len(flat) <= width and len(text) <= 4 * width + 200:
        return flat
    return flat[: max(width - 1, 0)] + "…" if width > 0 else ""
