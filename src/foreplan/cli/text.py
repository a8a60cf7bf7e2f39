"""Text for a terminal: whatever models and documents wrote goes in, text that cannot move a cursor comes out."""

from __future__ import annotations

import re

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


def number(value: float) -> str:
    """A count in few characters: 950, 1.2k, 34k, 5.6M."""
    for limit, divisor, unit in ((1_000, 1, ""), (1_000_000, 1_000, "k"), (1_000_000_000, 1_000_000, "M")):
        if value < limit:
            scaled = value / divisor
            return f"{scaled:.1f}{unit}" if unit and scaled < 10 else f"{scaled:.0f}{unit}"
    return f"{value / 1e9:.1f}G"


def counted(count: int, thing: str) -> str:
    """A count with its noun: 1 claim, 2 claims."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def duration(seconds: float) -> str:
    """A time in few characters: 0.4s, 12s, 3m05s, 2h07m."""
    if seconds < 10:
        return f"{seconds:.1f}s"
    if seconds < 60:
        return f"{seconds:.0f}s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}m"
