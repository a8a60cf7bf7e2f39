"""The data that training passes around: a sampled plan, what came of it, and what that is worth to which tokens.

    sampler ──► Rollout ──► executor ──► Episode ──► reward terms ──► Credit per token ──► trainer

Law: token ids and log-probs come from whoever sampled them, never from text that was tokenised again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..evals.worlds.base import Outcome, Problem
from ..planner.plan import Plan

Field = tuple[str, str]
"""A part of a plan's text: subtask id and field name; the plan's own fields stand under the id `""`."""


@dataclass(frozen=True)
class Rollout:
    """One sampled plan text.

    Attributes:
        prompt_ids: tokens of the prompt, (P,).
        completion_ids: tokens sampled, (T,), with the end token if there was one.
        logprobs: natural log-probability of each sampled token among the tokens allowed there, (T,).
        free: whether more than one token was allowed there, (T,): forced tokens carry no gradient.
        text: the completion as text.
        plan: what it says; None when it is not a plan.
        truncated: cut off at the length limit.
        spans: which tokens wrote which field, as half-open ranges of positions in the completion.
    """

    prompt_ids: Sequence[int]
    completion_ids: Sequence[int]
    logprobs: Sequence[float]
    free: Sequence[bool]
    text: str
    plan: Plan | None
    truncated: bool = False
    spans: Mapping[Field, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Episode:
    """One rollout and everything that came of it.

    Attributes:
        problem: what was asked.
        rollout: the plan that was sampled for it.
        outcomes: one for each execution of the plan, under its budgets; empty when there is no plan.
        audits: outcomes without caps, for scoring forecasts; a share of all episodes has them.
        audit_share: the chance with which this episode was audited, for weighting.
        error: why it could not be executed; such an episode is left out of the update, not punished.
    """

    problem: Problem
    rollout: Rollout
    outcomes: tuple[Outcome, ...] = ()
    audits: tuple[Outcome, ...] = ()
    audit_share: float = 1.0
    error: str = ""


@dataclass(frozen=True)
class Credit:
    """A reward and the tokens it is for: a range of positions in the completion, or None for all of them."""

    term: str
    value: float
    tokens: tuple[int, int] | None = None


class Term(Protocol):
    """One term of the reward."""

    name: str

    def score(self, episode: Episode) -> Sequence[Credit]:
        """What this term pays (or charges) an episode, and for which tokens."""


class Sampler(Protocol):
    """Draws plans from a planner that is being trained."""

    def sample(self, prompts: Sequence[Sequence[int]], *, group: int, max_tokens: int, seed: int) -> list[Rollout]:
        """`group` rollouts for each prompt, those of one prompt next to each other."""


class Executor(Protocol):
    """Finds out what comes of plans. Returns data and never raises because of a plan or a worker."""

    def execute(self, problem: Problem, rollouts: Sequence[Rollout], *, seed: int) -> list[Episode]:
        """An episode for each rollout."""
