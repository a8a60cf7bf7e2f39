"""How long `foreplan --help` and `import foreplan` take, beside a bare interpreter in the same run.

The three commands take turns, so that a busy moment of the machine hits all of them. The ratios are of medians.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import Any

WARM_UP = 3
REPEATS = 30
QUICK_REPEATS = 7


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Medians in milliseconds with their spread (interquartile range), and the ratios to `python -c pass`.

    Args:
        data: not used, this benchmark needs none.
        quick: fewer repetitions.

    Returns:
        `help_ratio`, `import_ratio`, and for each command its `_ms` and `_ms_iqr`.
    """
    commands = {
        "bare": [sys.executable, "-c", "pass"],
        "import": [sys.executable, "-c", "import foreplan"],
        "help": [*_entry_point(), "--help"],
        "run_help": [*_entry_point(), "run", "--help"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(WARM_UP + (QUICK_REPEATS if quick else REPEATS)):
        for name, command in commands.items():
            seconds = _seconds(command)
            if turn >= WARM_UP:
                times[name].append(seconds)
    medians = {name: statistics.median(each) for name, each in times.items()}
    numbers: dict[str, Any] = {
        "help_ratio": medians["help"] / medians["bare"],
        "import_ratio": medians["import"] / medians["bare"],
        "run_help_ratio": medians["run_help"] / medians["bare"],
    }
    for name, each in times.items():
        numbers[f"{name}_ms"] = medians[name] * 1e3
        numbers[f"{name}_ms_iqr"] = _spread(each) * 1e3
    return numbers


def _entry_point() -> list[str]:
    """The installed command, or the module where there is none."""
    script = Path(sysconfig.get_path("scripts")) / "foreplan"
    return [str(script)] if script.exists() else [sys.executable, "-m", "foreplan"]


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _spread(values: list[float]) -> float:
    lower, _, upper = statistics.quantiles(values, n=4)
    return upper - lower
