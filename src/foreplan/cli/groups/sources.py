"""`foreplan sources`: its commands and their flags."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foreplan.cli.exits import perform
from foreplan.cli.flags import AsJson, Config, Example, Home

app = typer.Typer(name="sources", help="Index folders of documents, and see what is in an index.", no_args_is_help=True)


@app.command("index", epilog=Example + "foreplan sources index ./papers")
def sources_index(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders to read.")],
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Read new and changed files of folders into their index."""
    perform("sources_index", locals())


@app.command("status", epilog=Example + "foreplan sources status ./papers")
def sources_status(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders that were indexed.")],
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Say what the index of folders holds, and which files could not be read."""
    perform("sources_status", locals())
