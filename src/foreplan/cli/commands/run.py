"""`foreplan run`: a question, a plan file or a stopped run goes in; the report is printed, its progress shown."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from foreplan.agents.context import Context
from foreplan.agents.result import RunResult
from foreplan.agents.run import resume, run
from foreplan.agents.tools.toolset import toolset
from foreplan.cli.asking import Asking, check_can_ask
from foreplan.cli.banner import say_embedded
from foreplan.cli.exits import DONE, PARTS_MISSING, REJECTED, STOPPED, BrokenRun
from foreplan.cli.given import brief_from, home_from, project_from, settings_from
from foreplan.cli.history import history_of
from foreplan.cli.library import index_to_search
from foreplan.cli.log import keep_words, unretrieved_to_log
from foreplan.cli.plan_file import check_output, load_plan_file, write_output
from foreplan.cli.progress import Progress, progress
from foreplan.cli.resuming import check_same_kind, how_to_go_on
from foreplan.cli.telemetry import telemetry
from foreplan.cli.text import safe
from foreplan.cli.trained import trained_planner, without_folder
from foreplan.core.errors import ForeplanError, InputError
from foreplan.core.heap import keep_imports
from foreplan.core.settings import Settings
from foreplan.core.settings.roles import models_from
from foreplan.core.settings.secrets import secrets_of
from foreplan.memory.documents.index import DocumentIndex
from foreplan.memory.rundir import RunDirs, new_run_id
from foreplan.memory.trace.record import OnRecord
from foreplan.planner.brief import Brief
from foreplan.planner.embedded import facets
from foreplan.planner.forecast.cost import plan_cost, usual_cost
from foreplan.planner.forecast.history import History
from foreplan.planner.plan import Plan

EXIT_OF_STATE = {"done": DONE, "partial": PARTS_MISSING, "failed": PARTS_MISSING, "rejected": REJECTED}


@dataclass(frozen=True)
class Work:
    """What is to be run: a brief, with a plan if there is one, under a run's id."""

    run_id: str
    brief: Brief
    plan: Plan | None
    resumed: bool


def main(**flags: Any) -> int:
    """Run it; the exit code says how it ended.

    Raises:
        ForeplanError: when it cannot be run, or cannot go on.
    """
    _check_flags(flags)
    trained = trained_planner(flags)
    settings = settings_from(without_folder(flags))
    home = home_from(flags, settings)
    work = _work(flags, home)
    models = models_from(settings)
    if models.embedded:
        say_embedded(settings)
        _check_embedded(work, settings, home)
    if not work.resumed:
        RunDirs(home).prune(keep_days=settings.storage.keep_days)
    index = index_to_search(home, [Path(each) for each in work.brief.sources]) if work.brief.sources else None
    context = Context(
        models=models,
        sources=index,
        limits=settings.run_limits,
        approve=flags["approve"],
        planner=trained,
        vary_workers=settings.vary_workers,
        history=None if models.embedded else history_of(settings, home),
        project=project_from(flags, settings),
    )
    _say_cost(work, context.history)
    with telemetry(settings) as on_record:
        try:
            with _told_how_to_go_on(work, home, flags):
                result = asyncio.run(_drive(work, context, settings, home, on_record))
        except KeyboardInterrupt:
            print(f"\nStopped. {how_to_go_on(work.run_id, home, flags)}", file=sys.stderr)
            return STOPPED
        finally:
            _close(index)
        _deliver(result, flags, home)
    return EXIT_OF_STATE[result.state]


async def _drive(work: Work, context: Context, settings: Settings, home: Path, on_record: OnRecord | None) -> RunResult:
    asyncio.get_running_loop().set_exception_handler(unretrieved_to_log(home))
    keep_imports()
    shown: Progress = progress()
    asking = Asking(shown)
    async with toolset(settings.tools, settings.mcp, emit=shown) as tools:
        whole = replace(context, tools=tools, on_record=on_record)
        with shown:
            if work.resumed:
                return await resume(
                    work.run_id,
                    context=whole,
                    home=home,
                    on_event=shown,
                    approve=asking,
                    secrets=secrets_of(settings),
                )
            return await run(
                work.brief,
                context=whole,
                home=home,
                run_id=work.run_id,
                plan=work.plan,
                on_event=shown,
                approve=asking,
                secrets=secrets_of(settings),
            )


