"""`foreplan traces`: its commands and their flags."""

from __future__ import annotations

from typing import Annotated

import typer

from foreplan.cli.exits import perform
from foreplan.cli.flags import AsJson, Config, Example, Home, Output

app = typer.Typer(name="traces", help="List, show, count and export what runs left behind.", no_args_is_help=True)

MinScore = Annotated[float | None, typer.Option(metavar="0..1", help="Only runs with this score or a better one.")]
MaxScore = Annotated[float | None, typer.Option(metavar="0..1", help="Only runs with this score or a worse one.")]
MaxTokens = Annotated[int | None, typer.Option(metavar="N", help="Only runs that spent at most these.")]
MaxDollars = Annotated[float | None, typer.Option(metavar="USD", help="Only runs that cost at most this.")]
Since = Annotated[str | None, typer.Option(metavar="DATE", help="Only runs begun on this day or later.")]
Until = Annotated[str | None, typer.Option(metavar="DATE", help="Only runs begun on this day or before.")]
OfProject = Annotated[str | None, typer.Option("--project", metavar="NAME", help="Only runs of this project.")]


@app.command("list", epilog=Example + "foreplan traces list --since 2026-11-01 --min-score 0.8")
def traces_list(
    min_score: MinScore = None,
    max_score: MaxScore = None,
    max_tokens: MaxTokens = None,
    max_dollars: MaxDollars = None,
    since: Since = None,
    until: Until = None,
    project: OfProject = None,
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """List runs, newest first: when, state, score, spend, project, goal."""
    perform("traces_list", locals())


@app.command("show", epilog=Example + "foreplan traces show 20261120-2113")
def traces_show(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="A run: its id, the start of it, or the word in it.")],
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Show a run's tree of spans: what took how long and how many tokens."""
    perform("traces_show", locals())


@app.command("stats", epilog=Example + "foreplan traces stats --project bridges")
def traces_stats(
    min_score: MinScore = None,
    max_score: MaxScore = None,
    max_tokens: MaxTokens = None,
    max_dollars: MaxDollars = None,
    since: Since = None,
    until: Until = None,
    project: OfProject = None,
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Count runs by state, sum their spend, and say how honest their forecasts were."""
    perform("traces_stats", locals())


@app.command("export", epilog=Example + "foreplan traces export --format sft --min-score 0.8 --dedupe -o train.jsonl")
def traces_export(
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORM",
            help="sft, dpo, kto, grpo (TRL), openai-sft, openai-dpo, openai-rft, atif or openinference.",
        ),
    ],
    output: Output = None,
    dedupe: Annotated[bool, typer.Option("--dedupe", help="Of runs with one brief, only the best by score.")] = False,
    redact_personal: Annotated[
        bool,
        typer.Option("--redact-personal", help="Also take out e-mail, phone, IBAN, card numbers and IP addresses."),
    ] = False,
    min_score: MinScore = None,
    max_score: MaxScore = None,
    max_tokens: MaxTokens = None,
    max_dollars: MaxDollars = None,
    since: Since = None,
    until: Until = None,
    project: OfProject = None,
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Write runs as JSONL to train on or to look at elsewhere, without secrets."""
    perform("traces_export", locals())
