"""Notes the numbers of a training by rows in its journal: transformers' logs go in, a line a log comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transformers import TrainerCallback

from .journal import Journal
from .watch import SHOWN


class Noting(TrainerCallback):
    """Keeps the numbers that people are shown, by the step that they were logged at."""

    def __init__(self, journal: Journal) -> None:
        """Write to this journal."""
        self._journal = journal

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Drop what stands behind the checkpoint that the training goes on from."""
        if state.is_world_process_zero:
            self._journal.cut(state.global_step + 1)

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        """Note what was logged; the last log of a training sums up and has none of it."""
        shown = {name: float(value) for name, value in (logs or {}).items() if name in SHOWN}
        if shown and state.is_world_process_zero:
            self._journal.note(state.global_step, shown)
