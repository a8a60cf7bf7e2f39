"""A directory for each run: its brief, plan, report, result, trace, artifacts and state.

Files are whole or absent. A run is finished once it has a result; while a process works on it, it holds the run's lock,
which the system takes back when the process dies. Retention deletes finished runs only.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import BaseModel

from ..core.errors import InputError
from .errors import RunBusy, StorageError, UnknownRun
from .files import storage_errors, write_atomic
from .home import writable_folder

BIRDS = (
    "avocet", "bittern", "bunting", "crane", "curlew", "dipper", "dunlin", "eider", "falcon", "finch", "gannet",
    "godwit", "goshawk", "grebe", "harrier", "heron", "hobby", "hoopoe", "ibis", "jackdaw", "kestrel", "kite", "knot",
    "lapwing", "linnet", "magpie", "martin", "merlin", "nuthatch", "oriole", "osprey", "ouzel", "petrel", "pipit",
    "plover", "puffin", "quail", "raven", "redstart", "robin", "sanderling", "shrike", "siskin", "skua", "snipe",
    "starling", "stork", "swift", "teal", "tern", "thrush", "turnstone", "wagtail", "warbler", "whimbrel", "wigeon",
)  # fmt: skip
"""A word in a run's id makes it one that people can tell from another, and say aloud."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


def new_run_id(now: datetime | None = None) -> str:
    """A fresh id such as `20261120-211305-heron-k7qd`: in UTC, so that ids sort by time."""
    tail = "".join(secrets.choice(_LETTERS) for _ in range(4))
    return f"{now or datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.choice(BIRDS)}-{tail}"


def meant_ids(ids: Sequence[str], said: str) -> list[str]:
    """Which of `ids` somebody means who says `said`: the id itself, else its beginning, else the word in it."""
    exact = [each for each in ids if each == said]
    return exact or [each for each in ids if each.startswith(said)] or [each for each in ids if said in each.split("-")]


@dataclass(frozen=True)
class RunDir:
    """The directory `path` of run `run`. Making a `RunDir` touches nothing; `RunDirs` makes and finds them."""

    path: Path
    run: str

    @property
    def brief(self) -> Path:
        """The brief, as JSON."""
        return self.path / "brief.json"

    @property
    def plan(self) -> Path:
        """The plan as it was last changed, as JSON."""
        return self.path / "plan.json"

    @property
    def report(self) -> Path:
        """The report, in Markdown."""
        return self.path / "report.md"

    @property
    def result(self) -> Path:
        """What `--json` prints. There once the run is finished."""
        return self.path / "result.json"

    @property
    def trace(self) -> Path:
        """The trace, as JSONL."""
        return self.path / "trace.jsonl"

    @property
    def page(self) -> Path:
        """The page about the run, as HTML."""
        return self.path / "report.html"

    @property
    def artifacts(self) -> Path:
        """The folder of the run's artifacts."""
        return self.path / "artifacts"

    @property
    def state(self) -> Path:
        """The SQLite file of LangGraph's checkpoints."""
        return self.path / "state.sqlite"

    @property
    def store(self) -> Path:
        """The SQLite file of plan items, results and the ledger's journal."""
        return self.path / "store.sqlite"

    @property
    def _lock(self) -> Path:
        # Beside the directory: Windows renames no folder in which a file is open.
        return self.path.with_name(f".{self.path.name}.lock")

    @property
    def finished(self) -> bool:
        """Whether the run has left a result."""
        return self.result.is_file()

    def write(self, path: Path, content: BaseModel | dict[str, Any] | list[Any] | str) -> None:
        """Write one of the files above: a model or JSON data as JSON, text as it is.

        Raises:
            StorageError: when it cannot be written; what was there before stays.
        """
        text = content if isinstance(content, str) else _json(content)
        with storage_errors(f"write {path}"):
            write_atomic(path, text.encode("utf-8", "replace"))

    def read(self, path: Path) -> Any:
        """Read one of the JSON files above.

        Raises:
            StorageError: when it is not there, or is not JSON.
        """
        with storage_errors(f"read {path}", hint="The run may have ended before it was written."):
            text = path.read_text(encoding="utf-8", errors="replace")
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise StorageError(f"{path} is not JSON: {error}.", hint="It was edited; restore or delete it.") from error

    @contextmanager
    def working(self) -> Iterator[None]:
        """Hold the run's lock for the block, so that nothing else resumes or deletes the run.

        Raises:
            RunBusy: when another process is at work on it.
            StorageError: when it cannot be locked.
        """
        lock = FileLock(self._lock, timeout=0, thread_local=False)
        with storage_errors(f"lock the run in {self.path}"):
            try:
                lock.acquire()
            except Timeout as error:
                raise RunBusy(
                    f"Run {self.run} is being worked on by another process.", hint="Wait until it ends, or stop it."
                ) from error
        try:
            yield
        finally:
            lock.release()

    def remove(self) -> None:
        """Delete the run with all it holds. It is gone from lists at once, even if the deleting is cut short.

        Raises:
            RunBusy: when another process is at work on it.
            StorageError: when it cannot be deleted.
        """
        gone = self.path.with_name(f".{self.path.name}.deleted")
        with self.working(), storage_errors(f"delete {self.path}"):
            self.path.replace(gone)
        with storage_errors(f"delete {gone}"):
            self._lock.unlink(missing_ok=True)
            shutil.rmtree(gone)


