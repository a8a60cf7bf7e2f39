"""Reads files in a child process, so that a hostile one can neither hang this process nor eat its memory.

The child is started by its own command, not by multiprocessing, which would run the user's main script again.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from ..base import Document, Skipped

TIME_LIMIT_S = 60.0
"""Seconds for one file. A book of 1,000 pages takes about 30."""

_KEPT_VARIABLES = ("PATH", "HOME", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


class IsolatedReader:
    """One child process, started at the first file and again after it had to be killed. Not for several threads."""

    def __init__(self, time_limit_s: float = TIME_LIMIT_S) -> None:
        self._time_limit_s = time_limit_s
        self._child: subprocess.Popen[str] | None = None

    def __enter__(self) -> IsolatedReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, path: Path, shown: str) -> Document | Skipped:
        """The document in this file, or why there is none. `shown` is the path as the user knows it."""
        child = self._child = self._child or _start()
        timed_out = threading.Event()

        def stop() -> None:
            timed_out.set()
            child.kill()

        timer = threading.Timer(self._time_limit_s, stop)
        timer.daemon = True
        timer.start()
        try:
            answer = _ask(child, path)
        finally:
            timer.cancel()
        if answer is None:
            self.close()
            return Skipped(shown, self._why_dead(child, timed_out.is_set()))
        if "reason" in answer:
            return Skipped(shown, answer["reason"], answer["lasting"])
        return Document(answer["title"], answer["text"], shown)

    def close(self) -> None:
        """End the child."""
        if self._child is None:
            return
        child, self._child = self._child, None
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # What was not sent is of no use to a dead child.
                    pipe.close()
        child.wait()

    def _why_dead(self, child: subprocess.Popen[str], timed_out: bool) -> str:
        if timed_out:
            return f"reading it took longer than {self._time_limit_s:g} s"
        return f"its reader stopped with exit code {child.returncode}"


def _start() -> subprocess.Popen[str]:
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    return subprocess.Popen(
        [sys.executable, "-m", f"{__package__}.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env=environment,
    )


def _ask(child: subprocess.Popen[str], path: Path) -> dict[str, Any] | None:
    """The child's answer; None when it died instead."""
    assert child.stdin is not None  # noqa: S101 - opened as pipes above
    assert child.stdout is not None  # noqa: S101
    try:
        child.stdin.write(json.dumps({"path": str(path)}) + "\n")
        child.stdin.flush()
        line = child.stdout.readline()
    except OSError:
        return None
    answer: dict[str, Any] | None = json.loads(line) if line.endswith("\n") else None
    return answer
