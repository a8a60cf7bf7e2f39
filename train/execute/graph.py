"""The real graph as an executor: plans are run by real workers over a problem's documents; episodes come out.

Plans of a group run at the same time. Identical plans run once. A plan is run as it stands (no revisions), so that what
comes of it is its own doing. A share of the plans is also run without caps, as audits. Laws: what a worker does is
data, and nothing is raised; an episode whose endpoint gave way says so in `error` and is left out of the update (when
none of a round could be executed, the collector pauses the training).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from langgraph.store.memory import InMemoryStore

from ...agents.context import Context
from ...agents.loop import run_graph
from ...agents.result import RunResult
from ...core.errors import ForeplanError
from ...core.events import Event, LessonLearned, Spent, SubtaskEnded, subtask_of
from ...core.usage import Price, Usage
from ...evals.graders.base import Grade
from ...evals.worlds.base import Outcome, Problem
from ...evals.worlds.draw import draw_for
from ...evals.worlds.fanout.grade import Stated, grade_report
from ...evals.worlds.structure import rules_of
from ...memory.artifacts import MemoryArtifacts
from ...memory.documents.base import Document
from ...memory.documents.index import DocumentIndex
from ...planner.plan import Plan
from ...planner.validate import check_plan
from ..matching import matched, part_by_subtask
from ..reward.base import needed
from ..rollout import Episode, Rollout

GradeReport: TypeAlias = Callable[[Problem, str], Grade]
"""Grades the text of a report, 0..1."""

UNCAPPED_TOKENS = 1_000_000
"""The budget of each subtask in an audit."""

_KEPT = 10_000
_OUTSIDE = frozenset({"transient", "auth"})
"""Kinds of failure that are the endpoint's and not the plan's."""


class GraphExecutor:
    """Runs plans on workers; with the models of an empty context, on the embedded ones."""

    def __init__(
        self,
        context: Context | None = None,
        *,
        grade: GradeReport = grade_report,
        part_dollars: float = 0.002,
        planner_price: Price | None = None,
        executions: int = 1,
        audit_share: float = 0.1,
        at_once: int = 8,
    ) -> None:
        """Run plans.

        Args:
            context: workers, tools and limits; its sources are replaced by each problem's documents.
            grade: scores reports.
            part_dollars: what a needed part is worth.
            planner_price: what the planner's own tokens cost; None for nothing.
            executions: runs of each plan under its budgets.
            audit_share: the chance of each plan to be run without caps too, above 0 and at most 1.
            at_once: runs at the same time.
        """
        self._context = context or Context()
        self._grade, self._part_dollars, self._planner_price = grade, part_dollars, planner_price or Price()
        self._executions, self._audit_share, self._at_once = executions, audit_share, at_once
        self._done: OrderedDict[tuple[str, int, str], Episode] = OrderedDict()

    def execute(self, problem: Problem, rollouts: Sequence[Rollout], *, seed: int) -> list[Episode]:
        """An episode for each rollout. A plan with faults counts as no plan."""
        read = [self._read(problem, each) for each in rollouts]
        fresh = {each.text: each for each in read if self._key(problem, each) not in self._done}
        if fresh:
            asyncio.run(self._run_all(problem, list(fresh.values()), seed))
        episodes = [replace(self._done[self._key(problem, each)], rollout=each) for each in read]
        self._forget(problem, episodes)
        return episodes

    @staticmethod
    def _read(problem: Problem, rollout: Rollout) -> Rollout:
        faulty = rollout.plan is None or check_plan(rollout.plan, rules_of(problem.brief))
        return replace(rollout, plan=None) if faulty else rollout

    @staticmethod
    def _key(problem: Problem, rollout: Rollout) -> tuple[str, int, str]:
        return problem.world, problem.seed, rollout.text

    def _forget(self, problem: Problem, episodes: Sequence[Episode]) -> None:
        """Keep no failures, which may pass, and no more results than fit."""
        for each in episodes:
            if each.error:
                self._done.pop(self._key(problem, each.rollout), None)
        while len(self._done) > _KEPT:
            self._done.popitem(last=False)

    async def _run_all(self, problem: Problem, rollouts: Sequence[Rollout], seed: int) -> None:
        documents = [Document(name, text, name) for name, text in problem.documents.items()]
        slots = asyncio.Semaphore(self._at_once)
        with closing(DocumentIndex.in_memory(documents)) as index:
            context = replace(
                self._context, sources=index, approve=False, limits=replace(self._context.limits, max_revisions=0)
            )
            found = await asyncio.gather(*(self._episode(problem, each, context, slots, seed) for each in rollouts))
        for episode in found:
            self._done[self._key(problem, episode.rollout)] = episode

    async def _episode(
        self, problem: Problem, rollout: Rollout, context: Context, slots: asyncio.Semaphore, seed: int
    ) -> Episode:
        """Run one plan as often as is wanted."""
        plan = rollout.plan
        if plan is None:
            return Episode(problem, rollout, audit_share=self._audit_share)
        audited = draw_for("audit", seed, problem.seed, rollout.text).random() < self._audit_share
        plans = [plan] * self._executions + [_uncapped(plan)] * audited
        limits = [context.limits] * self._executions + [replace(context.limits, tokens=None, dollars=None)] * audited
        runs = await asyncio.gather(
            *(
                self._run(problem, rollout, each, replace(context, limits=limit), slots)
                for each, limit in zip(plans, limits, strict=True)
            )
        )
        error = next((run.error for run in runs if run.error), "")
        outcomes = tuple(run.outcome for run in runs)
        return Episode(
            problem, rollout, outcomes[: self._executions], outcomes[self._executions :], self._audit_share, error
        )

    async def _run(
        self, problem: Problem, rollout: Rollout, plan: Plan, context: Context, slots: asyncio.Semaphore
    ) -> _Run:
        tally = _Tally()
        async with slots:
            # Results are kept by key: with stores of its own, a run finds nothing that another one has left.
            own = replace(context, store=InMemoryStore(), artifacts=MemoryArtifacts())
            try:
                result = await run_graph(problem.brief, run_id="rollout", context=own, plan=plan, on_event=tally.note)
            except ForeplanError as error:
                return _Run(Outcome(Grade(reward=0.0)), str(error))
        return _Run(self._outcome(problem, rollout, plan, result, tally), tally.gave_way())

    def _outcome(self, problem: Problem, rollout: Rollout, plan: Plan, result: RunResult, tally: _Tally) -> Outcome:
        grade = self._grade(problem, result.report.markdown if result.report else plan.answer or "")
        written = Usage(prompt_tokens=len(rollout.prompt_ids), completion_tokens=len(rollout.completion_ids))
        dollars = dict(tally.dollars)
        dollars[""] = dollars.get("", 0.0) + self._planner_price.dollars(written)
        worth = self._part_dollars * needed(problem)
        return Outcome(
            grade=grade,
            utility=worth * grade.reward - sum(dollars.values()),
            best=worth,
            spent_tokens=tally.tokens,
            solved=_solved(problem, plan, result),
            seconds=result.seconds,
            spent_dollars=dollars,
        )


@dataclass(frozen=True)
class _Run:
    """One run, and why it does not count, if so."""

    outcome: Outcome
    error: str


@dataclass
class _Tally:
    """Adds up a run's events by subtask; planner and writer stand under `""`."""

    tokens: dict[str, int] = field(default_factory=dict)
    dollars: dict[str, float] = field(default_factory=dict)
    _kinds: dict[str, str] = field(default_factory=dict)
    _failed: dict[str, str] = field(default_factory=dict)

    def note(self, event: Event) -> None:
        """Count one event."""
        if isinstance(event, Spent):
            own = subtask_of(event.account)
            if own is not None:
                self.tokens[own] = self.tokens.get(own, 0) + event.prompt_tokens + event.completion_tokens
            self.dollars[own or ""] = self.dollars.get(own or "", 0.0) + event.dollars
        elif isinstance(event, LessonLearned):
            self._kinds[event.subtask] = event.kind
        elif isinstance(event, SubtaskEnded) and event.state == "failed":
            self._failed[event.subtask] = event.reason

    def gave_way(self) -> str:
        """Why a subtask failed through no fault of the plan; empty when none did."""
        faults = (reason for own, reason in self._failed.items() if self._kinds.get(own) in _OUTSIDE)
        return next(faults, "")


def _uncapped(plan: Plan) -> Plan:
    subtasks = tuple(each.model_copy(update={"budget": UNCAPPED_TOKENS}) for each in plan.subtasks)
    return plan.model_copy(update={"subtasks": subtasks})


def _solved(problem: Problem, plan: Plan, result: RunResult) -> Mapping[str, bool]:
    """Whether each subtask that was begun states its part's answer; without one to state, whether it found anything."""
    answers = {part.id: part.answer for part in problem.parts}
    impossible = {part.id for part in problem.parts if part.difficulty > 1}
    part_of = part_by_subtask(problem, matched(problem, plan))
    solved = {}
    for digest in result.digests:
        if digest.state == "skipped":
            continue
        said = " ".join(claim.text for claim in digest.claims)
        part = part_of.get(digest.subtask, "")
        answer = answers.get(part)
        solved[digest.subtask] = (Stated(said).states(answer) if answer else bool(said)) and part not in impossible
    return solved