class RunDirs:
    """All runs below a data home, in its folder `runs`."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "runs"

    def create(self, run: str | None = None) -> RunDir:
        """Make the directory of a new run, under an id of its own or the one given.

        Raises:
            InputError: when the given id cannot name a directory, or is taken.
            StorageError: when the directory cannot be made.
        """
        directory = self.at(run or new_run_id())
        writable_folder(self.folder)
        try:
            with storage_errors(f"make {directory.path}"):
                directory.path.mkdir(mode=0o700)
        except StorageError as error:
            if isinstance(error.__cause__, FileExistsError):
                if run is None:
                    return self.create()
                raise InputError(f"There is a run {run} already.", hint="Choose another id, or resume it.") from error
            raise
        return directory

    def at(self, run: str) -> RunDir:
        """The directory of the run with exactly this id, whether it exists or not.

        Raises:
            InputError: when the id cannot name a directory.
        """
        if not _ID.fullmatch(run):
            raise InputError(
                f"{run[:100]!r} cannot be the id of a run.",
                hint="Use at most 100 letters, digits, '-', '_' and '.', and begin with a letter or digit.",
            )
        return RunDir(self.folder / run, run)

    def list(self) -> tuple[RunDir, ...]:
        """All runs, newest first.

        Raises:
            StorageError: when the folder cannot be read.
        """
        with storage_errors(f"list the runs in {self.folder}"):
            if not self.folder.is_dir():
                return ()
            names = [path.name for path in self.folder.iterdir() if _ID.fullmatch(path.name) and path.is_dir()]
        return tuple(self.at(name) for name in sorted(names, reverse=True))

    def find(self, prefix: str) -> RunDir:
        """The run whose id is `prefix`, or the only one whose id begins with it or has it as its word, such as `heron`.

        Raises:
            UnknownRun: when there is none or more than one, or the id is empty; the hint names candidates.
        """
        if not prefix:
            raise UnknownRun("The id of the run is empty.", hint="`foreplan show` lists them.")
        runs = self.list()
        found = [self.at(run) for run in meant_ids([each.run for each in runs], prefix)]
        if len(found) == 1:
            return found[0]
        candidates = ", ".join(each.run for each in (found or runs)[:5])
        what = "More than one run has" if found else "No run has"
        hint = f"Candidates: {candidates}." if candidates else f"There are no runs in {self.folder} yet."
        raise UnknownRun(f"{what} an id that begins with {prefix[:100]!r}, or has it as its word.", hint=hint)

    def prune(self, *, keep_days: float | None = None, keep_runs: int | None = None) -> tuple[str, ...]:
        """Delete finished runs that are older than `keep_days` or beyond the newest `keep_runs`; None keeps all.

        A run without a result, or with a process at work on it, is never deleted. Returns the ids of those deleted.

        Raises:
            StorageError: when one cannot be deleted.
        """
        self._finish_deleting()
        finished = [each for each in self.list() if each.finished]
        oldest = None if keep_days is None else time.time() - timedelta(days=keep_days).total_seconds()
        deleted = []
        for place, directory in enumerate(finished):
            too_many = keep_runs is not None and place >= keep_runs
            too_old = oldest is not None and directory.result.stat().st_mtime < oldest
            if (too_many or too_old) and _removed(directory):
                deleted.append(directory.run)
        return tuple(deleted)

    def _finish_deleting(self) -> None:
        if self.folder.is_dir():
            for path in self.folder.glob(".*.deleted"):
                with storage_errors(f"delete {path}"):
                    shutil.rmtree(path)


def _removed(directory: RunDir) -> bool:
    try:
        directory.remove()
    except RunBusy:
        return False
    return True


def _json(content: BaseModel | dict[str, Any] | list[Any]) -> str:
    if isinstance(content, BaseModel):
        return content.model_dump_json(indent=2) + "\n"
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
