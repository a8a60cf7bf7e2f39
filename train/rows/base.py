"""What an exporter is: rows of runs go in, JSON objects of one form come out, a line of JSONL each.

Law: an exporter is a stream. It holds one run at a time, or the best of its brief and one more.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, ClassVar, NamedTuple, TypeAlias

from ...core.models.base import Message
from .row import Example, TraceRow

Json: TypeAlias = dict[str, Any]


class Exporter(ABC):
    """One form of rows.

    Attributes:
        name: what `--format` calls it.
        needs: what a run has to have to give a row, for the message when there is no row at all.
        grouped: whether rows of one brief have to come together, the best first (`choose_by_brief`).
        compares: whether a row takes several runs of one brief.
    """

    name: ClassVar[str]
    needs: ClassVar[str] = "a plan that a model wrote"
    grouped: ClassVar[bool] = False
    compares: ClassVar[bool] = False

    @abstractmethod
    def rows(self, runs: Iterable[TraceRow]) -> Iterator[Json]:
        """The rows of these runs. A run that has not what is needed gives none."""


class Pair(NamedTuple):
    """Two different plans for one brief: `chosen` is the best, `rejected` scored less."""

    chosen: Example
    rejected: Example


def examples(runs: Iterable[TraceRow]) -> Iterator[tuple[TraceRow, Example]]:
    """The runs whose plan a model wrote, with what it was sent and said."""
    return ((run, run.example) for run in runs if run.example is not None)


def pairs(runs: Iterable[TraceRow]) -> Iterator[Pair]:
    """The best plan of each brief against each that scored less; `runs` come in groups with the best first."""
    best: tuple[TraceRow, Example] | None = None
    for run, example in examples(runs):
        if best is None or best[0].brief_key != run.brief_key:
            best = run, example
        elif _is_below(run, best[0]) and example.completion != best[1].completion:
            yield Pair(best[1], example)


def _is_below(run: TraceRow, best: TraceRow) -> bool:
    return run.score is not None and best.score is not None and run.score < best.score


def best_examples(runs: Iterable[TraceRow]) -> Iterator[tuple[TraceRow, Example]]:
    """The best run of each brief whose plan a model wrote; `runs` come in groups with the best first."""
    for _, group in groupby(examples(runs), key=lambda each: each[0].brief_key):
        yield next(group)


def item_of(run: TraceRow, example: Example) -> Json:
    """What graders may compare with: columns beside a prompt, all text or numbers, so that every row has one type."""
    return {
        "run": run.run,
        "goal": run.goal,
        "reference_plan": example.completion,
        "reference_score": run.score,
        "reference_tokens": run.tokens,
    }


def chat(example: Example) -> list[Message]:
    """Prompt and answer as one conversation."""
    return [*example.prompt, *example.answer()]
