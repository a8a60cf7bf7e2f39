"""PDF: the text of its pages, lines joined to paragraphs. Encrypted and scanned files are told apart."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from pathlib import PurePath

import pypdf
import pypdf.errors

from ...errors import SourceError
from ..base import Document
from .base import bounded, document

MAX_PAGES = 5_000

_HYPHENATED = re.compile(r"(?<=[a-zß-ÿ])-\n(?=[a-zß-ÿ])")
_WRAPPED = re.compile(r"(?<=[^\n.!?:;])[ \t]*\n(?=[a-zß-ÿ(,;])")
_PLACEHOLDER_TITLE = re.compile(r"\.\w{2,5}\Z|untitled|microsoft word", re.IGNORECASE)


def read_pdf(data: bytes, name: PurePath) -> Document:
    """The text of all pages, pages apart by blank lines.

    Raises:
        SourceError: when it is no PDF, needs a password, has too many pages, or its pages hold no text.
    """
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    if b"%PDF-" not in data[:1_024]:
        raise SourceError("it is not a PDF")
    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise SourceError("it is encrypted", hint="Save a copy without password.")
        if len(reader.pages) > MAX_PAGES:
            raise SourceError(f"it has more than {MAX_PAGES} pages")
        text = bounded(_pages(reader), "\n\n")
        title = _title(reader)
    except (pypdf.errors.PyPdfError, pypdf.errors.DependencyError) as error:
        raise SourceError(f"its PDF structure is damaged or not supported ({str(error)[:120]})") from error
    if not text.strip():
        raise SourceError("its pages hold no text (scanned?)", hint="Run OCR on it first.")
    return document(text, name, title)


def _pages(reader: pypdf.PdfReader) -> Iterator[str]:
    for page in reader.pages:
        yield _reflowed(page.extract_text() or "")


def _reflowed(text: str) -> str:
    """Words cut at line ends and lines that go on in small letters are joined, so that sentences are whole."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return _WRAPPED.sub(" ", _HYPHENATED.sub("", lines)).strip()


def _title(reader: pypdf.PdfReader) -> str:
    found = reader.metadata.title if reader.metadata else None
    return found if isinstance(found, str) and not _PLACEHOLDER_TITLE.search(found) else ""
