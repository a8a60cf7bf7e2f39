"""`foreplan feed`: its commands and their flags."""

from __future__ import annotations

from typing import Annotated

import typer

from foreplan.cli.exits import perform
from foreplan.cli.flags import (
    AsJson,
    BaseUrl,
    Budget,
    Config,
    Dollars,
    Embedded,
    Example,
    Goal,
    Home,
    Language,
    Length,
    Model,
    Planner,
    Project,
    Seconds,
    Worker,
    Writer,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A feed.")]

app = typer.Typer(
    name="feed", help="Research that comes back by itself: what is new, and only that.", no_args_is_help=True
)


@app.command(
    "add", epilog=Example + 'foreplan feed add rivers --every "0 7 * * *" "Which dams are planned?" --sources ./news'
)
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name: lower-case letters, digits, - and _.")],
    goal: Goal = None,
    every: Annotated[
        str | None,
        typer.Option("--every", metavar="CRON", help="When: minute, hour, day, month, weekday; or a word like @daily."),
    ] = None,
    sources: Annotated[
        list[str] | None,
        typer.Option("--sources", metavar="DIR|URL", help="Folder, page, or RSS or Atom feed. Repeatable."),
    ] = None,
    zone: Annotated[str, typer.Option("--tz", metavar="ZONE", help="Time zone of --every.")] = "UTC",
    model: Model = None,
    planner: Planner = None,
    worker: Worker = None,
    writer: Writer = None,
    base_url: BaseUrl = None,
    embedded: Embedded = False,
    budget: Budget = None,
    dollars: Dollars = None,
    seconds: Seconds = None,
    language: Language = None,
    length: Length = None,
    project: Project = None,
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Ask a question again and again, of what is new in its sources each time."""
    perform("feed_add", locals())


@app.command("list", epilog=Example + "foreplan feed list --json")
def list_all(as_json: AsJson = False, home: Home = None, config: Config = None) -> None:
    """List the feeds: when each is due, and how its last run went."""
    perform("feed", {"action": "list", **locals()})


@app.command("run", epilog=Example + "foreplan feed run rivers")
def run(
    name: Name,
    background: Annotated[bool, typer.Option("--background", help="Print the id of its job and return.")] = False,
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Run a feed now, and print what is new."""
    perform("feed_run", locals())


@app.command("pause", epilog=Example + "foreplan feed pause rivers")
def pause(name: Name, as_json: AsJson = False, home: Home = None, config: Config = None) -> None:
    """Let a feed wait until it is resumed."""
    perform("feed", {"action": "pause", **locals()})


@app.command("resume", epilog=Example + "foreplan feed resume rivers")
def resume(name: Name, as_json: AsJson = False, home: Home = None, config: Config = None) -> None:
    """Let a paused feed go on; what was due meanwhile is not made up for."""
    perform("feed", {"action": "resume", **locals()})


@app.command("rm", epilog=Example + "foreplan feed rm rivers")
def rm(name: Name, as_json: AsJson = False, home: Home = None, config: Config = None) -> None:
    """Forget a feed, what it has seen and its history; its runs stay."""
    perform("feed", {"action": "rm", **locals()})


@app.command("history", epilog=Example + "foreplan feed history rivers")
def history(
    name: Name,
    run_id: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="Print the report of this run, given by the start of its id.")
    ] = None,
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """List the runs of a feed, or print what one of them reported."""
    perform("feed", {"action": "history", **locals()})
