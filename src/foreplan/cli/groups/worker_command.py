"""`foreplan worker`: its flags."""

from __future__ import annotations

from typing import Annotated

import typer

from foreplan.cli.exits import perform
from foreplan.cli.flags import AsJson, Config, Example, Home

app = typer.Typer()


@app.command("worker", epilog=Example + "foreplan worker --concurrency 8")
def worker(
    concurrency: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=1_000, help="Jobs at once; unset, the settings'.")
    ] = None,
    if_none: Annotated[
        bool, typer.Option("--if-none", help="Leave at once if a worker of this machine takes jobs.")
    ] = False,
    status: Annotated[bool, typer.Option("--status", help="List the workers of this machine.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the workers of this machine in good order.")] = False,
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Work on jobs until stopped. The first Ctrl-C or SIGTERM lets what is under way end, a second one does not."""
    perform("worker", locals())
