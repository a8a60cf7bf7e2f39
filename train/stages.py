"""A training from the command: a stage, a recipe and sources go in; a planner's folder with its pages comes out.

    DIR/                 the planner: config.json, weights, tokenizer, foreplan.json
    DIR/training.json    what was asked for, so that --resume needs nothing else
    DIR/checkpoints/     what a training goes on from
    DIR/sft/             the planner that RL began with, where it was made from scratch
    DIR/report.html      how it went;  DIR/outputs.html  the plans that RL sampled

Law: a folder that holds another training is never written over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ..memory.files import storage_errors, write_atomic
from .errors import RecipeError
from .launch import is_main
from .planner.model import TINY_BASE, Start, card_of, start
from .recipe import Recipe
from .running import CHECKPOINTS, Hooks, reporting
from .simulate import simulation
from .sources.files import read_rows_file
from .sources.traces import places_of, trace_rows
from .sources.worlds import check_demonstrations, demonstration_rows, world_of
from .tiny.folder import Card, save_planner

Stage = Literal["sft", "prefer", "rl"]
Say = Callable[[str], None]
_HooksOf = Callable[[str], Hooks]
ASKED = "training.json"
_BEGUN = ("config.json", CHECKPOINTS, "sft")
"""What a folder holds once something was learned there."""


class Asked(BaseModel):
    """What a training was asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: Stage
    recipe: Recipe
    download: bool = False
    traces: tuple[Path, ...] = ()
    rows: Path | None = None


@dataclass(frozen=True)
class Trained:
    """What came of it: numbers of the result by name."""

    folder: Path
    numbers: dict[str, float]


def open_folder(folder: Path, asked: Asked, *, resume: bool) -> Asked:
    """Claim a training's folder; with `resume` what was asked for comes from there.

    Raises:
        RecipeError: when it holds a training that is not to be gone on with, or none of this stage to go on with.
    """
    path = folder / ASKED
    if resume:
        return _begun_there(folder, path, asked.stage)
    if any((folder / name).exists() for name in _BEGUN):
        raise RecipeError(
            f"{folder} holds a training already.", hint="Go on with it by --resume, or name another folder."
        )
    with storage_errors(f"write to {folder}", hint="Name a folder that you may write to."):
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(path, (asked.model_dump_json(indent=1) + "\n").encode())
    return asked


def check_sources(asked: Asked) -> None:
    """See that there is something to learn from and somewhere to report to, before anything is loaded.

    Raises:
        RecipeError: when a file or a folder cannot be read, the world cannot teach this stage, or a library is missing.
        SettingsError: when there is no such world.
    """
    reporting(asked.recipe)
    if asked.rows is not None:
        if not asked.rows.is_fifo():  # whose rows can be read but once
            next(read_rows_file(asked.rows, _form(asked)), None)
        return
    if asked.traces:
        for home in asked.traces:
            places_of(home)
        return
    world = world_of(asked.recipe.data)
    if asked.stage == "rl":
        simulation(world, asked.recipe)
    elif asked.stage == "sft":
        check_demonstrations(asked.recipe.data)


def rows_of(asked: Asked, card: Card, say: Say) -> Iterator[dict[str, Any]]:
    """The rows that a training by rows learns from: those of the file, of the traces, or the world's.

    Raises:
        RecipeError: when there are none of the form that it needs.
    """
    if asked.rows is not None:
        return read_rows_file(asked.rows, _form(asked))
    if asked.traces:
        return trace_rows(asked.traces, _form(asked), asked.recipe.data, skip=say)
    return demonstration_rows(card, asked.recipe.data, seed=asked.recipe.seed * asked.recipe.data.problems)


def run_stage(asked: Asked, folder: Path, hooks: _HooksOf, say: Say) -> Trained:
    """Train, save the planner, write the pages.

    Args:
        asked: what `open_folder` returned.
        folder: where everything goes.
        hooks: makes what goes along with a stage of this name.
        say: tells the user a sentence.

    Raises:
        TrainError: when it cannot be trained; the hint says how to go on.
    """
    recipe = asked.recipe
    begun = start(recipe.model, seed=recipe.seed, download=asked.download)
    if asked.stage == "sft":
        _sft(begun, recipe, rows_of(asked, begun.card, say), folder, hooks, say)
        return Trained(folder, {})
    if asked.stage == "prefer":
        _prefer(begun, asked, folder, hooks, say)
        return Trained(folder, {})
    return _rl(begun, recipe, folder, hooks, say)


