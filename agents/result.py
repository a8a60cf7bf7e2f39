"""What a run leaves, as an app or the command line reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.usage import Usage
from ..memory.digest import Digest
from ..planner.brief import Brief
from ..planner.plan import Plan
from .report import Report


@dataclass(frozen=True)
class RunResult:
    """A run's plan, digests, report and spend. `state` is done, partial, failed or rejected.

    `exchanges` is what the planner was `sent` and what it `said` (with its `reasoning`), call by call, for training.
    """

    run_id: str
    state: str
    brief: Brief
    plan: Plan | None
    digests: tuple[Digest, ...]
    report: Report | None
    usage: Usage
    dollars: float
    calls: int
    seconds: float
    exchanges: Sequence[Mapping[str, Any]] = ()

    def to_json(self) -> dict[str, Any]:
        """What a user wants of it as plain JSON: plan, digests, report with its citations, spend."""
        return {
            "run": self.run_id,
            "state": self.state,
            "brief": self.brief.model_dump(mode="json"),
            "plan": self.plan.model_dump(mode="json") if self.plan else None,
            "digests": [digest.model_dump(mode="json") for digest in self.digests],
            "report": self.report.markdown if self.report else None,
            "citations": [each.model_dump(mode="json") for each in self.report.citations] if self.report else [],
            "missing": [each.model_dump(mode="json") for each in self.report.missing] if self.report else [],
            "spend": {
                "tokens": self.usage.total_tokens,
                "prompt_tokens": self.usage.prompt_tokens,
                "cached_tokens": self.usage.cached_tokens,
                "completion_tokens": self.usage.completion_tokens,
                "reasoning_tokens": self.usage.reasoning_tokens,
                "dollars": self.dollars,
                "calls": self.calls,
                "seconds": round(self.seconds, 3),
            },
        }
