"""The ledger's view of a run: its settled calls go in one by one, sums by role, by model and by subtask come out.

Law: the roles, and the models, add up to the total; names beyond a bound are added up under one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...core.events import Spent, subtask_of
from ...core.usage import Usage

MAX_NAMES = 100
"""Roles and models with a sum of their own."""
MAX_SUBTASKS = 5_000
OTHERS = "others"
WORKERS = "workers"


@dataclass
class Book:
    """What one party spent: settled calls, their tokens, dollars and the seconds they took together."""

    calls: int = 0
    usage: Usage = field(default_factory=Usage)
    dollars: float = 0.0
    seconds: float = 0.0

    def add(self, event: Spent) -> None:
        """Take in one call."""
        self.calls += 1
        self.usage += Usage(event.prompt_tokens, event.cached_tokens, event.completion_tokens, event.reasoning_tokens)
        self.dollars += event.dollars
        self.seconds += event.seconds


@dataclass
class Spending:
    """What was spent in all, and by whom."""

    total: Book = field(default_factory=Book)
    roles: dict[str, Book] = field(default_factory=dict)
    models: dict[str, Book] = field(default_factory=dict)
    subtasks: dict[str, Book] = field(default_factory=dict)

    def add(self, event: Spent) -> None:
        """Take in one call."""
        subtask = subtask_of(event.account)
        self.total.add(event)
        _book(self.roles, event.account if subtask is None else WORKERS, MAX_NAMES).add(event)
        _book(self.models, event.model, MAX_NAMES).add(event)
        if subtask is not None:
            _book(self.subtasks, subtask, MAX_SUBTASKS).add(event)


def _book(books: dict[str, Book], name: str, most: int) -> Book:
    return books.setdefault(name if name in books or len(books) < most else OTHERS, Book())
