"""Row: what one run leaves that is worth listing, filtering or training on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ...core.models.base import Message
from ...memory.trace.score import Score


class Example(NamedTuple):
    """What the planner was sent and the plan it wrote, word for word. `prompt` ends with the user's words."""

    prompt: Sequence[Message]
    completion: str

    def answer(self) -> list[Message]:
        """The completion as chat messages."""
        return [{"role": "assistant", "content": self.completion}]


class Outcome(NamedTuple):
    """What was forecast of one subtask, and what came of it: its state, "" when it was not reached, and its tokens."""

    subtask: str
    success: float
    tokens_p50: int
    tokens_p90: int
    budget: int
    state: str
    tokens: int


@dataclass(frozen=True)
class TraceRow:
    """One run.

    Attributes:
        trace: the file it was read from.
        state: how it ended; `unfinished` when it has not.
        started: Unix seconds.
        tokens: of all its calls; of an unfinished run, of those that were settled.
        brief: as JSON; empty when the run was cut off before it was kept.
        plan: as JSON, as it was last changed; None without one.
        example: the planner's first plan; None when no model wrote one, or not in one piece.
        report: its text; empty without one.
        scores: judgements in the order they were given.
        outcomes: of the plan's subtasks, in plan order.
    """

    run: str
    trace: Path
    project: str = ""
    goal: str = ""
    state: str = "unfinished"
    embedded: bool = False
    started: float = 0.0
    seconds: float = 0.0
    tokens: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    dollars: float = 0.0
    calls: int = 0
    brief: Mapping[str, Any] = field(default_factory=dict)
    plan: Mapping[str, Any] | None = None
    example: Example | None = None
    report: str = ""
    scores: tuple[Score, ...] = ()
    outcomes: tuple[Outcome, ...] = ()

    @property
    def score(self) -> float | None:
        """The user's last rating; without one, the mean of each grader's last verdict; None without either."""
        ratings = [each.value for each in self.scores if each.by == "user"]
        verdicts = self.verdicts
        if ratings:
            return ratings[-1]
        return sum(verdicts.values()) / len(verdicts) if verdicts else None

    @property
    def verdicts(self) -> dict[str, float]:
        """Each grader's last verdict, by its name."""
        return {each.name: each.value for each in self.scores if each.by != "user"}

    @property
    def brief_key(self) -> str:
        """The same for runs of the same brief."""
        content = json.dumps(self.brief or {"goal": self.goal}, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]
