"""Commands and their flags, declared and nothing more: `foreplan --help` loads this module and typer, no room of ours.

Each command hands its flags to the function `main` of its own module in `foreplan.cli`, under one guard that turns
errors into a paragraph and an exit code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foreplan.cli.exits import EXIT_CODES, perform

Example = "\b\nExample:\n  "

Goal = Annotated[
    str | None, typer.Argument(help="The question or task: text, a file that holds it, or - for standard input.")
]
SourceDirs = Annotated[
    list[Path] | None, typer.Option("--sources", metavar="DIR", help="Folder of documents to search. Repeatable.")
]
Config = Annotated[
    Path | None,
    typer.Option(envvar="FOREPLAN_CONFIG", metavar="FILE", help="Settings file instead of ./foreplan.toml."),
]
Home = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of runs and indexes.")]
Project = Annotated[
    str | None, typer.Option(metavar="NAME", help="Project whose runs share lessons; unset, the working folder's.")
]
Key = Annotated[str | None, typer.Argument(metavar="KEY", help="The start of a lesson's key.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Embedded = Annotated[bool, typer.Option("--embedded", help="Use no model, even if one is configured.")]
Model = Annotated[str | None, typer.Option(metavar="NAME", help="Model of every role.")]
Planner = Annotated[str | None, typer.Option(metavar="NAME", help="Model that plans.")]
Worker = Annotated[str | None, typer.Option(metavar="NAME", help="Model that works on subtasks.")]
Writer = Annotated[str | None, typer.Option(metavar="NAME", help="Model that writes the report.")]
BaseUrl = Annotated[str | None, typer.Option(metavar="URL", help="OpenAI-compatible endpoint of every role.")]
Budget = Annotated[int | None, typer.Option(metavar="TOKENS", help="Most tokens the run may spend.")]
Dollars = Annotated[float | None, typer.Option(help="Most dollars the run may spend; needs prices.")]
Seconds = Annotated[float | None, typer.Option(help="Most wall time the run may take.")]
Concurrency = Annotated[int | None, typer.Option(metavar="N", help="Subtasks worked on at the same time.")]
Language = Annotated[str | None, typer.Option(metavar="TAG", help="Language of the report; unset, the question's.")]
Length = Annotated[str | None, typer.Option(metavar="short|medium|long", help="Length of the report.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the result here.")]

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
sources_app = typer.Typer(help="Index folders of documents, and see what is in an index.", no_args_is_help=True)
app.add_typer(sources_app, name="sources")
memory_app = typer.Typer(help="See and delete the lessons that a project's runs have learned.", no_args_is_help=True)
app.add_typer(memory_app, name="memory")


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
    resume: Annotated[str | None, typer.Option(metavar="ID", help="Go on with a run that was stopped.")] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Show the plan and ask before running it.")] = False,
    model: Model = None,
    planner: Planner = None,
    worker: Worker = None,
    writer: Writer = None,
    base_url: BaseUrl = None,
    embedded: Embedded = False,
    budget: Budget = None,
    dollars: Dollars = None,
    seconds: Seconds = None,
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
    perform("run", locals())


@app.command(epilog=Example + 'foreplan plan "Compare both dams" --sources ./papers -o plan.json')
def plan(
    goal: Goal = None,
    sources: SourceDirs = None,
    model: Model = None,
    planner: Planner = None,
    base_url: BaseUrl = None,
    embedded: Embedded = False,
    budget: Budget = None,
    language: Language = None,
    length: Length = None,
    output: Output = None,
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Only plan: print the plan, or save it for `foreplan run --plan`."""
    perform("plan", locals())


@app.command(epilog=Example + "foreplan show --report 4f21")
def show(
    run_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="A run, or the start of its id.")] = None,
    report: Annotated[bool, typer.Option("--report", help="Print its report only.")] = False,
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """List runs, or show one: its subtasks, what they spent, its report."""
    perform("show", locals())


@sources_app.command("index", epilog=Example + "foreplan sources index ./papers")
def sources_index(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders to read.")],
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Read new and changed files of folders into their index."""
    perform("sources_index", locals())


@sources_app.command("status", epilog=Example + "foreplan sources status ./papers")
def sources_status(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders that were indexed.")],
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Say what the index of folders holds, and which files could not be read."""
    perform("sources_status", locals())


@memory_app.command("list", epilog=Example + "foreplan memory list")
def memory_list(as_json: AsJson = False, home: Home = None, config: Config = None) -> None:
    """List the projects that have lessons, and how many."""
    perform("memory", {"action": "list", **locals()})


@memory_app.command("show", epilog=Example + "foreplan memory show 3f9a")
def memory_show(
    key: Key = None, project: Project = None, as_json: AsJson = False, home: Home = None, config: Config = None
) -> None:
    """List a project's lessons, newest first, or show one: what was tried, and what happened."""
    perform("memory", {"action": "show", **locals()})


@memory_app.command("forget", epilog=Example + "foreplan memory forget 3f9a")
def memory_forget(
    key: Key = None,
    every: Annotated[bool, typer.Option("--all", help="Forget all of the project's lessons.")] = False,
    project: Project = None,
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Delete one lesson, or all of a project's."""
    perform("memory", {"action": "forget", "all": every, **locals()})


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
