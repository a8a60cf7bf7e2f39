"""Supervised fine-tuning with TRL: `prompt` and `completion` as chat messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .base import Exporter, Json, examples
from .row import TraceRow


class Sft(Exporter):
    """One row a run: the planner's prompt as it was sent, the plan as it was said."""

    name = "sft"

    def rows(self, runs: Iterable[TraceRow]) -> Iterator[Json]:
        """Rows with `prompt` and `completion`."""
        for _, example in examples(runs):
            yield {"prompt": list(example.prompt), "completion": example.answer()}
