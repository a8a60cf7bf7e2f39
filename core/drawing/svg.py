"""Tags from plain values: names, texts and numbers go in, markup comes out.

Law: whatever a text holds, it stays text. Characters that HTML or UTF-8 do not allow become U+FFFD.
"""

from __future__ import annotations

import html
import re
from typing import NewType

Markup = NewType("Markup", str)
"""Text that is markup already, so that it is not escaped again. Only this package's functions make it."""

_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Marks that turn the direction of text could make a label look like another one.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """Any text without what HTML does not allow and without marks that turn the direction of text."""
    return _NOT_TEXT.sub("\ufffd", _TURNING.sub("", text))


def escape(text: str) -> Markup:
    """Any text as it may stand between tags and in quoted attributes."""
    return Markup(html.escape(clean(text), quote=True))


def tag(name: str, *content: Markup, **attributes: str | float) -> Markup:
    """An element; `class_` writes `class`, `stroke_width` writes `stroke-width`. Numbers have two decimals at most."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value) if isinstance(value, str) else number(value)}"'
        for key, value in attributes.items()
    )
    return Markup(f"<{name}{written}>{''.join(content)}</{name}>")


def join(*parts: Markup) -> Markup:
    """Markup after markup."""
    return Markup("".join(parts))


def number(value: float) -> str:
    """A coordinate: two decimals, without zeros at the end."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def shortened(text: str, most: int) -> str:
    """The start of a text on one line, with an ellipsis where something is left out."""
    flat = " ".join(text[: 4 * most + 200].split())
    return flat if len(flat) <= most and len(text) <= 4 * most + 200 else f"{flat[: max(0, most - 1)]}…"
