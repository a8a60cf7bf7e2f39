"""`foreplan train`: its commands and their flags."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foreplan.cli.exits import perform
from foreplan.cli.flags import AsJson, Example

app = typer.Typer(
    name="train", help="Train a planner: SFT, preferences, RL. Needs foreplan[train].", no_args_is_help=True
)

Into = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder of the training and of its planner.")]
RecipeName = Annotated[
    str, typer.Option("--recipe", metavar="NAME", help="tiny-cpu, 1xgpu-lora, 8xgpu-fsdp, or a TOML file.")
]
Base = Annotated[
    str | None, typer.Option("--model", metavar="DIR", help="Model to begin with: a folder, tiny, or a hub name.")
]
Download = Annotated[bool, typer.Option("--download", help="Fetch the model from the hub if it is not a folder.")]
Traces = Annotated[
    list[Path] | None, typer.Option("--traces", metavar="DIR", help="Data home or runs to learn from. Repeatable.")
]
WorldName = Annotated[str | None, typer.Option("--world", metavar="NAME", help="World whose problems to learn from.")]
Rows = Annotated[Path | None, typer.Option("--rows", metavar="FILE", help="JSONL in one of TRL's forms to learn from.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint in the folder.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what it would take: memory, tokens, time.")]


@app.command("sft", epilog=Example + "foreplan train sft --recipe 1xgpu-lora --model ./qwen --traces ~/runs -o planner")
def train_sft(
    output: Into,
    recipe: RecipeName = "tiny-cpu",
    model: Base = None,
    download: Download = False,
    traces: Traces = None,
    world: WorldName = None,
    rows: Rows = None,
    resume: Resume = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Imitate good plans: from traces whose forecasts were honest, a world, or rows with prompt and completion."""
    perform("train", {"stage": "sft", **locals()})


@app.command("prefer", epilog=Example + "foreplan train prefer --model ./planner --traces ~/runs -o better")
def train_prefer(
    output: Into,
    recipe: RecipeName = "tiny-cpu",
    model: Base = None,
    download: Download = False,
    traces: Traces = None,
    world: WorldName = None,
    rows: Rows = None,
    resume: Resume = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Prefer better plans (DPO, KTO): from rated or graded runs, a world, or rows with chosen and rejected or label."""
    perform("train", {"stage": "prefer", **locals()})


@app.command("rl", epilog=Example + "foreplan train rl --recipe tiny-cpu -o planner")
def train_rl(
    output: Into,
    recipe: RecipeName = "tiny-cpu",
    model: Base = None,
    download: Download = False,
    world: WorldName = None,
    resume: Resume = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Reward plans for what comes of them and for honest forecasts; a model from scratch first learns by SFT."""
    perform("train", {"stage": "rl", "traces": None, "rows": None, **locals()})


@app.command("compare-rewards", epilog=Example + "foreplan train compare-rewards --seeds 3 -o rewards")
def train_compare(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder of the page and trainings.")],
    recipe: RecipeName = "tiny-cpu",
    seeds: Annotated[int, typer.Option(metavar="N", min=1, max=100, help="Trainings under each reward.")] = 1,
    reward: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this reward, such as ours or alp. Repeatable.")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Train the same tiny planner under our reward and published ones, and draw what became of each."""
    perform("train_compare", locals())
