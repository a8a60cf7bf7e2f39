"""A directory per run: made, found, written whole, kept and deleted by the rules; and the home they stand in."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.core.errors import InputError, SettingsError
from foreplan.memory.errors import RunBusy, StorageError, UnknownRun
from foreplan.memory.home import data_home, writable_folder
from foreplan.memory.rundir import RunDir, RunDirs, new_run_id

DAY_S = 86_400


def finished(runs: RunDirs, run: str, *, days_ago: float = 0) -> RunDir:
    directory = runs.create(run)
    directory.write(directory.result, {"state": "done"})
    then = time.time() - days_ago * DAY_S
    os.utime(directory.result, (then, then))
    return directory


def test_ids_sort_by_time_and_say_it() -> None:
    start = datetime(2026, 11, 20, 21, 13, 5, tzinfo=UTC)
    ids = [new_run_id(start + timedelta(seconds=number)) for number in range(50)]
    assert ids == sorted(ids)
    assert ids[0].startswith("20261120-211305-")
    assert len({new_run_id(start) for _ in range(200)}) == 200


def test_what_is_written_is_read(tmp_path: Path) -> None:
    directory = RunDirs(tmp_path).create()
    directory.write(directory.plan, {"mode": "plan", "text": "żółw \ud800"})
    directory.write(directory.report, "# Report\n")
    assert directory.read(directory.plan) == {"mode": "plan", "text": "żółw ?"}
    assert directory.report.read_text() == "# Report\n"
    assert not directory.finished
    directory.write(directory.result, {})
    assert directory.finished


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    import resource

    directory = RunDirs(tmp_path).create()
    directory.write(directory.report, "the old report")
    before = sorted(directory.path.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        with pytest.raises(StorageError, match=r"report\.md"):
            directory.write(directory.report, "x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert directory.report.read_text() == "the old report"
    assert sorted(directory.path.iterdir()) == before


@pytest.mark.parametrize("content", [None, "{half", "[" * 100_000])
def test_a_missing_or_broken_file_is_a_clear_error(tmp_path: Path, content: str | None) -> None:
    directory = RunDirs(tmp_path).create()
    if content is not None:
        directory.plan.write_text(content)
    with pytest.raises(StorageError, match=r"plan\.json") as caught:
        directory.read(directory.plan)
    assert caught.value.hint


def test_runs_are_listed_newest_first_and_found_by_prefix(tmp_path: Path) -> None:
    runs = RunDirs(tmp_path)
    assert runs.list() == ()
    ids = ["20261120-211305-heron-k7qd", "20261120-211306-teal-aaaa", "20261121-080000-teal-bbbb"]
    for run in ids:
        runs.create(run)
    (tmp_path / "runs" / "stray.txt").write_text("not a run")
    (tmp_path / "runs" / ".hidden").mkdir()
    assert [each.run for each in runs.list()] == ids[::-1]
    assert runs.find("20261121").run == ids[2]
    assert runs.find(ids[0]).path == tmp_path / "runs" / ids[0]
    assert runs.find("heron").run == ids[0]
    with pytest.raises(UnknownRun, match="More than one"):
        runs.find("teal")
    with pytest.raises(UnknownRun, match="No run has"):
        runs.find("hero")
    with pytest.raises(UnknownRun, match="More than one") as caught:
        runs.find("20261120-21130")
    assert ids[0] in caught.value.hint
    assert ids[1] in caught.value.hint
    with pytest.raises(UnknownRun, match="No run has"):
        runs.find("1999")


def test_an_exact_id_wins_over_longer_ones(tmp_path: Path) -> None:
    runs = RunDirs(tmp_path)
    for run in ["job", "job-2"]:
        runs.create(run)
    assert runs.find("job").run == "job"


@given(run=st.text(max_size=20))
def test_no_id_leads_out_of_the_folder(run: str) -> None:
    runs = RunDirs(Path("/home-of-runs"))
    try:
        path = runs.at(run).path
    except InputError:
        return
    assert path.resolve().parent == Path("/home-of-runs/runs")


@pytest.mark.parametrize("run", ["", "..", "../x", "a/b", "a\\b", ".hidden", "x" * 101, "a\n", "a\x00"])
def test_ids_that_cannot_name_a_directory_are_refused(tmp_path: Path, run: str) -> None:
    with pytest.raises(InputError, match="cannot be the id"):
        RunDirs(tmp_path).at(run)


def test_an_id_that_is_taken_is_refused(tmp_path: Path) -> None:
    runs = RunDirs(tmp_path)
    runs.create("mine")
    with pytest.raises(InputError, match="already"):
        runs.create("mine")


def test_prune_deletes_old_and_surplus_finished_runs_only(tmp_path: Path) -> None:
    runs = RunDirs(tmp_path)
    finished(runs, "20260101-old", days_ago=100)
    runs.create("20260102-unfinished")
    for number in range(3):
        finished(runs, f"20261120-{number}", days_ago=1)
    assert runs.prune() == ()
    assert runs.prune(keep_days=90) == ("20260101-old",)
    assert runs.prune(keep_runs=2) == ("20261120-0",)
    assert [each.run for each in runs.list()] == ["20261120-2", "20261120-1", "20260102-unfinished"]
    assert runs.prune(keep_runs=0) == ("20261120-2", "20261120-1")
    assert [each.run for each in runs.list()] == ["20260102-unfinished"]


HOLDER = """
import sys
from pathlib import Path
from foreplan.memory.rundir import RunDirs
with RunDirs(Path(sys.argv[1])).at(sys.argv[2]).working():
    print("working", flush=True)
    sys.stdin.readline()
