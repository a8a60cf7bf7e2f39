"""How long `foreplan run --background` takes to print a job's id, beside a bare interpreter in the same run.

Each time in a home of its own, so that the queue's tables are made and a worker is started as by a first user. The two
commands take turns, and the worker is stopped before the next.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

WARM_UP = 1
REPEATS = 9
QUICK_REPEATS = 3
_TEXT = "# The mill\n\nThe mill at Ober was built in 1871 by Anna Roth."


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Medians in seconds, with the slowest of each.

    Args:
        data: not used, this benchmark needs none.
        quick: fewer repetitions.

    Returns:
        `id_s`: from the start of the process until the id is printed. `interpreter_s`: `python -c pass`, start to end.
        `after_interpreter_s`: their difference, which is to be below one. `id_s_max`, `interpreter_s_max`.
    """
    ids: list[float] = []
    bare: list[float] = []
    for turn in range(WARM_UP + (QUICK_REPEATS if quick else REPEATS)):
        with tempfile.TemporaryDirectory() as folder:
            id_s, bare_s = _id_seconds(Path(folder)), _bare_seconds()
        if turn >= WARM_UP:
            ids.append(id_s)
            bare.append(bare_s)
    id_s, bare_s = statistics.median(ids), statistics.median(bare)
    return {
        "id_s": id_s,
        "interpreter_s": bare_s,
        "after_interpreter_s": id_s - bare_s,
        "id_s_max": max(ids),
        "interpreter_s_max": max(bare),
    }


def _id_seconds(folder: Path) -> float:
    (folder / "sources").mkdir()
    (folder / "sources" / "mill.md").write_text(_TEXT, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("FOREPLAN_", "OPENAI_"))}
    environment["FOREPLAN_HOME"] = str(folder / "home")
    command = [sys.executable, "-m", "foreplan"]
    asked = ["run", "--background", "--embedded", "--sources", "sources", "Who built the mill at Ober?"]
    began = time.perf_counter()
    with subprocess.Popen(
        [*command, *asked], env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 (it is a pipe)
        said = process.stdout.readline()
        seconds = time.perf_counter() - began
    if process.returncode or not said.strip():
        raise RuntimeError(f"no job was queued: exit code {process.returncode}")
    _stop_worker(command, environment, folder)
    return seconds


def _stop_worker(command: list[str], environment: dict[str, str], folder: Path) -> None:
    """Stop the worker once it is there, so that it does not share the machine with the next measurement."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        stopped = subprocess.run(
            [*command, "worker", "--stop", "--json"], env=environment, cwd=folder, check=True, capture_output=True,
            text=True,
        )  # fmt: skip
        if '"stopped": []' not in stopped.stdout:
            return
        time.sleep(0.2)
    raise RuntimeError("the worker did not start within a minute")


def _bare_seconds() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - began
