"""python: source that defines `grade(sample, item) -> float` goes in; it is run on each output, in its own process.

Laws: the source is never run in this process; it gets no environment, no network and a working directory that is
deleted afterwards; its time, memory, files and what it may say are bounded (`PythonLimits`). What it raises, what is no
number and a limit that is reached are a reward of 0 with the reason. sandbox.py says what holds on which system.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import signal
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.models.found_json import parse_object
from ...core.models.per_loop import PerLoop
from .base import Grade, GradingFault, Item, Sample, bounded
from .spec import PythonSpec
from .template import output_json

MAX_SAID_BYTES = 10_000
"""A result is a number or one line; more is a fault."""

_SANDBOX = Path(__file__).with_name("sandbox.py")
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""The whole environment. A numeric library that starts a thread for each core would not fit into the address space."""
_SLOTS = PerLoop(lambda: asyncio.Semaphore(os.cpu_count() or 1))
"""Each grading takes a processor, so that more side by side would only reach their time limits sooner."""


@dataclass(frozen=True)
class PythonLimits:
    """What one grading may use.

    Attributes:
        seconds: wall time, and as much processor time.
        memory_bytes: address space (Linux).
        file_bytes: size of each file it writes; it may open 64 for writing.
    """

    seconds: float = 30.0
    memory_bytes: int = 2 * 1024**3
    file_bytes: int = 1024**2


def python_grader(spec: PythonSpec, limits: PythonLimits | None = None) -> PythonGrader:
    """The grader that `spec` describes.

    Raises:
        ValueError: when the source is not Python, or does not define `grade`.
    """
    try:
        code = compile(spec.source, "source", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f" in line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise ValueError(f"it is not Python{line}: {getattr(error, 'msg', error)}") from error
    if "grade" not in code.co_names:
        raise ValueError("it defines no function grade(sample, item)")
    return PythonGrader(spec.name, spec.source, limits or PythonLimits())


@dataclass(frozen=True)
class PythonGrader:
    """Runs `grade` of a source on each output."""

    name: str
    source: str
    limits: PythonLimits

    async def grade(self, item: Item, sample: Sample) -> Grade:
        """What the source gives, bounded to 0..1."""
        async with _SLOTS.here():
            began = time.perf_counter()
            try:
                reward, errors = bounded(await self._run(self._asked(item, sample))), tuple[str, ...]()
            except GradingFault as fault:
                reward, errors = 0.0, (f"{self.name}: {fault}",)
            return Grade(reward=reward, errors=errors, seconds=time.perf_counter() - began)

    def _asked(self, item: Item, sample: Sample) -> bytes:
        try:
            data = output_json(sample)
        except GradingFault:
            data = None
        told = {"output_text": sample.text, "output_json": data, "output_tools": sample.tools}
        limits = {
            "cpu_s": math.ceil(self.limits.seconds) + 1,
            "memory_bytes": self.limits.memory_bytes,
            "file_bytes": self.limits.file_bytes,
        }
        try:
            return json.dumps({"source": self.source, "sample": told, "item": item, "limits": limits}).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise GradingFault(f"the item or the output cannot be written as JSON: {error!s:.200}") from error

    async def _run(self, asked: bytes) -> float:
        with tempfile.TemporaryDirectory(prefix="foreplan-grader-", ignore_cleanup_errors=True) as folder:
            async with _started(folder) as process:
                try:
                    async with asyncio.timeout(self.limits.seconds):
                        said = await _talk(process, asked)
                        code = await process.wait()
                except TimeoutError:
                    raise GradingFault(f"it took longer than {self.limits.seconds:g} s") from None
        return _score(said, code)


@asynccontextmanager
async def _started(folder: str) -> AsyncIterator[Process]:
    """The sandbox's process, gone when the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-B", "-X", "utf8", str(_SANDBOX),
        stdin=PIPE, stdout=PIPE, stderr=DEVNULL, cwd=folder, env=_ONE_THREAD, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _talk(process: Process, asked: bytes) -> bytes:
    """Hand the work over and read what is said, of which no more than is allowed is kept."""
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018
    with contextlib.suppress(ConnectionError):
        process.stdin.write(asked)
        await process.stdin.drain()
        process.stdin.close()
    said = b""
    while len(said) <= MAX_SAID_BYTES and (piece := await process.stdout.read(MAX_SAID_BYTES)):
        said += piece
    if len(said) > MAX_SAID_BYTES:
        raise GradingFault("it said more than a score")
    return said


def _score(said: bytes, code: int) -> float:
    result: dict[str, Any] | None = parse_object(said.decode("utf-8", "replace"))
    if result is None:
        raise GradingFault(_ended(code))
    if "error" in result:
        raise GradingFault(str(result["error"]).encode("utf-8", "replace").decode())
    score = result.get("score")
    if not isinstance(score, float) or not math.isfinite(score):
        raise GradingFault("grade returned no finite number")
    return score


def _ended(code: int) -> str:
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return "it was ended for using too much time or memory"
    return f"it ended by itself without a score (exit code {code})"
