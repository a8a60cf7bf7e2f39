"""`foreplan memory`: its commands and their flags."""

from __future__ import annotations

from typing import Annotated

import typer

from foreplan.cli.exits import perform
from foreplan.cli.flags import AsJson, Config, Example, Home, Key, Project

app = typer.Typer(
    name="memory", help="See and delete the lessons that a project's runs have learned.", no_args_is_help=True
)


@app.command("list", epilog=Example + "foreplan memory list")
def memory_list(as_json: AsJson = False, home: Home = None, config: Config = None) -> None:
    """List the projects that have lessons, and how many."""
    perform("memory", {"action": "list", **locals()})


@app.command("show", epilog=Example + "foreplan memory show 3f9a")
def memory_show(
    key: Key = None, project: Project = None, as_json: AsJson = False, home: Home = None, config: Config = None
) -> None:
    """List a project's lessons, newest first, or show one: what was tried, and what happened."""
    perform("memory", {"action": "show", **locals()})


@app.command("forget", epilog=Example + "foreplan memory forget 3f9a")
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
