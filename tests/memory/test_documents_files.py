"""Which files a folder gives: none outside it, none hidden, none that is no file; always in the same order."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from foreplan.memory.documents.base import Skipped
from foreplan.memory.documents.files import SourceFile, read_bytes, walk
from foreplan.memory.errors import SourceError


def names(*folders: Path) -> list[str]:
    return [found.source for found in walk(folders) if isinstance(found, SourceFile)]


def skipped(*folders: Path) -> dict[str, str]:
    return {found.path: found.reason for found in walk(folders) if isinstance(found, Skipped)}


def put(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_files_are_sorted_and_hidden_and_machine_made_ones_left_out(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "d/c.txt", ".env", ".git/config", "node_modules/m.js", ".venv/x.py", "d/.x/y.txt"):
        put(tmp_path / name)
    assert names(tmp_path) == ["a.txt", "b.txt", "d/c.txt"]


def test_links_out_of_the_folder_are_reported_and_those_within_are_not_followed_twice(tmp_path: Path) -> None:
    secret = put(tmp_path / "outside" / "secret.txt")
    folder = tmp_path / "folder"
    put(folder / "a.txt")
    (folder / "in.txt").symlink_to(folder / "a.txt")
    (folder / "file.txt").symlink_to(secret)
    (folder / "dir").symlink_to(secret.parent)
    (folder / "up").symlink_to("..")
    (folder / "nowhere").symlink_to("missing")
    (folder / "loop").symlink_to("loop")
    assert names(folder) == ["a.txt"]
    assert set(skipped(folder)) == {"dir", "file.txt", "loop", "nowhere", "up"}


def test_a_named_link_is_the_folder_it_leads_to(tmp_path: Path) -> None:
    put(tmp_path / "real" / "a.txt")
    (tmp_path / "link").symlink_to("real")
    assert names(tmp_path / "link") == ["a.txt"]


def test_a_single_file_can_be_named(tmp_path: Path) -> None:
    assert names(put(tmp_path / "d" / "a.txt")) == ["a.txt"]


def test_a_file_under_two_named_folders_comes_once_and_equal_names_are_told_apart(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        put(tmp_path / folder / "readme.md")
    assert names(tmp_path / "one", tmp_path / "one", tmp_path / "two") == ["readme.md", "two/readme.md"]


def test_pipes_sockets_and_huge_files_are_reported_unopened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    monkeypatch.chdir(tmp_path)  # The path of a socket is bounded to about 100 characters.
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("s.txt")
    with (tmp_path / "huge.txt").open("wb") as huge:
        huge.truncate(1_000_000_000)
    found = skipped(tmp_path)
    assert "not a regular file" in found["pipe.txt"]
    assert "not a regular file" in found["s.txt"]
    assert found["huge.txt"] == "it is larger than 50 MB"
    assert names(tmp_path) == []


def test_what_takes_a_files_place_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(put(tmp_path / "a.txt"))
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(1_000)
    for name in ("pipe", "link", "missing"):
        with pytest.raises(SourceError):
            read_bytes(tmp_path / name)
    with pytest.raises(SourceError, match="larger"):
        read_bytes(tmp_path / "huge", limit=999)
    assert read_bytes(tmp_path / "huge", limit=1_000) == bytes(1_000)


@pytest.mark.parametrize("name", ["missing", "a\0b", "x" * 5_000])
def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match="no folder or file"):
        list(walk([tmp_path / name]))


def test_names_that_are_no_utf8_are_shown_as_text(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    try:
        with open(path, "wb") as file:  # noqa: PTH123 - a name that pathlib would not write
            file.write(b"x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (name,) = names(tmp_path)
    name.encode("utf-8")
    assert name.startswith("caf")
