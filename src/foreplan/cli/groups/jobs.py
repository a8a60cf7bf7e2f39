"""`foreplan jobs`: its commands and their flags."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foreplan.cli.exits import perform
from foreplan.cli.flags import AsJson, Config, Example, Home

JobId = Annotated[str, typer.Argument(metavar="ID", help="A job: its id, the start of it, or the word in it.")]

app = typer.Typer(name="jobs", help="See and steer the runs in the background.", invoke_without_command=True)


@app.callback(epilog=Example + "foreplan jobs --json")
def jobs(
    context: typer.Context,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="How many, the newest first.")] = 200,
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """List the jobs, or see and steer one: how it stands, how far it is, what it has spent, how old it is."""
    if context.invoked_subcommand is None:
        perform("jobs", {"action": "list", "limit": limit, "as_json": as_json, "home": home, "config": config})


@app.command("watch", epilog=Example + "foreplan jobs watch 20261120")
def watch(job: JobId, as_json: AsJson = False, home: Home = None, config: Config = None) -> None:
    """Show a job as it goes on; Ctrl-C stops the watching, not the job."""
    perform("jobs_watch", locals())


@app.command("report", epilog=Example + "foreplan jobs report 20261120 > report.md")
def report(job: JobId, as_json: AsJson = False, home: Home = None, config: Config = None) -> None:
    """Print the report of a job that has ended; as JSON, its whole result."""
    perform("jobs", {"action": "report", **locals()})


@app.command("logs", epilog=Example + "foreplan jobs logs 20261120")
def logs(job: JobId, as_json: AsJson = False, home: Home = None, config: Config = None) -> None:
    """Print what happened in a job, one line or one JSON object for each event."""
    perform("jobs", {"action": "logs", **locals()})


@app.command("approve", epilog=Example + "foreplan jobs approve 20261120 --plan edited.json")
def approve(
    job: JobId,
    yes: Annotated[bool, typer.Option("--yes", help="Run the plan as it is.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Do not run it; the job ends.")] = False,
    plan: Annotated[Path | None, typer.Option(metavar="FILE", help="Run this plan instead.")] = None,
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Show the plan that a job waits with, and decide about it; without a decision, only show it."""
    perform("jobs_approve", locals())


@app.command("cancel", epilog=Example + "foreplan jobs cancel 20261120")
def cancel(job: JobId, as_json: AsJson = False, home: Home = None, config: Config = None) -> None:
    """Stop a job. What it has finished is kept: `resume` goes on from there."""
    perform("jobs", {"action": "cancel", **locals()})


@app.command("resume", epilog=Example + "foreplan jobs resume 20261120")
def resume(job: JobId, as_json: AsJson = False, home: Home = None, config: Config = None) -> None:
    """Let a job that was cancelled, or could not go on, go on from its finished subtasks."""
    perform("jobs", {"action": "resume", **locals()})


@app.command("retry", epilog=Example + "foreplan jobs retry 20261120")
def retry(job: JobId, as_json: AsJson = False, home: Home = None, config: Config = None) -> None:
    """Begin a job anew, under a new id."""
    perform("jobs", {"action": "retry", **locals()})


@app.command("rm", epilog=Example + "foreplan jobs rm 20261120")
def rm(job: JobId, as_json: AsJson = False, home: Home = None, config: Config = None) -> None:
    """Forget a job that has ended, and delete its run."""
    perform("jobs", {"action": "rm", **locals()})
