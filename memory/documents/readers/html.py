"""HTML: the main text of a page without its menus, and the page's title."""

from __future__ import annotations

import html
import re
from pathlib import PurePath

import trafilatura

from ...errors import SourceError
from ..base import Document
from .base import document
from .encoding import decode

_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]{1,40})", re.IGNORECASE)
_BODY = re.compile(r"<(?:body|frameset)\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,1000})</title", re.IGNORECASE)


def read_html(data: bytes, name: PurePath) -> Document:
    """The readable text of a page. A page without a main part gives all its text."""
    declared = _CHARSET.search(data[:4_096])
    page = decode(data, declared=declared[1].decode("ascii") if declared else "")
    if not page.strip():
        raise SourceError("it is empty")
    if not _BODY.search(page):
        page = f"<html><body>{page}</body></html>"  # A fragment; without a body none of it counts as text.
    text = trafilatura.extract(page, include_comments=False, include_tables=True, favor_recall=True)
    text = text or trafilatura.html2txt(page)
    if not text.strip():
        raise SourceError("it has no readable text (a page drawn by scripts?)")
    title = _TITLE.search(page)
    return document(text, name, html.unescape(title[1]) if title else None)
