"""What a job is: everything a worker, on whichever machine, has to know to run it. No secret stands in it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ...core.errors import InputError
from ...planner.brief import Brief
from ...planner.plan import Plan

FIRST, LAST, USUAL = 1, 1_000, 100
"""Priorities: lower goes first."""


class JobSpec(BaseModel):
    """One run in the background.

    Attributes:
        brief: what the user wants; its sources are absolute paths, which the worker's machine must have too.
        plan: run this plan instead of asking the planner.
        approve: stop for approval before a plan, or a changed plan, is executed.
        settings: the settings of the run as JSON, without its secrets, for whoever prepares the run's context.
        project: lessons are shared by runs of one project.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    brief: Brief
    plan: Plan | None = None
    approve: bool = False
    settings: dict[str, Any] = {}
    project: str | None = None


def read_spec(data: Any) -> JobSpec:
    """The spec in a job's input.

    Raises:
        InputError: when it is none.
    """
    try:
        return JobSpec.model_validate(data)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise InputError(f"The job cannot be read: {where}: {fault['msg']}.", hint="Begin it anew.") from error
