"""Single judgements for TRL's KTO: `prompt`, `completion` and `label`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .base import Exporter, Json, examples
from .row import TraceRow

GOOD = 0.5
"""A plan with this score or a better one is labelled as wanted."""


class Kto(Exporter):
    """One row a run that has a score."""

    name = "kto"
    needs = "a plan that a model wrote, and a score"

    def rows(self, runs: Iterable[TraceRow]) -> Iterator[Json]:
        """Rows with `prompt`, `completion` and `label`, which is true for a good plan."""
        for run, example in examples(runs):
            if run.score is not None:
                yield {
                    "prompt": list(example.prompt),
                    "completion": example.answer(),
                    "label": run.score >= GOOD,
                }
