"""`foreplan grade`: a grader scores a finished run's report and plan; its verdict goes into the trace."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Literal

from foreplan.cli.given import home_from, settings_from
from foreplan.cli.judging import check_trace, keep_score, tell_score
from foreplan.core.errors import InputError
from foreplan.core.ledger import Ledger
from foreplan.core.settings import Settings
from foreplan.core.settings.roles import models_from
from foreplan.core.settings.secrets import secrets_of
from foreplan.evals.graders.base import Grade, Grader, Sample
from foreplan.evals.graders.judging import judge_of
from foreplan.evals.graders.load import grader_from
from foreplan.memory.rundir import RunDir, RunDirs
from foreplan.memory.trace.score import Score


def main(**flags: Any) -> int:
    """Grade it and keep the verdict; 0.

    Raises:
        InputError: when the run is not over.
        GraderError: when the file holds no grader that can be used.
        UnknownRun: when no run has that id.
    """
    settings = settings_from(flags)
    directory = RunDirs(home_from(flags, settings)).find(flags["run_id"])
    check_trace(directory)
    item, sample = judged(directory)
    grader, grade = asyncio.run(_grade(flags["grader"], item, sample, settings))
    by: Literal["judge", "grader"] = "judge" if grade.tokens else "grader"
    score = Score(name=grader.name[:200] or "grader", value=grade.reward, why=_why(grade), by=by)
    keep_score(directory, score, secrets_of(settings))
    tell_score(directory, score, as_json=flags["as_json"], more=grade.model_dump(mode="json"))
    return 0


def judged(directory: RunDir) -> tuple[dict[str, Any], Sample]:
    """A run as graders see it: brief, plan and spend are the item; the report is the sample's text, the plan its data.

    Raises:
        InputError: when the run is not over.
    """
    if not directory.finished:
        raise InputError(
            f"Run {directory.run} is not over, so there is nothing to grade.",
            hint=f"Go on with it: foreplan run --resume {directory.run}",
        )
    result = directory.read(directory.result)
    whole = result if isinstance(result, dict) else {}
    item = {name: whole.get(name) for name in ("run", "state", "brief", "plan", "spend")}
    report = whole.get("report")
    return item, Sample(text=report if isinstance(report, str) else "", data=whole.get("plan"))


async def _grade(file: Path, item: dict[str, Any], sample: Sample, settings: Settings) -> tuple[Grader, Grade]:
    models = models_from(settings)
    judge = None if models.embedded else judge_of(models.role("judge"), Ledger(settings.run_limits).account("judge"))
    grader = grader_from(file, judge=judge)
    try:
        return grader, await grader.grade(item, sample)
    finally:
        await models.aclose()


def _why(grade: Grade) -> str:
    """Why parts could not be graded, or what the reward is made of."""
    parts = ", ".join(f"{name} {value:.2f}" for name, value in grade.sub_rewards.items())
    return "; ".join([*grade.errors, *([parts] if parts else [])])
