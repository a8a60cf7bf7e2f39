"""From the bytes of a web page or file to its title and readable text, through the readers of the sources' files."""

from __future__ import annotations

import codecs
import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from ...memory.documents.base import Document
from ...memory.documents.readers.base import Reader
from ...memory.documents.readers.html import read_html
from ...memory.documents.readers.pdf import read_pdf
from ...memory.documents.readers.plain import read_markdown, read_text
from ...memory.documents.readers.structured import read_json
from ...memory.errors import SourceError
from ..errors import ToolFailed

READERS: dict[str, Reader] = {
    "text/html": read_html,
    "application/xhtml+xml": read_html,
    "application/pdf": read_pdf,
    "application/json": read_json,
    "application/ld+json": read_json,
    "text/markdown": read_markdown,
    "text/plain": read_text,
    "text/csv": read_text,
    "text/xml": read_text,
    "application/xml": read_text,
    "application/atom+xml": read_text,
    "application/rss+xml": read_text,
}
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)


def media_type(content_type: str) -> str:
    """`text/html` of `Text/HTML; charset=utf-8`."""
    return content_type.partition(";")[0].strip().lower()


def read_page(body: bytes, content_type: str, url: str) -> Document:
    """Title and text of what was loaded from `url`; its media type is one of `READERS`.

    Raises:
        ToolFailed: when there is no readable text in it.
    """
    kind = media_type(content_type)
    named = _CHARSET.search(content_type)
    if named and kind != "application/pdf":
        body = _as_utf8(body, named[1])
    try:
        return READERS[kind](body, _file_name(url))
    except SourceError as error:
        raise ToolFailed(f"{url} cannot be read: {error.message}.", kind="not_found") from error
    # Parsers let errors of their own code through on damaged files; which ones, nobody knows in advance.
    except Exception as error:
        raise ToolFailed(f"{url} cannot be read: {type(error).__name__}: {str(error)[:200]}.") from error


def _as_utf8(body: bytes, charset: str) -> bytes:
    """The body with a UTF-8 mark in front, which outranks what it says of itself, as a header must."""
    try:
        return codecs.BOM_UTF8 + body.decode(charset).encode()
    except (UnicodeDecodeError, LookupError):
        return body


def _file_name(url: str) -> PurePosixPath:
    parts = urlsplit(url)
    return PurePosixPath(PurePosixPath(unquote(parts.path)).name or parts.netloc or "page")
