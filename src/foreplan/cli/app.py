"""Commands and their flags, declared and nothing more: `foreplan --help` loads this module and typer, no room of ours.

Each command hands its flags to the function `main` of its own module in `foreplan.cli`, under one guard that turns
errors into a paragraph and an exit code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foreplan.cli.exits import EXIT_CODES, perform
from foreplan.cli.flags import (
    AsJson,
    BaseUrl,
    Budget,
    Budgets,
    Concurrency,
    Config,
    Deadline,
    Dollars,
    Embedded,
    Example,
    Goal,
    Home,
    Language,
    Length,
    Model,
    Output,
    Planner,
    Project,
    Seconds,
    SourceDirs,
    Worker,
    Writer,
)
from foreplan.cli.groups import evals, feeds, jobs, memory, rating, sources, traces, train, worker_command

app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"max_content_width": 80},
    help="Foreplan turns a brief into a plan, runs the plan with parallel workers, and writes a report with checked "
    "citations.",
    epilog="\b\nExit codes:\n" + "".join(f"  {code:>3}  {meaning}\n" for code, meaning in EXIT_CODES.items()),
)
for group in (sources, memory, traces, rating, evals, jobs, feeds, train, worker_command):
    app.add_typer(group.app)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"foreplan {installed('foreplan')}")
        raise typer.Exit


@app.command(epilog=Example + 'foreplan run "Which bridges did she build?" --sources ./papers -o report.md')
def run(
    goal: Goal = None,
    sources: SourceDirs = None,
    plan: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Run this plan, from `foreplan plan -o FILE`.")
    ] = None,
    background: Annotated[
        bool, typer.Option("--background", help="Make it a job: print its id and return. See foreplan jobs.")
    ] = False,
    priority: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, max=1_000, help="A job's place in the queue; lower goes first, 100 unless set."
        ),
    ] = None,
    resume: Annotated[str | None, typer.Option(metavar="ID", help="Go on with a run that was stopped.")] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Show the plan and ask before running it.")] = False,
    model: Model = None,
    planner: Planner = None,
    worker: Worker = None,
    writer: Writer = None,
    base_url: BaseUrl = None,
    embedded: Embedded = False,
    budget: Budget = None,
    budgets: Budgets = None,
    dollars: Dollars = None,
    seconds: Seconds = None,
    deadline: Deadline = None,
    concurrency: Concurrency = None,
    language: Language = None,
    length: Length = None,
    output: Output = None,
    as_json: AsJson = False,
    project: Project = None,
    home: Home = None,
    config: Config = None,
) -> None:
    """Research a question: plan it, work on it, write a cited report."""
    perform("background" if background else "run", locals())


@app.command(epilog=Example + 'foreplan plan "Compare both dams" --sources ./papers -o plan.json')
def plan(
    goal: Goal = None,
    sources: SourceDirs = None,
    model: Model = None,
    planner: Planner = None,
    base_url: BaseUrl = None,
    embedded: Embedded = False,
    budget: Budget = None,
    budgets: Budgets = None,
    language: Language = None,
    length: Length = None,
    output: Output = None,
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Only plan: print the plan, or save it for `foreplan run --plan`."""
    perform("plan", locals())


@app.command(epilog=Example + "foreplan show --html 20261120 -o run.html")
def show(
    run_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A run: its id, the start of it, or the word in it.")
    ] = None,
    report: Annotated[bool, typer.Option("--report", help="Print its report only.")] = False,
    html: Annotated[bool, typer.Option("--html", help="Write a page about it and print where it is.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where --html writes; unset, beside the run.")
    ] = None,
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """List runs, or show one: its subtasks, what they spent, its report."""
    perform("show", locals())


@app.command(epilog=Example + "foreplan doctor")
def doctor(
    model: Model = None,
    planner: Planner = None,
    worker: Worker = None,
    writer: Writer = None,
    base_url: BaseUrl = None,
    embedded: Embedded = False,
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Say what is configured, reach each endpoint once, and tell what to fix."""
    perform("doctor", locals())
