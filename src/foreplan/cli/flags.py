"""The flags that several commands share, each declared once: its type, its name, its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
Planner = Annotated[str | None, typer.Option(metavar="NAME", help="Model that plans, or the folder of a trained one.")]
Worker = Annotated[str | None, typer.Option(metavar="NAME", help="Model that works on subtasks.")]
Writer = Annotated[str | None, typer.Option(metavar="NAME", help="Model that writes the report.")]
BaseUrl = Annotated[str | None, typer.Option(metavar="URL", help="OpenAI-compatible endpoint of every role.")]
Budget = Annotated[int | None, typer.Option(metavar="TOKENS", help="Most tokens the run may spend.")]
Budgets = Annotated[
    str | None,
    typer.Option(metavar="plan|forecast", help="Who sets subtasks' budgets: the planner, or the history of past runs."),
]
Dollars = Annotated[float | None, typer.Option(help="Most dollars the run may spend; needs prices.")]
Deadline = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="When the run has to be over, such as 2026-12-01T07:00; what a job waits counts too."
    ),
]
Seconds = Annotated[float | None, typer.Option(help="Most wall time the run may take.")]
Concurrency = Annotated[int | None, typer.Option(metavar="N", help="Subtasks worked on at the same time.")]
Language = Annotated[str | None, typer.Option(metavar="TAG", help="Language of the report; unset, the question's.")]
Length = Annotated[str | None, typer.Option(metavar="short|medium|long", help="Length of the report.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the result here.")]
