"""From the bytes of a web page or file to its title and readable text."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import trafilatura
from charset_normalizer import from_bytes
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from ..errors import ToolFailed

_HTML = ("text/html", "application/xhtml+xml")
_PDF = "application/pdf"
READABLE = (
    *_HTML, "text/plain", "text/markdown", "text/csv", "text/xml", _PDF,
    "application/json", "application/ld+json", "application/xml", "application/atom+xml", "application/rss+xml",
)  # fmt: skip
MAX_PDF_PAGES = 300
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)


def readable_text(body: bytes, content_type: str, url: str) -> tuple[str, str]:
    """Title and text of what was loaded from `url`; both may be empty.

    Raises:
        ToolFailed: when a PDF cannot be read.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind in _HTML:
        return _html(body, content_type, url)
    text = _pdf(body, url) if kind == _PDF else _decode(body, content_type)
    return _file_name(url), text


def _html(body: bytes, content_type: str, url: str) -> tuple[str, str]:
    # Without a charset in its header a page names one inside, which trafilatura reads itself.
    html = _decode(body, content_type) if _CHARSET.search(content_type) else body
    document = trafilatura.bare_extraction(html, url=url, with_metadata=True, include_tables=True)
    if document is None:
        return _file_name(url), ""
    fields = document if isinstance(document, dict) else document.as_dict()
    return str(fields.get("title") or _file_name(url)), str(fields.get("text") or "")


def _pdf(body: bytes, url: str) -> str:
    try:
        pages = PdfReader(BytesIO(body)).pages
        return "\n\n".join(page.extract_text() for page in pages[:MAX_PDF_PAGES])
    # pypdf lets errors of every kind through on malformed files, so its own base class is not enough.
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise ToolFailed(f"The PDF at {url} cannot be read: {error}.") from error


def _decode(body: bytes, content_type: str) -> str:
    named = _CHARSET.search(content_type)
    for encoding in (named[1] if named else "utf-8", "utf-8"):
        try:
            return body.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    best = from_bytes(body[:100_000]).best()
    return body.decode(best.encoding if best else "latin-1", errors="replace")


def _file_name(url: str) -> str:
    parts = urlsplit(url)
    return unquote(PurePosixPath(parts.path).name) or parts.netloc
