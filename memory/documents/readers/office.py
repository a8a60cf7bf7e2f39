"""Word, PowerPoint and Excel files, by the extra `office`.

All three are zip archives of XML: what they would unfold to is read from the archive's directory first, so that a zip
bomb is refused unopened.
"""

from __future__ import annotations

import importlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import PurePath
from types import ModuleType
from typing import Any

from ...errors import SourceError
from ..base import Document
from .base import MAX_BYTES, bounded, document
from .table import rendered

MAX_UNFOLDED_BYTES = 4 * MAX_BYTES
INSTALL = "pip install 'foreplan[office]'"


def read_docx(data: bytes, name: PurePath) -> Document:
    """A Word document: paragraphs and tables in their order."""
    word = _library("docx").Document(_checked(data))
    return document(bounded(_docx_blocks(word), "\n\n"), name, word.core_properties.title)


def read_pptx(data: bytes, name: PurePath) -> Document:
    """A PowerPoint file: one block per slide, with its notes."""
    deck = _library("pptx").Presentation(_checked(data))
    slides = (bounded(_slide_lines(slide)) for slide in deck.slides)
    return document(bounded(slides, "\n\n"), name, deck.core_properties.title)


def read_xlsx(data: bytes, name: PurePath) -> Document:
    """An Excel workbook: each sheet as a table, values as last computed."""
    book = _library("openpyxl").load_workbook(_checked(data), read_only=True, data_only=True)
    sheets = (bounded(_sheet_lines(sheet)) for sheet in book.worksheets)
    return document(bounded(sheets, "\n\n"), name, book.properties.title)


def read_legacy_office(data: bytes, name: PurePath) -> Document:
    """The binary formats before 2007 are refused with the way out."""
    raise SourceError("it is in an Office format from before 2007", hint=f"Save it as {name.suffix.lower()}x.")


def _library(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise SourceError(f"Office files need an extra: {INSTALL}", lasting=False) from error


def _checked(data: bytes) -> io.BytesIO:
    """The archive, once its directory shows that it is one and stays within bounds.

    Raises:
        SourceError: when it is no zip archive, or would unfold to too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise SourceError("it is damaged or encrypted: not the zip archive that its name promises") from error
    if len(entries) > 20_000 or sum(entry.file_size for entry in entries) > MAX_UNFOLDED_BYTES:
        raise SourceError(f"it would unfold to more than {MAX_UNFOLDED_BYTES // 1_000_000} MB")
    return io.BytesIO(data)


def _docx_blocks(word: Any) -> Iterator[str]:
    for block in word.iter_inner_content():
        if hasattr(block, "rows"):
            yield bounded(rendered([cell.text for cell in row.cells] for row in block.rows))
        else:
            yield block.text


def _slide_lines(slide: Any) -> Iterator[str]:
    for shape in slide.shapes:
        if shape.has_text_frame:
            yield shape.text_frame.text
        elif getattr(shape, "has_table", False):
            yield from rendered([cell.text for cell in row.cells] for row in shape.table.rows)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        yield slide.notes_slide.notes_text_frame.text


def _sheet_lines(sheet: Any) -> Iterator[str]:
    # What the file says of its own size may be a lie of 17 billion cells.
    sheet.reset_dimensions()
    yield f"# {sheet.title}"
    rows = (["" if value is None else str(value) for value in row] for row in sheet.iter_rows(values_only=True))
    yield from rendered(row for row in rows if any(row))
