"""A whole research job to play, made up from a seed: documents, brief, plan, facts, and a script that speaks all roles.

Places with fictional names hold numbers of things and send wares to each other. Each subtask asks what one place holds;
beyond the first level the place is named only on its parent's page, so it cannot be found without the parent's digest.
Laws: equal arguments make an equal job; no number stands on two pages; a fact is stated by the script's worker only if
its page is in the prompt and, outside of shown documents, the values of all its parents.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .chat import Answer, ChatRequest, Script
from .latency import Timing
from .places import Place, draw_distractors, draw_places
from .research_roles import Roles


@dataclass(frozen=True)
class ResearchJob:
    """A job of `subtasks` over `levels` (at least one subtask a level), with `distractors` pages that nobody asks for.

    Roles are told apart by the model's name: `planner`, `worker` or `writer` must stand in it. Workers take from
    `worker_s` = (shortest, longest) seconds a call, drawn per subtask. A role without timing has the server's latency.
    """

    subtasks: int = 12
    levels: int = 4
    seed: int = 0
    distractors: int = 24
    budget_tokens: int = 6_000
    planner: Timing | None = None
    worker_s: Sequence[float] | None = None
    writer: Timing | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.levels <= self.subtasks:
            raise ValueError(f"{self.subtasks} subtasks cannot have {self.levels} levels")

    def script(self, request: ChatRequest) -> Answer:
        """What the role that is asked says; for `ModelServer(job.script)`."""
        return self._roles.say(request)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The places that subtasks ask for, in plan order: parents first."""
        return draw_places(self.subtasks, self.levels, self.seed)

    @cached_property
    def documents(self) -> Mapping[str, str]:
        """All pages by file name, distractors too."""
        asked = {f"{place.id}.md": place.page for place in self.places}
        return asked | draw_distractors(self.distractors, self.places, self.seed)

    @cached_property
    def goal(self) -> str:
        """The brief's goal. It names the places of the first level only."""
        roots = [place.name for place in self.places if place.level == 0]
        return f"What is held in {', '.join(roots[:8])}, and in the places along the roads that begin there?"

    @property
    def brief(self) -> dict[str, Any]:
        """The brief's fields."""
        return {"goal": self.goal, "length": "medium" if self.subtasks <= 24 else "long"}

    @cached_property
    def plan(self) -> dict[str, Any]:
        """The plan as the planner writes it."""
        return {
            "mode": "plan",
            "answer": None,
            "synthesis": "Say for each place what it holds and where its wares go.",
            "success": 0.9,
            "subtasks": [_subtask(place, self.budget_tokens) for place in self.places],
        }

    @property
    def facts(self) -> tuple[str, ...]:
        """Sentences that a whole report states, without full stops."""
        return tuple(place.sentence for place in self.places)

    def found(self, report: str) -> tuple[str, ...]:
        """The facts that a report states."""
        return tuple(fact for fact in self.facts if fact in report)

    @cached_property
    def durations_s(self) -> dict[str, float]:
        """How long one call of each subtask's worker takes, in seconds, by subtask id."""
        low, high = self.worker_s or (0.0, 0.0)
        return {place.id: random.Random(f"{self.seed}/{place.id}/s").uniform(low, high) for place in self.places}

    @property
    def critical_path_s(self) -> float:
        """The longest path through the plan when each subtask takes one call, in seconds."""
        ends: dict[str, float] = {}
        for place in self.places:
            ends[place.id] = max((ends[each] for each in place.depends_on), default=0.0) + self.durations_s[place.id]
        return max(ends.values())

    def write(self, folder: Path) -> Path:
        """Write all pages into `folder`, which is made if need be."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in self.documents.items():
            (folder / name).write_text(text, encoding="utf-8")
        return folder

    @cached_property
    def _roles(self) -> Roles:
        return Roles(
            self.places,
            self.plan,
            durations_s=self.durations_s if self.worker_s else {},
            planner=self.planner,
            writer=self.writer,
        )


def research_script(**arguments: Any) -> Script:
    """A job's script for `ProcessServer`: arguments as JSON has them, timings as objects of `Timing`'s fields."""
    for role in ("planner", "writer"):
        if isinstance(arguments.get(role), Mapping):
            arguments[role] = Timing(**arguments[role])
    return ResearchJob(**arguments).script


def _subtask(place: Place, budget_tokens: int) -> dict[str, Any]:
    forecast = {"success": 0.9, "tokens_p50": budget_tokens // 5, "tokens_p90": budget_tokens // 2}
    return {
        "id": place.id,
        "depends_on": list(place.depends_on),
        "kind": "research",
        "goal": place.goal,
        "done_when": "The number and what it counts are known.",
        "on_missing": "skip" if place.depends_on else "partial",
        "worker": None,
        "effort": "low",
        "attempts": 1,
        "select": "first",
        "forecast": forecast,
        "budget": budget_tokens,
    }
