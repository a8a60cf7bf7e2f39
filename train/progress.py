"""Progress of a training: transformers' callbacks go in; a live table, or lines, come out on standard error.

A terminal gets a bar with the time left, the parts of the reward and the calibration as they are now; a pipe or a file
gets a line for each log. Standard output stays free.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from transformers import TrainerCallback

from .watch import SHOWN


class Progress(TrainerCallback):
    """Shows one stage of a training."""

    def __init__(self, stage: str) -> None:
        """Show a stage of this name."""
        self._stage = stage
        self._console = Console(stderr=True, highlight=False)
        self._in_place = self._console.is_terminal and not self._console.is_dumb_terminal
        self._began, self._first = time.monotonic(), 0
        self._step, self._steps = 0, 0
        self._numbers: dict[str, float] = {}
        self._live = Live(console=self._console, get_renderable=self._render, refresh_per_second=4)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start the clock; a training that goes on has steps behind it."""
        self._began, self._first = time.monotonic(), state.global_step
        self._step, self._steps = state.global_step, state.max_steps
        if self._in_place:
            self._live.start()

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Leave the terminal with the last numbers on it."""
        self.stop()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Count a step."""
        self._step = state.global_step

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        """Take the newest numbers; where there is no terminal, say them."""
        self._numbers |= {name: float(value) for name, value in (logs or {}).items() if name in SHOWN}
        if not self._in_place and "train_runtime" not in (logs or {}):
            sys.stderr.write(f"{self._headline()}: {', '.join(self._said())}\n")
            sys.stderr.flush()

    def stop(self) -> None:
        """Draw no more; a training that failed leaves the terminal to the error."""
        self._live.stop()

    @property
    def seconds_left(self) -> float | None:
        """By the mean of the steps so far; None before the first."""
        done = self._step - self._first
        return (time.monotonic() - self._began) / done * (self._steps - self._step) if done else None

    def _headline(self) -> str:
        left = self.seconds_left
        eta = "" if left is None else f", {clock(left)} left"
        return f"{self._stage} step {self._step} of {self._steps}{eta}"

    def _said(self) -> list[str]:
        return [f"{label.strip()} {self._numbers[name]:.4g}" for name, label in SHOWN.items() if name in self._numbers]

    def _render(self) -> Group:
        table = Table.grid(padding=(0, 2))
        for name, label in SHOWN.items():
            if name in self._numbers:
                table.add_row(Text(label), Text(f"{self._numbers[name]:.4g}"))
        bar = ProgressBar(total=max(1, self._steps), completed=self._step, width=40)
        return Group(Text(self._headline()), bar, table)


def clock(seconds: float) -> str:
    """Seconds as people say them: 40 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"
