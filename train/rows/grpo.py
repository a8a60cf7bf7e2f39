"""Prompts for TRL's GRPO: `prompt` as chat messages, and columns that reward functions are given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .base import Exporter, Json, best_examples, item_of
from .row import TraceRow


class Grpo(Exporter):
    """One row a brief: the prompt of its best run, with that run's plan, score and spend to compare with."""

    name = "grpo"
    grouped = True

    def rows(self, runs: Iterable[TraceRow]) -> Iterator[Json]:
        """Rows with `prompt` and the columns of `item_of`."""
        for run, example in best_examples(runs):
            yield {"prompt": list(example.prompt), **item_of(run, example)}
