"""`foreplan jobs approve`: a job that waits goes in; its plan is shown, or decided about, and the job goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from foreplan.agents.errors import JobRefused
from foreplan.cli.job_places import places_from, queue_from
from foreplan.cli.plan_file import load_plan_file
from foreplan.cli.plan_view import plan_lines
from foreplan.cli.text import safe
from foreplan.cli.worker_start import ensure_worker
from foreplan.core.errors import InputError
from foreplan.planner.plan import Plan


def main(**flags: Any) -> int:
    """Show the plan, or decide about it; 0 when that was done.

    Raises:
        UnknownJob: when no job has that id.
        JobRefused: when it does not wait.
        InvalidPlan: when the plan in the file cannot be run.
    """
    answer = _answer(flags)
    with queue_from(flags) as queue:
        job = queue.find(flags["job"])
        if job.state != "waiting":
            raise JobRefused(f"Job {job.id} does not wait for approval ({job.state}).")
        plan = Plan.model_validate(job.outcome["plan"])
        fault = str(job.outcome.get("fault") or "")
        if answer is None:
            _show(plan, fault, job.id, as_json=flags["as_json"])
            return 0
        queue.answer(job, answer)
    ensure_worker(places_from(flags), flags)
    print(json.dumps({"job": job.id, **answer}) if flags["as_json"] else f"{job.id}: {answer['decision']}")
    return 0


def _answer(flags: Mapping[str, Any]) -> dict[str, Any] | None:
    given = [flags["yes"], flags["reject"], flags["plan"] is not None]
    if sum(given) > 1:
        raise InputError("Give one of --yes, --reject and --plan.", hint="See foreplan jobs approve --help.")
    if flags["yes"]:
        return {"decision": "approve"}
    if flags["reject"]:
        return {"decision": "reject", "reason": "rejected by foreplan jobs approve"}
    if flags["plan"] is not None:
        edited, _ = load_plan_file(flags["plan"])
        return {"decision": "edit", "plan": edited.model_dump(mode="json")}
    return None


def _show(plan: Plan, fault: str, job: str, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"job": job, "plan": plan.model_dump(mode="json"), "fault": fault}))
        return
    print(safe("\n".join(plan_lines(plan))))
    if fault:
        print(safe(f"The last answer could not be used: {fault}"), file=sys.stderr)
    print(f"Decide with: foreplan jobs approve {job} --yes | --reject | --plan FILE", file=sys.stderr)
