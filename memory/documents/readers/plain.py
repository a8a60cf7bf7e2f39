"""Plain text, Markdown and source code: the text as it stands; Markdown is called by its first heading."""

from __future__ import annotations

import re
from pathlib import PurePath

from ..base import Document
from .base import document
from .encoding import decode

_HEADING = re.compile(r"^[ ]{0,3}#{1,2}[ \t]+(\S.{0,300}?)[ \t#]*$", re.MULTILINE)
_FRONT_TITLE = re.compile(r"\A---\n(?:.*\n){0,30}?title:[ \t]*[\"']?(\S.{0,300}?)[\"']?[ \t]*\n")
_HEAD_CHARS = 4_000


def read_text(data: bytes, name: PurePath) -> Document:
    """The text of a file that is text already."""
    return document(decode(data), name)


def read_markdown(data: bytes, name: PurePath) -> Document:
    """Markdown as it stands. Its title is the front matter's, else the first heading."""
    text = decode(data)
    head = text[:_HEAD_CHARS].replace("\r\n", "\n")
    found = _FRONT_TITLE.search(head) or _HEADING.search(head)
    return document(text, name, found[1] if found else None)
