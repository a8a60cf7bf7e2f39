"""Events go in, lines of a JSONL file come out: each is in the file, without secrets, when the call returns.

A process killed at any moment leaves a trace that can be read up to its last whole line, and that a later process goes
on with: it reads what is there, closes the spans that were cut off, and appends.
"""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import BaseModel

from ...core.events import Event
from ..files import storage_errors
from ..redact import Redactor
from .fold import TraceFold
from .reader import MAX_LINE_BYTES, read_trace
from .record import Kept, OnRecord, TraceRecord
from .score import Score


class TraceWriter:
    """Appends the trace of one run to the file `path`. It is an `Emit`: call it with each event.

    Args:
        path: the file, made if it does not exist; its folder has to.
        run: the run's id; if not given, the name of the file's folder, which it is in a run's directory.
        redactor: takes the secrets out; without one, the well-known shapes of secrets go.
        on_record: told each line once it is in the file, as it stands there.

    Raises:
        StorageError: when the file cannot be read or written, now or at any event.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        run: str = "",
        redactor: Redactor | None = None,
        on_record: OnRecord | None = None,
    ) -> None:
        self.path = Path(path)
        self._redactor = redactor or Redactor()
        self._on_record = on_record
        self._lock = threading.Lock()
        self._fold = TraceFold(run or self.path.absolute().parent.name)
        known = self._restore()
        with self._errors():
            self._file = self.path.open("ab", buffering=0)
            # What a killed process left of a line must not become part of ours.
            self._line_is_torn = _ends_torn(self.path)
        if not known:
            self._write([self._fold.header()])

    def __call__(self, event: Event) -> None:
        """Append what this event adds to the trace."""
        with self._lock:
            self._write(self._fold.fold(event))

    def keep(self, what: Kept, content: Any, *, subtask: str = "") -> None:
        """Keep content whole (without its secrets), for people and for training.

        Args:
            what: `brief`, `messages` (the planner's: sent and said), `plan`, `digest` or `report`.
            content: a pydantic model or JSON data.
            subtask: the subtask whose digest it is.
        """
        data = content.model_dump(mode="json") if isinstance(content, BaseModel) else content
        with self._lock:
            self._write([self._fold.keep(what, data, subtask=subtask, at=time.time())])

    def score(self, score: Score) -> None:
        """Append a judgement of the run, which may be over for long."""
        with self._lock:
            self._write([self._fold.score(score)])

    def close(self) -> None:
        """Close the file. Open spans stay open: the run may go on later."""
        with self._lock:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _restore(self) -> bool:
        """Take up what the file holds; False when it has no header yet."""
        if not self.path.exists():
            return False
        known = False
        for record in read_trace(self.path):
            if record.type == "trace":
                known = True
                self._fold = TraceFold(str(record.attributes.get("foreplan.run.id", self._fold.run)))
            self._fold.restore(record)
        return known

    def _write(self, records: list[TraceRecord]) -> None:
        for record in records:
            line = self._line(record)
            if len(line) >= MAX_LINE_BYTES:
                line = self._line(record.model_copy(update={"attributes": {"foreplan.cut": len(line)}, "event": None}))
            data = (b"\n" if self._line_is_torn else b"") + line + b"\n"
            with self._errors():
                # A full disk takes part of a line before it refuses the next.
                self._line_is_torn = self._file.write(data) < len(data)
                if self._line_is_torn:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if self._on_record is not None:
                self._on_record(TraceRecord.model_validate_json(line))

    def _line(self, record: TraceRecord) -> bytes:
        """The record as JSON. Secrets go from what it says, never from its structure: a key may be called "plan"."""
        fields = record.model_dump(exclude_defaults=True)
        clean = self._redactor.data
        if record.type != "trace":
            operation, space, target = record.name.partition(" ")
            fields |= {"name": f"{operation}{space}{clean(target)}", "message": clean(record.message)}
            for group in ("attributes", "event"):
                values = fields.get(group) or {}
                fields[group] = {name: value if name == "type" else clean(value) for name, value in values.items()}
            fields = {name: value for name, value in fields.items() if value not in ({}, "")}
        return json.dumps(fields, ensure_ascii=False).encode()

    def _errors(self) -> AbstractContextManager[None]:
        return storage_errors(f"write the trace {self.path}")


def _ends_torn(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
