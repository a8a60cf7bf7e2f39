"""Readers by suffix, each loaded when the first file of its kind comes: text alone imports no PDF library."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import PurePath

from .base import Reader

_TEXT = "plain:read_text"
_HTML = "html:read_html"
_BY_SUFFIX = {
    ".md": "plain:read_markdown",
    ".markdown": "plain:read_markdown",
    ".html": _HTML,
    ".htm": _HTML,
    ".xhtml": _HTML,
    ".pdf": "pdf:read_pdf",
    ".csv": "table:read_table",
    ".tsv": "table:read_table",
    ".json": "structured:read_json",
    ".geojson": "structured:read_json",
    ".jsonl": "structured:read_json_lines",
    ".ndjson": "structured:read_json_lines",
    ".docx": "office:read_docx",
    ".pptx": "office:read_pptx",
    ".xlsx": "office:read_xlsx",
    ".doc": "office:read_legacy_office",
    ".ppt": "office:read_legacy_office",
    ".xls": "office:read_legacy_office",
}
_HEAVY = frozenset((".html", ".htm", ".xhtml", ".pdf", ".docx", ".pptx", ".xlsx"))


def reader_for(name: PurePath) -> Reader:
    """The reader of this kind of file. An unknown suffix is read as text (code, logs, notes), binary data refused."""
    return _loaded(_BY_SUFFIX.get(name.suffix.lower(), _TEXT))


@cache
def _loaded(place: str) -> Reader:
    module, _, function = place.partition(":")
    reader: Reader = getattr(importlib.import_module(f".{module}", __package__), function)
    return reader


def is_heavy(name: PurePath) -> bool:
    """Whether this kind goes through a library whose time and memory on hostile bytes nobody can bound."""
    return name.suffix.lower() in _HEAVY
