"""`worlds`: made-up problems on held-out seeds. `fanout` runs through the graph; `parts` and `market` judge plans.

They come in turn, so that any number of tasks is an equal mix. `parts` and `market` need a planner: the embedded one
only looks things up.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ...memory.documents.base import Document
from ...planner.messages import WorkerOffer
from ...planner.plan import Plan
from ..graders.base import CodeGrader, Item, Sample
from ..graders.plan_form import plan_of
from ..worlds.base import Outcome, Problem, World, held_out
from ..worlds.fanout.grade import grade_report
from ..worlds.market.problem import NAME as MARKET
from ..worlds.market.world import offers
from ..worlds.registry import world
from .base import EvalTask
from .items import without_data

NAME = "worlds"
WORLDS = ("fanout", "parts", "market")
USUAL = 30


def tasks(data: Sequence[Path], limit: int | None) -> list[EvalTask]:
    """`limit` problems of the three worlds in turn; 30 when that is None."""
    without_data(data, NAME)
    found = {name: world(name) for name in WORLDS}
    return [_task(found[WORLDS[at % len(WORLDS)]], held_out(at // len(WORLDS))) for at in range(limit or USUAL)]


def _task(made_by: World, seed: int) -> EvalTask:
    problem = made_by.problem(seed)
    return report_task(made_by, problem) if made_by.name == "fanout" else plan_task(made_by, problem)


def report_task(made_by: World, problem: Problem) -> EvalTask:
    """A problem of the fanout world, run through the graph."""

    def score(item: Item, sample: Sample) -> dict[str, float]:
        grade = grade_report(problem, sample.text)
        return {**grade.sub_rewards, "reward": grade.reward}

    return EvalTask(
        id=f"{problem.world}-{problem.seed}",
        brief=problem.brief,
        item=_item(problem),
        grader=CodeGrader(problem.world, score),
        documents=tuple(Document(name, text, name) for name, text in problem.documents.items()),
        solved_by="answer",
        difficulty=_difficulty(problem),
        oracle_tokens=_oracle_tokens(made_by, problem),
        gold=lambda rules: made_by.best_plan(problem),
    )


def plan_task(made_by: World, problem: Problem) -> EvalTask:
    """A problem of any world, whose plans the world judges."""

    def score(item: Item, sample: Sample) -> dict[str, float]:
        grade = made_by.outcome(problem, plan_of(sample), draw=item["epoch"]).grade
        return {**grade.sub_rewards, "reward": grade.reward}

    return EvalTask(
        id=f"{problem.world}-{problem.seed}",
        brief=problem.brief,
        item=_item(problem),
        grader=CodeGrader(problem.world, score),
        plan_only=True,
        played=partial(_played, made_by, problem),
        workers=_workers(problem),
        difficulty=_difficulty(problem),
        oracle_tokens=_oracle_tokens(made_by, problem),
        gold=lambda rules: made_by.best_plan(problem),
        needs="planner",
    )


def _played(made_by: World, problem: Problem, plan: Plan, draw: int) -> Outcome:
    return made_by.outcome(problem, plan, draw=draw)


def _item(problem: Problem) -> Item:
    return {"world": problem.world, "seed": problem.seed, "answer": problem.answer}


def _workers(problem: Problem) -> tuple[WorkerOffer, ...]:
    return offers(problem) if problem.world == MARKET else ()


def _difficulty(problem: Problem) -> float:
    """The difficulties of all needed parts that can be done, summed up."""
    return sum(part.difficulty for part in problem.parts if part.needed and part.difficulty <= 1)


def _oracle_tokens(made_by: World, problem: Problem) -> int:
    spent = made_by.outcome(problem, made_by.best_plan(problem)).spent_tokens
    return sum((spent or {}).values())
