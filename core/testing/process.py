"""`ProcessServer`: the test server in a process of its own, for benchmarks and for tests that kill the client.

Its log is a file, flushed when a request begins and when it ends, so it is whole whatever happens to this process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from .log import Logged, read_log

STOP_S = 5.0


class ProcessServer:
    """Serves what `script` names, "module:name" or "path/to/file.py:name": a script or an `Endpoint`.

    With `args`, what it names is called with them and what it returns is served.

    Attributes:
        url: the base URL that a client takes; empty until started.
        log_path: where the log is; unless given, a file that goes when this object goes.
    """

    def __init__(self, script: str, args: Mapping[str, Any] | None = None, *, log_path: Path | None = None) -> None:
        self._script, self._args = script, args
        self.log_path = log_path or self._temporary_log()
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    @property
    def log(self) -> list[Logged]:
        """All requests so far, in order of arrival."""
        if not self.log_path.exists():
            return []
        with self.log_path.open(encoding="ascii") as lines:
            return read_log(lines)

    @property
    def tokens_billed(self) -> int:
        """Tokens that all calls so far would be billed."""
        return sum(entry.billed_tokens for entry in self.log)

    @property
    def peak_in_flight(self) -> int:
        """The most requests that were in flight at once."""
        return max((entry.in_flight for entry in self.log), default=0)

    def wait_idle(self, timeout_s: float = 10.0) -> bool:
        """Wait until no request is in flight; False when the time is up first."""
        root = self.url.removesuffix("/v1")
        answer = httpx.get(f"{root}/idle", params={"timeout_s": timeout_s}, timeout=timeout_s + STOP_S)
        return bool(answer.json()["idle"])

    def start(self) -> Self:
        """Start the process and wait for its URL.

        Raises:
            RuntimeError: when it ends before it serves; its complaint is on standard error.
        """
        command = [sys.executable, "-m", f"{__package__}.serve", "--script", self._script, "--log", str(self.log_path)]
        if self._args is not None:
            command += ["--args", json.dumps(self._args)]
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            self.stop()
            raise RuntimeError(f"the test server for {self._script} did not start; standard error says why")
        self.url = json.loads(line)["url"]
        return self

    def stop(self) -> None:
        """End the process; the log stays readable."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.communicate(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()

    def _temporary_log(self) -> Path:
        folder = tempfile.mkdtemp(prefix="foreplan-testing-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder) / "requests.jsonl"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
