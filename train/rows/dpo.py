"""Preferences for TRL's DPO: `prompt`, `chosen` and `rejected` as chat messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .base import Exporter, Json, pairs
from .row import TraceRow


class Dpo(Exporter):
    """One row for each plan that scored less than the best of its brief. The prompt is the one of the best."""

    name = "dpo"
    needs = "two plans for one brief that a model wrote, with different scores"
    grouped = True
    compares = True

    def rows(self, runs: Iterable[TraceRow]) -> Iterator[Json]:
        """Rows with `prompt`, `chosen` and `rejected`."""
        for pair in pairs(runs):
            yield {
                "prompt": list(pair.chosen.prompt),
                "chosen": pair.chosen.answer(),
                "rejected": pair.rejected.answer(),
            }
