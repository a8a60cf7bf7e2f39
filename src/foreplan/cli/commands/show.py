"""`foreplan show`: lists the runs of the data home, or shows one from its trace and report, as text or as a page."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foreplan.cli.drawing import draw
from foreplan.cli.given import home_from, settings_from
from foreplan.cli.plan_file import check_output, write_output
from foreplan.cli.text import one_line, safe
from foreplan.core.errors import InputError
from foreplan.memory.rundir import RunDir, RunDirs
from foreplan.memory.trace.reader import read_events
from foreplan.memory.trace.view import RunView

MAX_SHOWN = 50
WIDTH = 100
GOAL_WIDTH = 60


def main(**flags: Any) -> int:
    """List or show; 0 when there is something to show.

    Raises:
        UnknownRun: when no run has that id.
    """
    _check(flags)
    runs = RunDirs(home_from(flags, settings_from(flags)))
    if flags["run_id"] is None:
        _list(runs, as_json=flags["as_json"])
        return 0
    directory = runs.find(flags["run_id"])
    if flags["html"]:
        path = _write_page(directory, flags["output"])
        print(json.dumps({"run": directory.run, "page": str(path)}) if flags["as_json"] else path)
    elif flags["as_json"]:
        print(json.dumps(_summary(directory) if not directory.finished else directory.read(directory.result)))
    elif flags["report"]:
        print(_report(directory))
    else:
        _show(directory)
    return 0


def _check(flags: Mapping[str, Any]) -> None:
    """See that the flags go together, before anything is looked for.

    Raises:
        InputError: when they do not, or the page cannot go where it is to go.
    """
    if flags["run_id"] is None and (flags["report"] or flags["html"]):
        what = "report" if flags["report"] else "page"
        raise InputError(f"Whose {what}?", hint="Give the run's id; `foreplan show` lists them.")
    if flags["report"] and flags["html"]:
        raise InputError("A report is a text, and --html makes a page.", hint="Give --report or --html, not both.")
    if flags["output"] and not flags["html"]:
        raise InputError("-o says where a page goes.", hint="Give --html with it.")
    check_output(flags["output"])


def _write_page(directory: RunDir, output: Path | None) -> Path:
    """Write the page about a run, which may still go on; where it is."""
    from foreplan.agents.page.page import run_page  # Markdown and figures are needed for pages only

    page = run_page(directory)
    if output is None:
        directory.write(directory.page, page)
        return directory.page
    write_output(output, page)
    return output


def _list(runs: RunDirs, *, as_json: bool) -> None:
    found = runs.list()
    summaries = [_summary(directory) for directory in found[:MAX_SHOWN]]
    if as_json:
        print(json.dumps(summaries))
        return
    width = max((len(each["run"]) for each in summaries), default=0)
    for each in summaries:
        print(f"{each['run']:<{width}}  {each['state']:<10} {one_line(each['goal'], GOAL_WIDTH)}")
    if not found:
        print(f"There are no runs in {runs.folder} yet.", file=sys.stderr)
    elif len(found) > MAX_SHOWN:
        print(f"and {len(found) - MAX_SHOWN} older ones in {runs.folder}", file=sys.stderr)


def _summary(directory: RunDir) -> dict[str, Any]:
    """What a list says of a run. A run that was cut off before its brief was written has no goal."""
    brief = directory.read(directory.brief) if directory.brief.is_file() else {}
    state = directory.read(directory.result)["state"] if directory.finished else "unfinished"
    return {"run": directory.run, "state": state, "goal": brief.get("goal", ""), "path": str(directory.path)}


def _show(directory: RunDir) -> None:
    view = RunView()
    if directory.trace.is_file():
        for event in read_events(directory.trace):
            view.apply(event)
    for line in draw(view, width=WIDTH, height=len(view.rows) + 4, now=time.time()):
        print(line.plain.rstrip())
    for note in view.notes:
        print(f"note: {safe(note)}")
    if directory.report.is_file():
        print(f"\n{_report(directory)}")
    if not directory.finished:
        print(f"\nIt did not end; go on with: foreplan run --resume {directory.run}", file=sys.stderr)


def _report(directory: RunDir) -> str:
    """The report's text.

    Raises:
        InputError: when the run has none.
    """
    if not directory.report.is_file():
        raise InputError(
            f"Run {directory.run} has no report.", hint=f"Go on with it: foreplan run --resume {directory.run}"
        )
    return safe(directory.report.read_text(encoding="utf-8", errors="replace"))
