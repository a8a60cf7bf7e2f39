"""`foreplan eval`: its suites and commands with their flags, declared and nothing more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foreplan.cli.exits import perform
from foreplan.cli.flags import AsJson, BaseUrl, Config, Embedded, Example, Home, Model, Worker, Writer

app = typer.Typer(
    name="eval",
    help="Carry out tasks and grade them: what does a planner solve, at what cost, and does it know? Then compare two.",
    no_args_is_help=True,
)

SUITES = {
    "worlds": ("Made-up problems on held-out seeds; no data needed.", "foreplan eval worlds --limit 30"),
    "market": (
        "Plans for a simulated market of workers, where the best one is known; no data needed.",
        "foreplan eval market --limit 100 --planner ./planner",
    ),
    "multihop": (
        "Questions over documents: MuSiQue, HotpotQA, FanOutQA.",
        "foreplan eval multihop --data ./musique --planner baseline:single",
    ),
    "planning": (
        "Tasks that are plans: NATURAL PLAN, PlanBench, AsyncHow.",
        "foreplan eval planning --data ./natural_plan --model o4-mini",
    ),
    "math": ("Word problems: GSM8K.", "foreplan eval math --data ./gsm8k --limit 100 --epochs 4"),
    "smoke": ("Twenty tasks with no model and no network.", "foreplan eval smoke --json"),
}
"""Each suite with its help and an example."""

Data = Annotated[list[Path] | None, typer.Option(metavar="DIR", help="Folder or file of tasks. Repeatable.")]
Planner = Annotated[
    str | None, typer.Option(metavar="NAME", help="Model that plans, or baseline:NAME (docs/evals.md lists them).")
]
Limit = Annotated[int | None, typer.Option(metavar="N", min=1, help="The first N tasks only.")]
Epochs = Annotated[int | None, typer.Option(metavar="N", min=1, max=1_000, help="Times each task is done.")]
TaskBudget = Annotated[int | None, typer.Option(metavar="TOKENS", help="Most tokens that one task may spend.")]
AtOnce = Annotated[int, typer.Option("--concurrency", metavar="N", min=1, max=1_000, help="Tasks at the same time.")]
Resume = Annotated[str | None, typer.Option(metavar="ID", help="Go on with an evaluation that was stopped.")]
Folder = Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder of records, runs and logs.")]
Named = Annotated[str, typer.Argument(help="An evaluation's id, its folder, or a file of records.")]


def _declare(suite: str, about: str, example: str) -> None:
    @app.command(suite, epilog=Example + example, help=about)
    def run_suite(
        data: Data = None,
        limit: Limit = None,
        epochs: Epochs = None,
        model: Model = None,
        planner: Planner = None,
        worker: Worker = None,
        writer: Writer = None,
        base_url: BaseUrl = None,
        embedded: Embedded = False,
        budget: TaskBudget = None,
        at_once: AtOnce = 4,
        resume: Resume = None,
        output: Folder = None,
        as_json: AsJson = False,
        home: Home = None,
        config: Config = None,
    ) -> None:
        perform("eval_suite", {"suite": suite, **locals()})


for _suite, (_about, _example) in SUITES.items():
    _declare(_suite, _about, _example)


@app.command("compare", epilog=Example + "foreplan eval compare 20261120-2113 20261121-0904 -o compare.html")
def compare(
    a: Named,
    b: Named,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write a page with pictures, as HTML.")
    ] = None,
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Compare two evaluations on the same tasks: paired differences, and whether they spent the same tokens."""
    perform("eval_compare", locals())


@app.command("list", epilog=Example + "foreplan eval list")
def list_(as_json: AsJson = False, home: Home = None, config: Config = None) -> None:
    """List evaluations, newest first."""
    perform("eval_list", locals())
