"""The data that training passes around: a sampled plan, what came of it, and what that is worth to which tokens.

    sampler ──► Rollout ──► executor ──► Episode ──► reward terms ──► Credit per token ──► trainer

Law: token ids and log-probs come from whoever sampled them, never from text that was tokenised again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol

from ..evals.graders.plan_match import Match
from ..evals.worlds.base import Outcome, Problem
from ..planner.plan import Plan
from .matching import matched, part_by_subtask

Field = tuple[str, str]
"""A part of a plan's text: subtask id and field name; the plan's own fields stand under the id `""`."""


def kind_of(field: Field) -> str:
    """What is said in a field, whichever subtask's it is; the plan's own fields are told apart."""
    subtask, name = field
    return name if subtask else f"plan.{name}"


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


class Instead(NamedTuple):
    """What a plan would come to if one of its subtasks had another budget and all else stayed; rows of one length.

    Attributes:
        budgets: tokens, rising.
        done: needed parts that are done, expected.
        dollars: all spend, expected.
    """

    budgets: tuple[int, ...]
    done: tuple[float, ...]
    dollars: tuple[float, ...]


@dataclass(frozen=True)
class Expected:
    """What to expect of a plan under its budgets.

    Attributes:
        reward: mean grade, 0..1.
        success: share of executions with the full grade.
        solved: share of executions in which each subtask did what it was for, by subtask id.
        dollars: mean spend by subtask id, planning under the id `""`.
        tokens: mean tokens spent, by subtask id.
        instead: what other budgets would have come to, by subtask id, where the executor can tell.
    """

    reward: float
    success: float
    solved: Mapping[str, float]
    dollars: Mapping[str, float]
    tokens: Mapping[str, float]
    instead: Mapping[str, Instead] = field(default_factory=dict)


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
        expected: what to expect of the plan, where the executor can tell better than by the mean of `outcomes`.
    """

    problem: Problem
    rollout: Rollout
    outcomes: tuple[Outcome, ...] = ()
    audits: tuple[Outcome, ...] = ()
    audit_share: float = 1.0
    error: str = ""
    expected: Expected | None = None

    @cached_property
    def match(self) -> Match:
        """How the plan's subtasks go with the problem's parts; every term of the reward asks."""
        return matched(self.problem, self.rollout.plan)

    @cached_property
    def part_of(self) -> Mapping[str, str]:
        """The needed part that each subtask is about, by subtask id; those about none are not in."""
        return part_by_subtask(self.problem, self.match)

    @cached_property
    def doer_of(self) -> Mapping[str, str]:
        """The subtask that is about each needed part, by part id; a part that is not planned is not in."""
        return {part: subtask for subtask, part in self.part_of.items()}


@dataclass(frozen=True)
class Credit:
    """A reward and the tokens it is for.

    Attributes:
        term: what pays it.
        value: in units of what the whole task is worth.
        tokens: half-open ranges of positions in the completion, or None for all of them.
        about: the part and field it is about: rewards of a group are compared with those about the same.
    """

    term: str
    value: float
    tokens: tuple[tuple[int, int], ...] | None = None
    about: str = ""


class Choice(NamedTuple):
    """One place in a completion, and what each token there would be worth.

    Attributes:
        at: its position.
        tokens: what could have stood there, (A,).
        worth: of each, against the best, in units of what a choice at random loses; (A,).
        likelihood: weight of the likelihood of better tokens there, beside what is expected.
    """

    at: int
    tokens: tuple[int, ...]
    worth: tuple[float, ...]
    likelihood: float = 0.0


class Term(Protocol):
    """One term of the reward."""

    @property
    def name(self) -> str:
        """What its credits are called."""

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
