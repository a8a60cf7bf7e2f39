"""Readers of text, Markdown, HTML, tables and JSON: what a person would read comes out, the rest is refused."""

from __future__ import annotations

import json
from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.memory.documents.base import Document
from foreplan.memory.documents.readers import reader_for
from foreplan.memory.documents.reading import read_file
from foreplan.memory.errors import SourceError

GERMAN = "Die Größe des Maßes überrascht die Prüfer in München, schrieb Jürgen später ärgerlich."


def read(name: str, data: bytes) -> Document:
    path = PurePath(name)
    return reader_for(path)(data, path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_text_is_read_in_whatever_encoding_it_came(encoding: str) -> None:
    assert read("notes.txt", GERMAN.encode(encoding)).text == GERMAN


def test_japanese_without_a_mark_is_recognised() -> None:
    text = "東京は日本の首都であり、世界でも最大級の都市の一つである。" * 5
    assert read("notes.txt", text.encode("shift_jis")).text == text


def test_one_broken_byte_does_not_turn_utf8_into_gibberish() -> None:
    text = read("notes.txt", GERMAN.encode() + b"\xff" + GERMAN.encode()).text
    assert text == GERMAN + "\ufffd" + GERMAN


def test_line_ends_and_control_characters_are_tidied() -> None:
    assert read("log.txt", b"one\r\ntwo\rthree\x07\x1b[1m\n").text == "one\ntwo\nthree[1m\n"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n\t ", "empty"),
        ("a.txt", b"GIF89a\x00\x01\x02", "binary"),
        ("a.txt", bytes(range(1, 32)) * 20, "binary"),
        ("a.txt", b"\xff\xfe\x00\xd8\x00\xd8", "byte order mark"),
        ("a.html", b"<html><body><script>draw()</script></body></html>", "no readable text"),
        ("a.pdf", b"just text", "not a PDF"),
        ("a.docx", b"just text", "not the zip archive"),
        ("a.doc", b"\xd0\xcf\x11\xe0", "Save it as .docx"),
    ],
)
def test_what_cannot_be_read_says_why(name: str, data: bytes, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        read(name, data)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Tide tables #\n\nHigh water.", "Tide tables"),
        ("---\ndate: x\ntitle: 'Harbour rules'\n---\n# Other\n", "Harbour rules"),
        ("No heading at all.", "plan"),
        ("####### seven\n", "plan"),
    ],
)
def test_markdown_is_called_by_its_heading(text: str, title: str) -> None:
    found = read("plan.md", text.encode())
    assert (found.title, found.text) == (title, text)


def test_html_gives_the_article_without_menus_and_scripts() -> None:
    page = """<html><head><title>Caf&eacute; &amp; bar</title><style>p {}</style></head><body>
    <nav><a href="/">Home</a></nav><article><h1>The bar</h1><p>The bar opened its doors in 1931 near the old harbour
    and was rebuilt after the flood of 1953.</p><p>It closed in 1988 when the owner retired to the coast.</p></article>
    <script>track('x')</script></body></html>"""
    found = read("a.html", page.encode())
    assert found.title == "Café & bar"
    assert "opened its doors in 1931" in found.text
    assert "It closed in 1988" in found.text
    assert "track" not in found.text


def test_html_says_its_own_encoding() -> None:
    page = f'<html><head><meta charset="iso-8859-1"><title>x</title></head><body><p>{GERMAN}</p></body></html>'
    assert GERMAN in read("a.htm", page.encode("iso-8859-1")).text


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("t.csv", 'City,Population\nParis,"2,102,650"\nRome,\n'),
        ("t.csv", "City;Population\nParis;2,102,650\nRome;\n"),
        ("t.tsv", "City\tPopulation\nParis\t2,102,650\nRome\t\n"),
    ],
)
def test_a_row_of_a_table_explains_itself(name: str, table: str) -> None:
    assert read(name, table.encode()).text == "City: Paris · Population: 2,102,650\nCity: Rome"


def test_a_table_without_header_keeps_its_first_row() -> None:
    assert read("t.csv", b"1,2\n3,4\n").text == "1 · 2\n3 · 4"


def test_a_header_alone_is_still_text() -> None:
    assert read("t.csv", b"City,Population\n").text == "City · Population"


def test_json_lines_lead_to_their_values() -> None:
    value = {"title": "Towns", "city": {"name": "Paris", "tags": ["a", 2, None, True]}}
    found = read("t.json", json.dumps(value).encode())
    assert found.title == "Towns"
    assert found.text.splitlines() == [
        "title: Towns", "city.name: Paris", "city.tags[0]: a", "city.tags[1]: 2", "city.tags[3]: true"
    ]  # fmt: skip


def test_json_records_stand_apart_and_bad_lines_stay() -> None:
    assert read("t.jsonl", b'{"a": 1}\n{broken\n{"a": 2}\n').text == "a: 1\n\n{broken\n\na: 2"


def test_json_nested_beyond_reason_is_read_as_text() -> None:
    deep = b"[" * 200_000 + b"]" * 200_000
    assert read("t.json", deep).text == deep.decode()


@given(st.binary(max_size=400), st.sampled_from(["a.txt", "a.md", "a.csv", "a.tsv", "a.json", "a.jsonl", "a", "a.py"]))
def test_any_bytes_give_clean_text_or_a_reason(data: bytes, name: str) -> None:
    try:
        found = read(name, data)
    except SourceError:
        return
    assert found.title
    assert found.text.strip()
    assert not set(found.text) & set("\x00\x07\r")
    found.text.encode("utf-8")


def test_deep_html_neither_hangs_nor_kills_the_reader(tmp_path: Path) -> None:
    page = tmp_path / "deep.html"
    page.write_text("<div>" * 100_000 + "<p>The bottom of the page is here.</p>", encoding="utf-8")
    after = tmp_path / "after.html"
    after.write_text("<p>The next page is read as ever.</p>", encoding="utf-8")
    read_file(page)
    assert read_file(after) == Document("after", "The next page is read as ever.", "after.html")
