"""Running tasks under inspect-ai: tasks and a setting go in; a log for Inspect's viewer and records come out.

The solver carries a task out, the scorer grades it by the task's own grader and keeps the record. Inspect calls no
model here. A task whose record is kept is not done again; its sample says what was kept. Law: the first error that is
no verdict on the planner stops the evaluation; what was done until then stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inspect_ai import Epochs, Task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver

from ...memory.rundir import RunDirs
from ...planner.plan import Plan
from ..errors import EvalsError
from ..graders.base import Grade
from ..graders.base import Sample as Graded
from ..records import EvalRecord
from .base import EvalTask
from .carry_out import carry_out, run_id_of
from .done import Done, Setting
from .session import Session

_MAX_ANSWER_CHARS = 2_000


@dataclass
class Sitting:
    """One sitting of an evaluation."""

    tasks: Mapping[str, EvalTask]
    setting: Setting
    session: Session
    told: Callable[[EvalRecord], None]
    done: dict[tuple[str, int], Done] = field(default_factory=dict)
    stopped: Exception | None = None

    async def carry_out(self, task: str, epoch: int) -> Done:
        """Do a task, unless its record is kept."""
        kept = self.session.records.get((task, epoch))
        try:
            self.done[task, epoch] = (
                self._kept(kept) if kept else await carry_out(self.tasks[task], epoch, self.setting)
            )
        except Exception as error:
            self.stopped = self.stopped or error
            raise
        return self.done[task, epoch]

    async def grade(self, task: str, epoch: int) -> tuple[EvalRecord, Grade, dict[str, float]]:
        """The record with its score, kept; the grade; and the rewards of what is noted beside."""
        done, asked = self.done.pop((task, epoch)), self.tasks[task]
        if (kept := self.session.records.get((task, epoch))) is not None:
            return kept, Grade(reward=kept.score), {}
        try:
            return await self._graded(asked, epoch, done)
        except Exception as error:
            self.stopped = self.stopped or error
            raise

    async def _graded(self, task: EvalTask, epoch: int, done: Done) -> tuple[EvalRecord, Grade, dict[str, float]]:
        item = {**task.item, "epoch": epoch}
        plan = None if done.plan is None else done.plan.model_dump(mode="json")
        if done.fault:
            grade, beside = Grade(reward=0.0, errors=(done.fault,)), {}
        else:
            output = Graded(done.text, plan if task.plan_only else None)
            grade = await task.grader.grade(item, output)
            beside = {name: (await each.grade(item, Graded("", plan))).reward for name, each in task.beside.items()}
        solved = {**grade.sub_rewards, "reward": grade.reward}.get(task.solved_by, grade.reward) >= 1
        record = done.record.model_copy(update={"score": grade.reward, "solved": solved and not done.fault})
        self.session.keep(record)
        self.told(record)
        return record, grade, beside

    def _kept(self, record: EvalRecord) -> Done:
        """What a kept record's run left, for the log."""
        directory = RunDirs(self.setting.folder).at(run_id_of(record.task, record.epoch))
        text = directory.report.read_text(encoding="utf-8", errors="replace") if directory.report.is_file() else ""
        plan = directory.read(directory.plan) if directory.plan.is_file() else None
        found = None if plan is None else Plan.model_validate({key: plan[key] for key in plan if key != "version"})
        return Done(text, found, record, notes={"kept": True})


def run_suite(
    tasks: Mapping[str, EvalTask],
    setting: Setting,
    session: Session,
    *,
    concurrency: int,
    told: Callable[[EvalRecord], None],
) -> Path:
    """Run the tasks that have no record yet; returns the log, which is in the session's folder and has all tasks.

    Args:
        tasks: by their ids.
        setting: how they are carried out.
        session: what is kept of them.
        concurrency: tasks at the same time.
        told: told each record when it is kept.

    Raises:
        KeyboardInterrupt: it was stopped; what was done is kept.
        Exception: the first error that stopped it.
    """
    sitting = Sitting(tasks, setting, session, told)
    spec = session.spec
    samples = [_sample(task) for task in tasks.values()]
    logs = inspect_eval(
        Task(
            dataset=MemoryDataset(samples, name=spec.suite),
            solver=_carried_out(sitting),
            scorer=_graded(sitting),
            epochs=Epochs(spec.epochs),
            name=f"foreplan-{spec.suite}",
            metadata={**spec.model_dump(mode="json", exclude={"version"})},
        ),
        model=None,
        display="none",
        log_dir=str(session.folder),
        log_format="eval",
        log_level="error",
        log_realtime=False,
        ctl_server=False,
        score_display=False,
        max_samples=concurrency,
        fail_on_error=True,
    )
    if sitting.stopped is not None:
        raise sitting.stopped
    if not logs or logs[0].status == "cancelled":
        raise KeyboardInterrupt
    if logs[0].status != "success":
        raise EvalsError(f"inspect-ai could not finish: {logs[0].error.message if logs[0].error else logs[0].status}")
    return Path(logs[0].location)


def _sample(task: EvalTask) -> Sample:
    about: dict[str, Any] = {"difficulty": task.difficulty, "oracle_tokens": task.oracle_tokens}
    return Sample(id=task.id, input=task.brief.goal, target=_target(task.item.get("answer")), metadata=about)


def _target(answer: Any) -> str | list[str]:
    """The gold answer as the viewer shows it."""
    if isinstance(answer, Sequence) and not isinstance(answer, str):
        return [str(each) for each in answer]
    return "" if answer is None else str(answer)


def _carried_out(sitting: Sitting) -> Solver:
    @solver(name="foreplan")
    def carried_out() -> Solver:
        """Carries the task of its sample out through Foreplan."""

        async def solve(state: TaskState, generate: Generate) -> TaskState:
            done = await sitting.carry_out(str(state.sample_id), state.epoch - 1)
            state.output = ModelOutput.from_content(sitting.setting.planner, done.text)
            state.messages.append(state.output.message)
            state.metadata["plan"] = None if done.plan is None else done.plan.model_dump(mode="json")
            state.metadata["spend"] = {
                "tokens": done.record.tokens,
                "dollars": done.record.dollars,
                "seconds": done.record.seconds,
                "subtasks": {each.id: each.spent_tokens for each in done.record.subtasks},
            }
            state.metadata |= done.notes
            return state

        return solve

    return carried_out()


def _graded(sitting: Sitting) -> Scorer:
    @scorer(name="foreplan", metrics=[mean(), stderr()])
    def graded() -> Scorer:
        """Asks the task's own grader."""

        async def score(state: TaskState, target: Target) -> Score:
            record, grade, beside = await sitting.grade(str(state.sample_id), state.epoch - 1)
            return Score(
                value=record.score,
                answer=state.output.completion[:_MAX_ANSWER_CHARS],
                explanation="; ".join(grade.errors) or None,
                metadata={"solved": record.solved, **grade.sub_rewards, **beside},
            )

        return score

    return graded()
