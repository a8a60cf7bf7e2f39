"""Bytes to text: byte order marks, UTF-8, then a guess; binary data is recognised and refused."""

from __future__ import annotations

import codecs

from ...errors import SourceError

_SAMPLE_BYTES = 8_192
_GUESS_BYTES = 65_536

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\x0b\x0c\r\x1b"))


def decode(data: bytes, *, declared: str = "") -> str:
    """The text in `data`. `declared` is an encoding that the file itself names; it is tried after the marks.

    Raises:
        SourceError: when the data is binary or in no encoding that can be recognised.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data, encoding)
    refuse_binary(data)
    for encoding in (declared, "utf-8"):
        if encoding:
            try:
                return data.decode(encoding)
            except (UnicodeDecodeError, LookupError):
                continue
    return _damaged_utf8(data) or _guessed(data)


def refuse_binary(data: bytes) -> None:
    """Do nothing for text.

    Raises:
        SourceError: when the first bytes hold a NUL or more control characters than any text.
    """
    sample = data[:_SAMPLE_BYTES]
    controls = len(sample) - len(sample.translate(None, _CONTROL_BYTES))
    if b"\x00" in sample or controls * 20 > len(sample):
        raise SourceError("it is binary, not text")


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise SourceError(f"its byte order mark says {encoding}, but byte {error.start} is not that") from error


def _damaged_utf8(data: bytes) -> str:
    """UTF-8 with a few broken bytes, those replaced; empty when it is some other encoding."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    wide = len(text) - len(text.encode("ascii", "ignore")) - broken
    return text if wide > 4 * broken else ""


def _guessed(data: bytes) -> str:
    # Loaded here: nearly all text is UTF-8 and never comes this far.
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_GUESS_BYTES]).best()
    if best is None:
        raise SourceError("its encoding was not recognised")
    text = data.decode(best.encoding, "replace")
    if text.count("\ufffd") * 50 > len(text):
        raise SourceError(f"it looks like {best.encoding}, but too many bytes are not that")
    return text
