"""Readers of PDF and office files, on files made here, and the child process around them."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import docx
import openpyxl
import pptx
import pypdf
import pytest

from foreplan.memory.documents.base import Document, Skipped
from foreplan.memory.documents.files import SourceFile
from foreplan.memory.documents.readers import isolated
from foreplan.memory.documents.reading import read_file, read_files


def pdf_bytes(lines: list[str]) -> bytes:
    """A PDF of one page with these lines, written by hand."""
    shown = " T* ".join(f"({line}) Tj" for line in lines)
    stream = f"BT /F1 12 Tf 14 TL 72 720 Td {shown} ET".encode("latin-1") if lines else b""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Title (The lighthouse) >>",
    ]
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, io.SEEK_END)
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % place for place in places)
    out.write(b"trailer << /Size %d /Root 1 0 R /Info 6 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))
    return out.getvalue()


def document(path: Path) -> Document:
    found = read_file(path)
    assert isinstance(found, Document), found
    return found


def reason(path: Path) -> str:
    found = read_file(path)
    assert isinstance(found, Skipped), found
    return found.reason


def test_pdf_text_is_joined_to_sentences(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_bytes(["The lighthouse was com-", "pleted in 1871 and its", "lamp was lit by oil.", "Later."]))
    found = document(path)
    assert found.title == "The lighthouse"
    assert found.text == "The lighthouse was completed in 1871 and its lamp was lit by oil.\nLater."


def test_pdf_without_text_asks_for_ocr(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf_bytes([]))
    assert "scanned" in reason(path)


def test_encrypted_pdf_is_told_apart(tmp_path: Path) -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf_bytes(["Secret."])))
    writer.encrypt("open sesame", algorithm="RC4-128")
    path = tmp_path / "locked.pdf"
    writer.write(path)
    assert "encrypted" in reason(path)


@pytest.mark.parametrize("kept", [20, 200, 500])
def test_cut_pdf_is_skipped_or_read_never_a_crash(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "cut.pdf"
    path.write_bytes(pdf_bytes(["A line."])[:kept])
    assert isinstance(read_file(path), Document | Skipped)


def test_docx_paragraphs_and_tables_in_order(tmp_path: Path) -> None:
    file = docx.Document()
    file.core_properties.title = "Minutes"
    file.add_paragraph("The board met in Oslo.")
    table = file.add_table(rows=2, cols=2)
    for cell, text in zip([*table.rows[0].cells, *table.rows[1].cells], ["Item", "Cost", "Paint", "40"], strict=True):
        cell.text = text
    file.add_paragraph("It closed at noon.")
    path = tmp_path / "m.docx"
    file.save(str(path))
    assert document(path) == Document(
        "Minutes", "The board met in Oslo.\n\nItem: Paint · Cost: 40\n\nIt closed at noon.", "m.docx"
    )


def test_pptx_slides_with_notes(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Tides"
    slide.placeholders[1].text = "High water comes twice a day."
    slide.notes_slide.notes_text_frame.text = "Mention the moon."
    path = tmp_path / "d.pptx"
    deck.save(str(path))
    text = document(path).text
    assert text.split("\n") == ["Tides", "High water comes twice a day.", "Mention the moon."]


def test_xlsx_sheets_as_tables(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Towns"
    for row in (["City", "Population"], ["Paris", 2102650], ["Rome", None]):
        sheet.append(row)
    path = tmp_path / "b.xlsx"
    book.save(path)
    assert document(path).text == "# Towns\nCity: Paris · Population: 2102650\nCity: Rome"


def test_zip_bomb_is_refused_unopened(tmp_path: Path) -> None:
    path = tmp_path / "bomb.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * 1_000_000)
        archive.filelist[0].file_size = 10**9
    assert path.stat().st_size < 10_000
    assert "would unfold" in reason(path)


def test_missing_extra_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = tmp_path / "hidden" / "openpyxl"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError('not here')", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(hidden.parent), *sys.path])
    path = tmp_path / "b.xlsx"
    openpyxl.Workbook().save(path)
    found = read_file(path)
    assert isinstance(found, Skipped)
    assert "pip install 'foreplan[office]'" in found.reason
    assert not found.lasting


def test_a_reader_that_takes_too_long_is_stopped_and_the_next_file_read(tmp_path: Path) -> None:
    paths = [tmp_path / "slow.html", tmp_path / "next.html"]
    paths[0].write_text("<p>" + "<b>x</b> word " * 120_000, encoding="utf-8")
    paths[1].write_text("<p>A short page that is read at once.</p>", encoding="utf-8")
    with isolated.IsolatedReader(time_limit_s=0.05) as reader:
        found = reader.read(paths[0], "slow.html")
    assert found == Skipped("slow.html", "reading it took longer than 0.05 s")
    files = [SourceFile(path, path.name, path.stat().st_size, 0) for path in paths[1:]]
    assert [type(reading.result) for reading in read_files(files)] == [Document]


def test_files_come_back_in_order_heavy_and_light(tmp_path: Path) -> None:
    files = []
    for number in range(12):
        path = tmp_path / (f"{number:02}.html" if number % 3 == 0 else f"{number:02}.txt")
        path.write_text(f"<p>Page {number} is here.</p>", encoding="utf-8")
        files.append(SourceFile(path, path.name, path.stat().st_size, 0))
    readings = list(read_files(files))
    assert [reading.file for reading in readings] == files
    texts = [reading.result.text for reading in readings if isinstance(reading.result, Document)]
    assert [f"Page {number} is here" in text for number, text in enumerate(texts)] == [True] * 12
