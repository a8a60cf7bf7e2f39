"""Reinforcement fine-tuning at OpenAI: a chat that ends with the user, and fields that graders see as `item`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .base import Exporter, Json, best_examples, item_of
from .row import TraceRow


class OpenAiRft(Exporter):
    """One row a brief: the prompt of its best run; `{{item.reference_plan}}` in a grader is that run's plan."""

    name = "openai-rft"
    grouped = True

    def rows(self, runs: Iterable[TraceRow]) -> Iterator[Json]:
        """Rows with `messages` and the fields of `item_of`."""
        for run, example in best_examples(runs):
            yield {"messages": list(example.prompt), **item_of(run, example)}
