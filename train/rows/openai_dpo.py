"""Preferences at OpenAI: an `input` and the two answers to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .base import Exporter, Json, pairs
from .row import TraceRow


class OpenAiDpo(Exporter):
    """One row for each plan that scored less than the best of its brief. The input is the one of the best."""

    name = "openai-dpo"
    needs = "two plans for one brief that a model wrote, with different scores"
    grouped = True
    compares = True

    def rows(self, runs: Iterable[TraceRow]) -> Iterator[Json]:
        """Rows with `input`, `preferred_output` and `non_preferred_output`."""
        for pair in pairs(runs):
            yield {
                "input": {"messages": list(pair.chosen.prompt), "tools": [], "parallel_tool_calls": True},
                "preferred_output": pair.chosen.answer(),
                "non_preferred_output": pair.rejected.answer(),
            }
