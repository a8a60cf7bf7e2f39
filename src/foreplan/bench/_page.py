"""The page of results: outcomes of benchmarks go in, markdown with machine, date, commands and numbers comes out."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """One benchmark's numbers, or in `fault` why there are none."""

    name: str
    about: str
    numbers: dict[str, Any]
    fault: str = ""


def page(outcomes: Sequence[Outcome], *, quick: bool) -> str:
    """The whole page."""
    machine = f"{os.cpu_count()} x {_processor()}, {platform.system()}, Python {platform.python_version()}"
    lines = [
        "# Benchmarks",
        "",
        f"Foreplan {version('foreplan')}, {time.strftime('%Y-%m-%d')}, on {machine}. Written by `make bench`.",
        *(["", "A quick run: fewer repetitions, so these are no measurements."] if quick else []),
    ]
    for outcome in outcomes:
        lines += ["", f"## {outcome.name}", "", outcome.about, ""]
        lines += [f"    python -m foreplan.bench {outcome.name} --json{' --quick' if quick else ''}", ""]
        lines += [f"Not measured: {outcome.fault}"] if outcome.fault else _table(outcome.numbers)
    return "\n".join(lines) + "\n"


def _table(numbers: dict[str, Any]) -> list[str]:
    rows = [f"| {key} | {_cell(value)} |" for key, value in numbers.items()]
    return ["| key | value |", "|---|---|", *rows]


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else json.dumps(value).replace("|", "\\|")


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as info:
            return next((line.partition(":")[2].strip() for line in info if line.startswith("model name")), "unknown")
    except OSError:
        return platform.processor() or "unknown processor"
