"""`foreplan rate` and `foreplan grade`: judgements of a run, declared and nothing more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foreplan.cli.exits import perform
from foreplan.cli.flags import AsJson, Config, Example, Home

app = typer.Typer()

Run = Annotated[str, typer.Argument(metavar="RUN", help="A run: its id, the start of it, or the word in it.")]


@app.command("rate", epilog=Example + 'foreplan rate 20261120-2113 0.8 --why "one source is missing"')
def rate(
    run_id: Run,
    score: Annotated[float, typer.Argument(metavar="0..1", help="0 is worthless, 1 is perfect.")],
    why: Annotated[str, typer.Option(metavar="TEXT", help="The reason.")] = "",
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Say how good a run was; kept in its trace. The last rating counts."""
    perform("rate", locals())


@app.command("grade", epilog=Example + "foreplan grade 20261120-2113 --grader grader.json")
def grade(
    run_id: Run,
    grader: Annotated[Path, typer.Option(metavar="FILE", help="A grader in OpenAI's JSON form.")],
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Have a grader score a run's report and plan; kept in its trace."""
    perform("grade", locals())
