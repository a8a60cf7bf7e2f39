"""`foreplan run --background`: a question or a plan file goes in, a job's id comes out before the job begins.

Nothing is imported here that a run needs and a queue does not: the id is there within a second.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foreplan.cli.given import brief_from, nothing_to_read, project_from, settings_from
from foreplan.cli.job_settings import check_keys, without_secrets
from foreplan.cli.trained import refuse_folder
from foreplan.core.errors import InputError
from foreplan.core.settings import Settings, load_settings
from foreplan.planner.brief import Brief
from foreplan.planner.plan import Plan


def main(**flags: Any) -> int:
    """Queue it; 0 once it is queued.

    Raises:
        ForeplanError: when it cannot be queued.
    """
    from foreplan.agents.jobs.queue import JobQueue
    from foreplan.agents.jobs.spec import USUAL, JobSpec
    from foreplan.cli.job_places import places_from
    from foreplan.cli.worker_start import ensure_worker

    refuse_folder(flags, "A job")
    settings = settings_from(flags)
    brief, plan = _asked(flags)
    _check(flags, settings, brief)
    check_keys(settings, load_settings({}, config=flags["config"]))
    spec = JobSpec(
        brief=brief,
        plan=plan,
        approve=flags["approve"],
        settings=without_secrets(settings),
        project=project_from(flags, settings),
    )
    places = places_from(flags, settings)
    with JobQueue(places) as queue:
        job = queue.add(spec, priority=flags["priority"] or USUAL)
        print(json.dumps({"job": job}) if flags["as_json"] else job, flush=True)
    ensure_worker(places, flags)
    print(f"watch it with: foreplan jobs watch {job}", file=sys.stderr)
    return 0


def _asked(flags: Mapping[str, Any]) -> tuple[Brief, Plan | None]:
    folders = [folder.expanduser().resolve() for folder in flags["sources"] or []]
    if not flags["plan"]:
        return brief_from(flags, folders), None
    from foreplan.cli.plan_file import load_plan_file

    plan, planned_for = load_plan_file(flags["plan"])
    brief = planned_for if planned_for is not None and flags["goal"] is None else brief_from(flags, folders)
    named = folders or [Path(each).expanduser().resolve() for each in brief.sources]
    return brief.model_copy(update={"sources": tuple(map(str, named))}), plan


def _check(flags: Mapping[str, Any], settings: Settings, brief: Brief) -> None:
    """See what the worker would only find out when nobody looks any more.

    Raises:
        InputError: when the run cannot begin.
    """
    if flags["resume"] or flags["output"]:
        name = "--resume" if flags["resume"] else "--output"
        raise InputError(f"{name} does not go with --background.", hint="See foreplan jobs --help.")
    if brief.sources:
        _check_sources([Path(each) for each in brief.sources])
        return
    from foreplan.core.settings.roles import role_specs

    if role_specs(settings).embedded:
        from foreplan.planner.embedded import facets

        if facets(brief).mode != "direct":
            raise InputError(
                "There are no sources, and no model is configured to answer without them.",
                hint="Name a folder of documents with --sources DIR, or configure a model.",
            )


def _check_sources(sources: Sequence[Path]) -> None:
    """See that all are there and one holds a file; whether that can be read is the worker's to find out.

    Raises:
        ForeplanError: when one is missing or cannot be listed, or there is no file.
    """
    from foreplan.memory.documents.files import SourceFile, walk

    first = [next((each for each in walk([source]) if isinstance(each, SourceFile)), None) for source in sources]
    if not any(first):
        raise nothing_to_read(sources)
