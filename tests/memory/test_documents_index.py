"""The document index: what is in the folders is found, exactly, however often it is updated, shared or broken."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreplan.memory.documents.base import Document
from foreplan.memory.documents.index import DocumentIndex, IndexReport
from foreplan.memory.documents.passages import MAX_CHARS, split
from foreplan.memory.errors import SourceError, StorageError, UnknownDocument

OLD = 1_600_000_000_000_000_000


def put(path: Path, text: str, *, mtime_ns: int = OLD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(mtime_ns, mtime_ns))
    return path


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    put(folder / "Lighthouse.txt", "The lighthouse on Skerry was finished in 1871.")
    put(folder / "Harbour.md", "# Harbour rules\n\nBoats leave the harbour before noon.")
    return folder


def found(index: DocumentIndex, query: str) -> list[str]:
    return [passage.source for passage in index.search(query)]


def test_update_reads_only_what_changed(tmp_path: Path, notes: Path) -> None:
    index = DocumentIndex.open(tmp_path / "data")
    assert index.update([notes]) == IndexReport(added=2)
    read: list[str] = []
    progress = lambda done, total, source: read.append(f"{done}/{total} {source}")  # noqa: E731
    assert index.update([notes], progress=progress) == IndexReport(unchanged=2)
    put(notes / "Lighthouse.txt", "The lighthouse was torn down.", mtime_ns=OLD + 1)
    put(notes / "Ferry.txt", "The ferry runs on Sundays.")
    (notes / "Harbour.md").unlink()
    assert index.update([notes], progress=progress) == IndexReport(added=2, removed=1)
    assert read == ["1/2 Ferry.txt", "2/2 Lighthouse.txt"]
    assert len(index) == 2
    assert found(index, "harbour boats") == []
    assert found(index, "lighthouse 1871 torn") == ["Lighthouse.txt"]


def test_a_new_date_alone_is_no_change_and_a_change_without_new_size_is(tmp_path: Path, notes: Path) -> None:
    index = DocumentIndex.open(tmp_path / "data")
    index.update([notes])
    os.utime(notes / "Harbour.md", ns=(OLD + 5, OLD + 5))
    put(notes / "Lighthouse.txt", "The lighthouse on Skerry was finished in 1891.", mtime_ns=OLD + 5)
    assert index.update([notes]) == IndexReport(added=1, unchanged=1)
    assert index.search("lighthouse")[0].text.endswith("1891.")


def test_a_change_within_one_tick_of_the_clock_is_seen(tmp_path: Path, notes: Path) -> None:
    index = DocumentIndex.open(tmp_path / "data")
    path = notes / "Lighthouse.txt"
    path.write_text("It stands at 10 m.", encoding="utf-8")
    tick = path.stat().st_mtime_ns
    index.update([notes])
    put(path, "It stands at 20 m.", mtime_ns=tick)
    index.update([notes])
    assert index.search("stands")[0].text == "It stands at 20 m."


def test_skipped_files_are_listed_each_time_and_remembered(tmp_path: Path, notes: Path) -> None:
    (notes / "image.txt").write_bytes(b"\x00\x01")
    (notes / "out").symlink_to("/")
    index = DocumentIndex.open(tmp_path / "data")
    first = index.update([notes])
    assert [skip.path for skip in first.skipped] == ["image.txt", "out"]
    assert first.skipped[0].reason == "it is binary, not text"
    read: list[str] = []
    second = index.update([notes], progress=lambda done, total, source: read.append(source))
    assert ([skip.path for skip in second.skipped], read) == (["image.txt", "out"], [])
    assert [skip.path for skip in DocumentIndex.open(tmp_path / "data").skipped()] == ["image.txt", "out"]
    put(notes / "image.txt", "Now it is text.")
    assert [skip.path for skip in index.update([notes]).skipped] == ["out"]


def test_a_missing_folder_leaves_the_index_as_it_was(tmp_path: Path, notes: Path) -> None:
    index = DocumentIndex.open(tmp_path / "data")
    index.update([notes])
    with pytest.raises(SourceError):
        index.update([tmp_path / "missing"])
    assert len(index) == 2


def test_an_interrupted_update_changes_nothing(tmp_path: Path, notes: Path) -> None:
    index = DocumentIndex.open(tmp_path / "data")
    index.update([notes])
    put(notes / "Ferry.txt", "The ferry runs on Sundays.")
    (notes / "Harbour.md").unlink()

    def interrupt(done: int, total: int, source: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.update([notes], progress=interrupt)
    for again in (index, DocumentIndex.open(tmp_path / "data")):
        assert len(again) == 2
        assert found(again, "harbour boats") == ["Harbour.md"]
        assert found(again, "ferry") == []
    assert index.update([notes]) == IndexReport(added=1, unchanged=1, removed=1)
    assert found(index, "ferry") == ["Ferry.txt"]


CRASH = """
import os, sys
from pathlib import Path
from foreplan.memory.documents import store
from foreplan.memory.documents.index import DocumentIndex
place, data, notes = sys.argv[1:]
index = DocumentIndex.open(Path(data))
if place == "before the full text is written":
    index.update([Path(notes)], progress=lambda *_: os._exit(9))
