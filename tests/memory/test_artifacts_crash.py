"""Kills, full disks, read-only folders, damage, and several processes at one store."""

import hashlib
import os
import re
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any

import pytest

from foreplan.memory.artifacts import FolderArtifacts, SqliteArtifacts, open_artifacts
from foreplan.memory.errors import StorageError, UnknownArtifact, UnknownVersion

PUTTER = """
import sys
from foreplan.memory.artifacts import open_artifacts
where, name, count, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
print("ready", flush=True)
sys.stdin.readline()
store = open_artifacts(where)
for number in range(count):
    print(store.for_run(name).put(f"{number} " * size), flush=True)
"""


def start_putter(where: Path | str, name: str = "run", count: int = 100_000, size: int = 100) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PUTTER, str(where), name, str(count), str(size)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert said(process).readline() == "ready\n"
    return process


def said(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout


def go(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


@pytest.fixture(params=["folder", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return tmp_path / ("artifacts" if request.param == "folder" else "artifacts.sqlite")


@pytest.mark.parametrize("kill_after", [1, 7])
def test_a_put_that_was_killed_leaves_nothing_readable_and_loses_nothing(where: Path | str, kill_after: int) -> None:
    process = start_putter(where, size=200_000)
    go(process)
    acknowledged = [said(process).readline().strip() for _ in range(kill_after)]
    process.kill()
    acknowledged += re.findall(r"^[0-9a-f]{64}$", said(process).read(), re.MULTILINE)
    process.wait()
    with open_artifacts(where) as store:
        for number, sha256 in enumerate(acknowledged):
            assert store.get(sha256).text == f"{number} " * 200_000
        assert len(acknowledged) <= len(store) <= len(acknowledged) + 1
        at_work = hashlib.sha256((f"{len(acknowledged)} " * 200_000).encode()).hexdigest()
        if len(store) == len(acknowledged):
            with pytest.raises(UnknownArtifact):
                store.get(at_work)
        assert store.put(f"{len(acknowledged)} " * 200_000) == at_work
        assert store.get(at_work).sha256 == at_work


def test_two_processes_share_one_store_while_a_third_collects(where: Path | str) -> None:
    first, second = start_putter(where, "first", 60), start_putter(where, "second", 60)
    go(first, second)
    said(first).readline()
    with open_artifacts(where) as store:
        while first.poll() is None or second.poll() is None:
            assert store.collect({"first"}) == 0
        hashes = {*said(first).read().split(), *said(second).read().split()}
        assert (first.returncode, second.returncode) == (0, 0)
        assert len(store) == 60
        assert store.collect({"second"}, grace_s=-1) == 0
        assert {store.get(sha256).sha256 for sha256 in hashes} == hashes


def test_an_abandoned_unfinished_file_is_collected(tmp_path: Path) -> None:
    store = FolderArtifacts(tmp_path)
    store.put("kept")
    leftover = tmp_path / "tmp" / ".abandoned.tmp"
    leftover.write_text("half of")
    os.utime(leftover, (1, 1))
    store.collect(set(), grace_s=0)
    assert not leftover.exists()
    assert len(store) == 1


def damage_folder(store: FolderArtifacts, sha256: str) -> None:
    path = store.folder / "objects" / sha256[:2] / sha256[2:]
    path.write_bytes(path.read_bytes().replace(b"whole", b"hole!"))


def damage_sqlite(store: SqliteArtifacts, sha256: str) -> None:
    with sqlite3.connect(store.path) as connection:
        connection.execute("UPDATE artifact SET body = ? WHERE sha256 = ?", (b"the hole", bytes.fromhex(sha256)))
    connection.close()


@pytest.mark.parametrize(("name", "damage"), [("folder", damage_folder), ("one.sqlite", damage_sqlite)])
def test_changed_text_is_refused_and_repaired_by_putting_it_again(
    tmp_path: Path, name: str, damage: Callable[[Any, str], None]
) -> None:
    with open_artifacts(tmp_path / name) as store:
        sha256 = store.put("the whole text")
        damage(store, sha256)
        with pytest.raises(UnknownArtifact, match="changed or damaged"):
            store.get(sha256)
        assert store.put("the whole text") == sha256
        assert store.get(sha256).text == "the whole text"


def test_damaged_labels_are_an_error_that_names_them(tmp_path: Path) -> None:
    store = FolderArtifacts(tmp_path)
    sha256 = store.put("text")
    path = tmp_path / "objects" / sha256[:2] / sha256[2:]
    path.write_bytes(b"{broken\ntext")
    with pytest.raises(StorageError, match="labels"):
        store.get(sha256)


ReadOnly = Callable[[Path], AbstractContextManager[None]]


@pytest.mark.parametrize("name", ["artifacts", "new", "new/deeper", "new.sqlite"])
def test_a_read_only_folder_is_a_clear_error(open_folder: Path, read_only: ReadOnly, name: str) -> None:
    FolderArtifacts(open_folder / "artifacts").put("was here")
    with read_only(open_folder), pytest.raises(StorageError, match=re.escape(str(open_folder))) as caught:
        open_artifacts(open_folder / name).put("text")
    assert caught.value.hint


def test_a_read_only_folder_can_be_read(open_folder: Path, read_only: ReadOnly) -> None:
    sha256 = FolderArtifacts(open_folder).put("was here")
    with read_only(open_folder):
        assert FolderArtifacts(open_folder).get(sha256).text == "was here"


@pytest.mark.parametrize("name", ["artifacts", "artifacts.sqlite"])
def test_a_full_disk_is_a_clear_error_and_earlier_text_stays(tmp_path: Path, name: str) -> None:
    with open_artifacts(tmp_path / name) as store:
        early = store.put("early")
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
        try:
            with pytest.raises(StorageError, match=re.escape(str(tmp_path))):
                store.put("too much " * 100_000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert store.get(early).text == "early"
        assert len(store) == 1
        assert store.get(store.put("too much " * 100_000)).text.endswith("too much ")


def test_an_unknown_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    FolderArtifacts(tmp_path / "folder").put("text")
    (tmp_path / "folder" / "VERSION").write_text("2\n")
    with SqliteArtifacts(tmp_path / "a.sqlite"), sqlite3.connect(tmp_path / "a.sqlite") as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    for name in ["folder", "a.sqlite"]:
        with pytest.raises(UnknownVersion, match="Upgrade"):
            open_artifacts(tmp_path / name)


def test_files_that_are_not_stores_are_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("not a database, but somebody's notes " * 100)
    (tmp_path / "file").write_text("not a folder")
    with sqlite3.connect(tmp_path / "other.sqlite") as connection:
        connection.execute("CREATE TABLE somebody_elses (x)")
    connection.close()
    for name in ["notes.db", "other.sqlite", "file"]:
        before = (tmp_path / name).read_bytes()
        with pytest.raises(StorageError, match=name):
            open_artifacts(tmp_path / name).put("text")
        assert (tmp_path / name).read_bytes() == before


@pytest.mark.postgres
def test_a_newer_postgres_schema_is_refused(postgres_url: str) -> None:
    import psycopg

    open_artifacts(postgres_url).close()
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE foreplan_artifact_version SET version = 2")
    with pytest.raises(UnknownVersion, match="Upgrade"):
        open_artifacts(postgres_url)


@pytest.mark.postgres
def test_a_lost_connection_is_made_again(postgres_url: str, postgres_server: str) -> None:
    import psycopg

    with open_artifacts(postgres_url) as store, psycopg.connect(postgres_server, autocommit=True) as connection:
        sha256 = store.put("before")
        name = psycopg.conninfo.conninfo_to_dict(postgres_url)["dbname"]
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        assert store.get(sha256).text == "before"


@pytest.mark.postgres
def test_a_dead_server_is_a_clear_error_without_the_password(postgres_url: str) -> None:
    with pytest.raises(StorageError, match="server runs") as caught:
        open_artifacts("postgresql://me:hunter2secret@127.0.0.1:1/db")
    assert "hunter2secret" not in str(caught.value)
    assert caught.value.kind == "transient"
