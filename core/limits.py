"""What a whole run may spend: tokens, dollars and seconds, and the writer's share of each."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from .errors import BudgetExhausted

TIME_IS_UP = "the run's time limit was reached"


@dataclass(frozen=True)
class Limits:
    """What a whole run may spend. `None` means no limit.

    Attributes:
        tokens: prompt, completion and reasoning tokens of all calls together.
        dollars: priced spend of all calls together.
        seconds: wall time from the moment the plan's execution began, also while a stopped run lay still.
        deadline: Unix time by which the run has to be over, whenever it began.
        writer_share: part of `tokens` and `dollars` (0..1) that only the writer may spend.
        concurrency: subtasks worked on at the same time.
        max_revisions: how often the planner may change the plan after failures.
    """

    tokens: int | None = 400_000
    dollars: float | None = None
    seconds: float | None = None
    deadline: float | None = None
    writer_share: float = 0.15
    concurrency: int = 8
    max_revisions: int = 2

    @property
    def writer_tokens(self) -> int | None:
        """Tokens kept back for the writer, or None when the run has no token limit."""
        return None if self.tokens is None else int(self.tokens * self.writer_share)

    @property
    def writer_dollars(self) -> float | None:
        """Dollars kept back for the writer, or None when the run has no dollar limit."""
        return None if self.dollars is None else self.dollars * self.writer_share

    @property
    def writer_seconds(self) -> float | None:
        """Seconds at the end that are kept back for the writer, or None when the run has no time limit."""
        return None if self.seconds is None else self.seconds * self.writer_share

    def since(self, began_at: float) -> Limits:
        """These limits for a run whose execution began then (Unix time): `seconds` hold the deadline too."""
        if self.deadline is None:
            return self
        left_s = max(0.0, self.deadline - began_at)
        return replace(self, seconds=min(math.inf if self.seconds is None else self.seconds, left_s))


def out_of_time() -> BudgetExhausted:
    """The error of a run whose time is up."""
    said = f"{TIME_IS_UP[0].upper()}{TIME_IS_UP[1:]}."
    return BudgetExhausted(said, scope="run", hint="Raise --seconds, or set a later --deadline.")
