"""Supervised fine-tuning at OpenAI: a chat a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .base import Exporter, Json, chat, examples
from .row import TraceRow


class OpenAiSft(Exporter):
    """One row a run: `messages`, the last of which is the plan."""

    name = "openai-sft"

    def rows(self, runs: Iterable[TraceRow]) -> Iterator[Json]:
        """Rows with `messages`."""
        for _, example in examples(runs):
            yield {"messages": chat(example)}