else:  # the full text is written, the documents are not
    dirty = store.DocumentStore.dirty
    set_or_die = lambda self, value: dirty.fset(self, value) if value else os._exit(9)
    store.DocumentStore.dirty = property(dirty.fget, set_or_die)
    index.update([Path(notes)])
"""


@pytest.mark.parametrize("place", ["before the full text is written", "after"])
def test_a_killed_update_is_made_good(tmp_path: Path, notes: Path, place: str) -> None:
    DocumentIndex.open(tmp_path / "data").update([notes])
    put(notes / "Ferry.txt", "The ferry runs on Sundays.")
    (notes / "Harbour.md").unlink()
    killed = subprocess.run([sys.executable, "-c", CRASH, place, tmp_path / "data", notes], check=False)
    assert killed.returncode == 9
    index = DocumentIndex.open(tmp_path / "data")
    assert found(index, "harbour boats ferry") == ["Harbour.md"]
    index.update([notes])
    assert found(index, "harbour boats ferry") == ["Ferry.txt"]


def test_damaged_parts_are_made_anew(tmp_path: Path, notes: Path) -> None:
    data = tmp_path / "data"
    DocumentIndex.open(data).update([notes])
    (folder,) = data.iterdir()
    shutil.copytree(folder, tmp_path / "whole")
    for damage in ("documents.sqlite", "fulltext/meta.json", "fulltext/*.idx", "fulltext/*.term", "fulltext"):
        shutil.rmtree(folder)
        shutil.copytree(tmp_path / "whole", folder)
        for path in folder.glob(damage):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.write_bytes(b"garbage" * 100)
        index = DocumentIndex.open(data)
        index.update([notes])
        assert found(index, "lighthouse") == ["Lighthouse.txt"], damage
        index.close()


def test_two_processes_at_once_leave_a_whole_index(tmp_path: Path, notes: Path) -> None:
    for number in range(150):
        put(notes / f"page {number}.txt", f"Page {number} speaks of the harbour.")
    program = (
        "import sys; from pathlib import Path; from foreplan.memory.documents.index import DocumentIndex\n"
        "for _ in range(3):\n"
        "    index = DocumentIndex.open(Path(sys.argv[1])); index.update([Path(folder) for folder in sys.argv[2:]])\n"
        "    assert index.search('harbour'); index.close()"
    )
    other = put(tmp_path / "other" / "Ferry.txt", "The ferry leaves the harbour.").parent
    runs = [
        subprocess.Popen([sys.executable, "-c", program, tmp_path / "data", *folders])
        for folders in ([notes], [notes, other])
    ]
    assert [run.wait(60) for run in runs] == [0, 0]
    index = DocumentIndex.open(tmp_path / "data")
    index.update([notes, other])
    assert len(index) == 153
    assert len(index.search("harbour", limit=500)) == 152


def test_an_open_index_sees_what_another_has_written(tmp_path: Path, notes: Path) -> None:
    reader, writer = DocumentIndex.open(tmp_path / "data"), DocumentIndex.open(tmp_path / "data")
    assert found(reader, "lighthouse") == []
    writer.update([notes])
    assert found(reader, "lighthouse") == ["Lighthouse.txt"]


def test_searching_goes_on_while_another_thread_updates(tmp_path: Path, notes: Path) -> None:
    index = DocumentIndex.open(tmp_path / "data")
    index.update([notes])
    put(notes / "Ferry.txt", "The ferry runs on Sundays.")
    reached, go_on = threading.Event(), threading.Event()

    def wait(done: int, total: int, source: str) -> None:
        reached.set()
        assert go_on.wait(30)

    thread = threading.Thread(target=index.update, args=([notes],), kwargs={"progress": wait})
    thread.start()
    assert reached.wait(30)
    try:
        assert found(index, "lighthouse ferry") == ["Lighthouse.txt"]
    finally:
        go_on.set()
        thread.join()
    assert set(found(index, "lighthouse ferry")) == {"Lighthouse.txt", "Ferry.txt"}


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StorageError, match="cannot be written"):
        DocumentIndex.open(tmp_path / "file")


def test_unknown_documents_are_an_error() -> None:
    with pytest.raises(UnknownDocument):
        DocumentIndex.in_memory([]).text("nothing")


def test_stems_titles_and_scripts_without_spaces_are_found() -> None:
    index = DocumentIndex.in_memory(
        [
            Document("Ferries", "They were publishing timetables.", "a"),
            Document("Other", "A ferry publishes nothing.", "b"),
            Document("東京", "東京は日本の首都である。", "c"),
            Document("Göttingen", "Eine Universität in Göttingen.", "d"),
        ]
    )
    assert set(found(index, "published")) == {"a", "b"}
    assert found(index, "ferry")[0] == "a"
    assert found(index, "日本") == ["c"]
    assert found(index, "GOTTINGEN") == ["d"]


def test_stop_words_count_when_there_is_nothing_else() -> None:
    index = DocumentIndex.in_memory([Document("Band", "The Who played at Leeds.", "a"), Document("B", "Leeds.", "b")])
    assert found(index, "Who is it") == ["a"]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_string_is_a_query(query: str) -> None:
    assert len(SMALL.search(query)) <= 6


@pytest.mark.parametrize(
    "query", ["", " ", '"', "a AND (b OR", "title:*", "[1 TO *]", "\ud800", "\0", "x" * 1_000_000, "harbour " * 200_000]
)
def test_odd_queries_are_safe(query: str) -> None:
    assert len(SMALL.search(query)) <= 6
    assert SMALL.search(query, limit=0) == []


SMALL = DocumentIndex.in_memory([Document("Harbour", "Boats AND ferries: title:x (a OR b) in the harbour.", "a")])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(), max_size=3_000), max_size=4), st.sampled_from(["\n\n", "\n", ". ", " "]))
def test_passages_are_exact_spans_of_the_text(parts: list[str], between: str) -> None:
    text = between.join(["harbour " * 300, *parts])
    index = DocumentIndex.in_memory([Document("T", text, "a")])
    passages = index.search("harbour", limit=100)
    assert passages
    for passage in passages:
        assert index.text(passage.document)[passage.start : passage.end] == passage.text
    whole = index.text(passages[0].document)
    assert "".join(span.of(whole) for span in split(whole)) == whole


@given(st.text(st.sampled_from("ab .\n#"), max_size=6_000))
def test_passages_cover_the_text_and_are_short(text: str) -> None:
    spans = split(text)
    assert "".join(span.of(text) for span in spans) == text
    assert all(len(span.of(text).strip()) <= MAX_CHARS for span in spans)


def test_paragraphs_stay_whole_and_headings_open_passages() -> None:
    paragraph = "The harbour was dredged again that year, and the pilots moved to the new quay. " * 4
    text = "\n\n".join([paragraph, paragraph, "## Later years", paragraph, paragraph, paragraph])
    assert [span.of(text).split("\n")[0][:14] for span in split(text)] == [
        "The harbour wa",
        "## Later years",
        "The harbour wa",
    ]


def test_equal_documents_are_kept_once_and_empty_ones_not_at_all() -> None:
    same = Document("T", "The same text.", "a")
    assert len(DocumentIndex.in_memory([same, same, Document("E", " \n", "b")])) == 1


def test_an_index_in_memory_can_follow_folders_too(notes: Path) -> None:
    index = DocumentIndex.in_memory([])
    assert index.update([notes]) == IndexReport(added=2)
    assert found(index, "lighthouse") == ["Lighthouse.txt"]
    assert [(title, source) for _, title, source in index.documents()] == [
        ("Harbour rules", "Harbour.md"),
        ("Lighthouse", "Lighthouse.txt"),
    ]