def _work(flags: Mapping[str, Any], home: Path) -> Work:
    folders = flags["sources"] or []
    if flags["resume"]:
        directory = RunDirs(home).find(flags["resume"])
        brief = Brief.model_validate(directory.read(directory.brief))
        return Work(directory.run, _searching(brief, folders), None, resumed=True)
    plan, planned_for = load_plan_file(flags["plan"]) if flags["plan"] else (None, None)
    if planned_for is not None and flags["goal"] is None:
        return Work(new_run_id(), _searching(planned_for, folders), plan, resumed=False)
    return Work(new_run_id(), brief_from(flags, folders), plan, resumed=False)


def _searching(brief: Brief, folders: list[Path]) -> Brief:
    """The brief over these folders, or over its own when none are given."""
    return brief.model_copy(update={"sources": tuple(map(str, folders))}) if folders else brief


def _say_cost(work: Work, history: History | None) -> None:
    """What the run is expected to cost: by its plan when that is known, else as past runs did."""
    if history is None or work.resumed:
        return
    cost = usual_cost(history) if work.plan is None else plan_cost(work.plan, history)
    print(cost or "expected cost: not known, no run of this home has ended yet", file=sys.stderr)


def _check_flags(flags: Mapping[str, Any]) -> None:
    if flags["resume"] and (flags["goal"] is not None or flags["plan"]):
        raise InputError("A run that goes on has its question and plan already.", hint="Give --resume ID without them.")
    if flags["priority"] is not None:
        raise InputError("--priority is a job's place in the queue.", hint="Add --background, or leave it out.")
    if flags["approve"]:
        check_can_ask()
    check_output(flags["output"])


def _check_embedded(work: Work, settings: Settings, home: Path) -> None:
    """Without a model, only arithmetic is answered from nothing, and a run begun with models is not gone on with."""
    if work.resumed and not settings.embedded:
        check_same_kind(RunDirs(home).at(work.run_id))
    if not work.brief.sources and facets(work.brief).mode != "direct":
        raise InputError(
            "There are no sources, and no model is configured to answer without them.",
            hint="Name a folder of documents with --sources DIR, or configure a model.",
        )


@contextmanager
def _told_how_to_go_on(work: Work, home: Path, flags: Mapping[str, Any]) -> Iterator[None]:
    """An error of a run that has begun says how to go on with it: nothing it has done is lost."""
    try:
        yield
    except ForeplanError as error:
        folder = RunDirs(home).at(work.run_id).path
        if folder.is_dir():
            told = [error.hint, keep_words(error, folder), how_to_go_on(work.run_id, home, flags)]
            error.hint = " ".join(filter(None, told))
        raise
    except BrokenPipeError:
        raise  # whoever watched has gone
    except Exception as error:
        raise BrokenRun(how_to_go_on(work.run_id, home, flags)) from error


def _close(index: DocumentIndex | None) -> None:
    if index is not None:
        index.close()


def _deliver(result: RunResult, flags: Mapping[str, Any], home: Path) -> None:
    report = result.report.markdown if result.report else ""
    if flags["output"] and report:
        _write_report(flags["output"], report, result.run_id, home)
    if flags["as_json"]:
        print(json.dumps(result.to_json()))
    elif flags["output"]:
        print(f"The report is in {flags['output']}.", file=sys.stderr)
    elif report:
        print(safe(report))
    directory = RunDirs(home).at(result.run_id)
    print(f"run {result.run_id}: {result.state}; everything about it is in {directory.path}", file=sys.stderr)
    if directory.page.is_file():
        print(f"look at it with a browser: {directory.page}", file=sys.stderr)


def _write_report(path: Path, report: str, run_id: str, home: Path) -> None:
    """Write the report where it was asked for; when that fails, say where it is."""
    try:
        write_output(path, report)
    except InputError as error:
        again = shlex.join(["foreplan", "show", "--report", run_id, "--home", str(home)])
        error.hint = f"The run is done and nothing is lost; print its report with: {again}"
        raise