"""


def test_a_run_being_worked_on_is_neither_resumed_nor_deleted_until_its_process_dies(tmp_path: Path) -> None:
    runs = RunDirs(tmp_path)
    directory = finished(runs, "busy", days_ago=5)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path), "busy"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "working\n"
        with pytest.raises(RunBusy, match="another process"), directory.working():
            pass
        assert runs.prune(keep_runs=0) == ()
        holder.kill()
    with directory.working():
        assert runs.prune(keep_runs=0) == ()
    assert runs.prune(keep_runs=0) == ("busy",)
    assert list(runs.folder.iterdir()) == []


def test_a_deletion_that_was_cut_short_is_finished_by_the_next(tmp_path: Path) -> None:
    runs = RunDirs(tmp_path)
    directory = finished(runs, "half")
    directory.path.rename(runs.folder / ".half.deleted")
    assert runs.list() == ()
    runs.prune()
    assert list(runs.folder.iterdir()) == []


def test_the_setting_wins_over_the_variable_over_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("FOREPLAN_HOME", raising=False)
    assert data_home().is_relative_to(tmp_path)
    assert data_home().name == "foreplan"
    monkeypatch.setenv("FOREPLAN_HOME", str(tmp_path / "variable"))
    assert data_home() == tmp_path / "variable"
    assert data_home(Path("~/setting")) == tmp_path / "setting"
    assert data_home(Path("relative")) == Path.cwd() / "relative"


NOWHERE = """
import os, sys
os.environ.pop("HOME", None)
from pathlib import Path
from foreplan.memory.home import data_home
os.setuid(54321)
for setting in (None, Path("~/x")):
    try:
        print(data_home(setting))
    except Exception as error:
        print(type(error).__name__, error)
"""


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can become a user without a home")
def test_a_user_without_a_home_is_told_what_to_do() -> None:
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("HOME", "XDG", "FOREPLAN"))}
    done = subprocess.run([sys.executable, "-c", NOWHERE], env=environ, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert line.startswith("SettingsError No home folder is known")
        assert "FOREPLAN_HOME" in line


def test_a_home_whose_variable_names_no_user_is_told_what_to_do() -> None:
    with pytest.raises(SettingsError, match="FOREPLAN_HOME"):
        data_home(environ={"FOREPLAN_HOME": "~no-such-user-here/x"})


@pytest.mark.parametrize("name", ["", "deeper"])
def test_a_read_only_home_is_a_clear_error(
    open_folder: Path, read_only: Callable[[Path], AbstractContextManager[None]], name: str
) -> None:
    with read_only(open_folder), pytest.raises(StorageError, match=r"read-only|cannot be made") as caught:
        writable_folder(open_folder / name)
    assert "FOREPLAN_HOME" in caught.value.hint


def test_a_file_in_the_place_of_the_home_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be made"):
        RunDirs(tmp_path / "file").create()
