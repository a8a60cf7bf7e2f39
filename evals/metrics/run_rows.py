"""From a run to numbers: its result and its events go in, the record that metrics and pages read comes out.

Law: a record has the subtasks of the plan as it was at the end; what was spent on subtasks that a revision dropped is
in the record's total all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from ...agents.report import Report
from ...agents.result import RunResult
from ...core.events import Event, Spent, SubtaskEnded, subtask_of
from ...memory.digest import Digest
from ...memory.evidence import EvidenceRef
from ...planner.plan import Plan
from ..records import EvalRecord, SubtaskRecord


def run_record(
    result: RunResult,
    events: Iterable[Event],
    *,
    task: str,
    suite: str,
    planner: str,
    score: float,
    solved: bool,
    epoch: int = 0,
    difficulty: float | None = None,
    oracle_tokens: int | None = None,
) -> EvalRecord:
    """The record of one run.

    Args:
        result: what the run left.
        events: what happened, from `memory.trace.read_events`; from `on_event` for a run that was never resumed.
        task: the task's id.
        suite: the suite it is of.
        planner: who planned.
        score: the grader's verdict, 0..1.
        solved: whether that counts as a success.
        epoch: which time the task was done.
        difficulty: of the task, where it is known.
        oracle_tokens: the best budget, where it is known.
    """
    happened = list(events)
    main_calls = sum(isinstance(event, Spent) and subtask_of(event.account) is None for event in happened)
    used = used_subtasks(result.digests, result.report)
    return EvalRecord(
        task=task,
        suite=suite,
        planner=planner,
        epoch=epoch,
        score=score,
        solved=solved,
        forecast_success=result.plan.success if result.plan else None,
        tokens=result.usage.total_tokens,
        dollars=result.dollars,
        seconds=result.seconds,
        difficulty=difficulty,
        oracle_tokens=oracle_tokens,
        calls=main_calls,
        subtasks=subtask_records(result.plan, happened, used=used) if result.plan else (),
    )


def subtask_records(plan: Plan, events: Iterable[Event], *, used: Iterable[str]) -> tuple[SubtaskRecord, ...]:
    """Forecast and outcome of each subtask of a plan. One that never ended is not solved and spent what it spent."""
    tokens, calls = Counter[str](), Counter[str]()
    seconds: dict[str, float] = {}
    state: dict[str, str] = {}
    for event in events:
        if isinstance(event, Spent) and (subtask := subtask_of(event.account)) is not None:
            tokens[subtask] += event.prompt_tokens + event.completion_tokens
            calls[subtask] += 1
        elif isinstance(event, SubtaskEnded):
            # A run that goes on tells of finished subtasks again, in next to no time.
            seconds[event.subtask] = max(event.seconds, seconds.get(event.subtask, 0.0))
            state[event.subtask] = event.state
    wanted = frozenset(used)
    return tuple(
        SubtaskRecord(
            id=each.id,
            forecast_success=each.forecast.success,
            tokens_p50=each.forecast.tokens_p50,
            tokens_p90=each.forecast.tokens_p90,
            spent_tokens=tokens[each.id],
            capped=state.get(each.id) == "capped",
            solved=state.get(each.id) == "done",
            depends_on=each.depends_on,
            calls=calls[each.id],
            seconds=seconds.get(each.id, 0.0),
            used=each.id in wanted,
        )
        for each in plan.subtasks
    )


def used_subtasks(digests: Sequence[Digest], report: Report | None) -> frozenset[str]:
    """Subtasks with a claim whose evidence the report cites."""
    cited = [citation.ref for citation in report.citations] if report else []
    return frozenset(
        digest.subtask
        for digest in digests
        if any(_overlap(ref, other) for claim in digest.claims for ref in claim.evidence for other in cited)
    )


def _overlap(one: EvidenceRef, other: EvidenceRef) -> bool:
    return one.artifact == other.artifact and one.start < other.end and other.start < one.end
