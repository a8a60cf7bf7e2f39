"""A reader: the bytes of one file in, its readable text out. Hostile bytes end in `SourceError`, never in a hang.

Readers are pure: they open nothing, and what they return depends on the bytes and the name alone. Time and memory are
bounded around them (`isolated`), sizes here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Protocol

from ...errors import SourceError
from ..base import Document

MAX_BYTES = 50_000_000
"""A larger file is not read. No person reads one, and its index would crowd out all others."""

MAX_CHARS = 20_000_000
"""Longer text is an export or an attack (a zip bomb, a table of blanks); reading stops with a reason."""

MAX_TITLE_CHARS = 200

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACE = re.compile(r"\s+")


class Reader(Protocol):
    """Reads one kind of file."""

    def __call__(self, data: bytes, name: PurePath) -> Document:
        """The document in these bytes. `name` gives the suffix and the title of last resort.

        Raises:
            SourceError: when there is no readable text in them; the message says why.
        """


def document(text: str, name: PurePath, title: str | None = None) -> Document:
    """A document of clean text: no control characters, one kind of line end, no lone surrogates.

    Raises:
        SourceError: when nothing readable is left.
    """
    text = clean(text)
    if not text.strip():
        raise SourceError("it is empty")
    heading = _SPACE.sub(" ", clean(title or "")).strip()[:MAX_TITLE_CHARS].strip()
    return Document(title=heading or clean(name.stem or name.name), text=text)


def clean(text: str) -> str:
    """`text` with one kind of line end, without control characters and lone surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATE.sub("\ufffd", _CONTROL.sub("", text))


def bounded(parts: Iterable[str], separator: str = "\n") -> str:
    """The parts joined.

    Raises:
        SourceError: when they grow beyond `MAX_CHARS`; the rest is then not produced.
    """
    kept: list[str] = []
    room = MAX_CHARS
    for part in parts:
        room -= len(part) + len(separator)
        if room < 0:
            raise SourceError(f"it unfolds to more than {MAX_CHARS // 1_000_000} million characters")
        kept.append(part)
    return separator.join(kept)