def _sft(
    begun: Start, recipe: Recipe, rows: Iterable[dict[str, Any]], folder: Path, hooks: _HooksOf, say: Say
) -> Start:
    from .sft import token_rows, train_sft

    tokens = token_rows(begun.tokenizer, rows, max_tokens=recipe.sft.max_tokens)
    left = f", {tokens.too_long} left out as too long" if tokens.too_long else ""
    say(f"{len(tokens.rows)} rows{left}")
    model = train_sft(begun.model, begun.tokenizer, tokens.rows, recipe, folder, hooks("SFT"))
    return _finish(begun._replace(model=model), folder, recipe, f"SFT, {recipe.sft.steps} steps")


def _prefer(begun: Start, asked: Asked, folder: Path, hooks: _HooksOf, say: Say) -> Start:
    from .prefer import fitting_rows, sampled_rows, train_preferences

    recipe = asked.recipe
    if asked.rows or asked.traces:
        found = rows_of(asked, begun.card, say)
    else:
        found = sampled_rows(begun.model, begun.tokenizer, begun.card, recipe)
    rows = fitting_rows(begun.tokenizer, found, recipe)
    say(f"{len(rows)} rows")
    model = train_preferences(begun.model, begun.tokenizer, rows, recipe, folder, hooks("preferences"))
    how = f"{recipe.prefer.loss.upper()}, {recipe.prefer.steps} steps"
    return _finish(begun._replace(model=model), folder, recipe, how)


def _rl(begun: Start, recipe: Recipe, folder: Path, hooks: _HooksOf, say: Say) -> Trained:
    from .report import write_pages
    from .rl import train_rl

    before = begun
    if recipe.model.base == TINY_BASE and recipe.sft.steps:
        before = _from_scratch(begun, recipe, folder / "sft", hooks, say)
    compared = write_pages(folder, recipe, before, None)
    trained = train_rl(before, recipe, folder, hooks("RL"))
    done = Start(trained, begun.tokenizer, begun.card)
    save_planner(folder, trained, begun.tokenizer, begun.card)
    return Trained(folder, write_pages(folder, recipe, done, compared).numbers)


def _from_scratch(begun: Start, recipe: Recipe, folder: Path, hooks: _HooksOf, say: Say) -> Start:
    """The planner that RL begins with, made once; a training that goes on finds it in its folder."""
    if (folder / "foreplan.json").is_file():
        return start(recipe.model.model_copy(update={"base": str(folder)}), seed=recipe.seed)
    rows = demonstration_rows(begun.card, recipe.data, seed=recipe.seed * recipe.data.problems)
    return _sft(begun, recipe, rows, folder, hooks, say)


def _finish(trained: Start, folder: Path, recipe: Recipe, how: str) -> Start:
    """Write page and planner of a training by rows, the planner last: who finds it takes the training for done."""
    from .report import write_curves

    if is_main():
        write_curves(folder, recipe, how)
    save_planner(folder, *trained)
    return trained


def _form(asked: Asked) -> str:
    return "sft" if asked.stage == "sft" else asked.recipe.prefer.loss


def _begun_there(folder: Path, path: Path, stage: Stage) -> Asked:
    if not path.is_file():
        raise RecipeError(f"{folder} holds no training to go on with.", hint="Start one without --resume.")
    begun = _read_asked(path)
    if begun.stage != stage:
        raise RecipeError(
            f"{folder} holds a training of the stage {begun.stage}, not {stage}.",
            hint=f"Go on with it: foreplan train {begun.stage} --resume -o {folder}",
        )
    return begun


def _read_asked(path: Path) -> Asked:
    try:
        return Asked.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise RecipeError(
            f"{path} does not say what was asked for.", hint="Start the training in a new folder."
        ) from error


def card_for(recipe: Recipe) -> Card:
    """What the planner of a recipe will read and write."""
    return card_of(recipe.model.base)
